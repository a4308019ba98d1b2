"""One small reader per container: sizes, times, metadata and wholeness, from the bytes alone.

Nothing here decodes a pixel or a sample, starts a tool or trusts a length that the file does not hold.
"""
