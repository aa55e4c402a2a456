"""One file per way to prove who somebody is, and nothing else.

A proof finds the account, checks what was presented and returns the account as it was read. It
opens no session: app/accounts/sign_in.py does that for every proof. A refusal must not show whether
there is such an account: each one looks the same, takes the same time and goes through
`refuse_login`. Whatever replaces what an account proves itself by moves its `credential_version`
(app/models/credentials.py).
"""
