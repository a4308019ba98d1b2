"""The last two stages: publish and emit; for one file, for many, and for messages on their way out."""
