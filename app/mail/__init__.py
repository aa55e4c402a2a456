"""How we tell people: what stands in the outbox is written, sent by SMTP and noted as sent.

What a mail says of its account is asked of `compose`, which whoever runs the worker hands in.
"""
