"""Drills: what happens when things break. Each is a script that says what it saw and a verdict."""
