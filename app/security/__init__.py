"""How we prove who asks: passwords and tokens."""
