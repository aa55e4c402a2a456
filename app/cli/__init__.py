"""flask ...: the same product from a terminal, one file per group of commands."""
