"""What is fast, measured against other stacks in the same run: see README.md."""
