"""Spanish, in words that all of Latin America uses."""
