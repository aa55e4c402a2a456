"""Development: code that only ./boot.sh dev and the tests run.

- ``embedded_database``  a server that speaks MongoDB's protocol and keeps its data in a folder
- ``embedded_guards``    corrections of that server, each with a test
- ``server``             the application with automatic reload, and the mailbox at /dev/mail
- ``worker``             the product's worker; without SMTP_URL it keeps mail in the mailbox
- ``mailbox``            mail kept as files, and the pages that show it

This package is not in the image. It imports ``app``; ``app`` and ``schema`` never import it.
"""
