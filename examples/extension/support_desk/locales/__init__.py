"""The texts of the support desk, by language."""
