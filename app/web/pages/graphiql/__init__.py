"""GraphiQL: its files are pinned by a lock file, served from here, and run under a strict CSP."""
