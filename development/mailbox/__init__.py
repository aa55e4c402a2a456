"""The mailbox: mail that is not sent anywhere, kept as files and shown at /dev/mail."""
