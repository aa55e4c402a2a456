"""Proof that the product does what it promises."""
