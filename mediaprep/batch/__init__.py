"""Many files: where they come from, work handed to processes, finished work remembered."""
