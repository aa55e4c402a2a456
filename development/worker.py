"""The worker of ./boot.sh dev: the product's own; without SMTP_URL it keeps mail in the mailbox."""

import sys

from app.worker import main
from development.mailbox.folder import Mailbox
from development.mailbox.settings import find_mail_folder

if __name__ == "__main__":
    sys.exit(main(fallback=Mailbox(find_mail_folder())))
