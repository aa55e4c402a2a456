"""Español."""
