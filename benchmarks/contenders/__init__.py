"""The servers that this one is compared with; benchmarks/lineup.py says how each is started."""
