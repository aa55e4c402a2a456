"""Passwords, tokens, keys, links and throttling."""
