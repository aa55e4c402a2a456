"""GraphiQL: its files are pinned by a lock, served from here alone, and run under a strict CSP."""
