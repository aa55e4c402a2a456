"""The development mailbox in a browser: /dev/mail, served in development alone."""
