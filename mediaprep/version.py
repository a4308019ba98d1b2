"""The version, told once."""

__version__ = "0.2.0.dev0"
