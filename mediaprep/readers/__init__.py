"""The readers behind `probe`: one for pictures (Pillow), one for sound and film (PyAV). Run in workers."""
