"""The delivery of mail: each mail of the outbox is composed, sent, and marked as sent.

The worker passes `compose`, which writes the content of a mail.
"""
