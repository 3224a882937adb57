"""Files in, files out: the concealer on audio files, and the report on what it did."""
