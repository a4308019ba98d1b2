"""What starts programs and confines them: ffmpeg, workers, the sandbox, allow-lists, staging."""
