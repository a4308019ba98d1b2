"""Bytes to facts: sniff, probe, and one reader for each family of media. Runs in workers."""
