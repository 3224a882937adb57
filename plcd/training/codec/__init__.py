"""Networks that imitate an MP3 encoder, and the pairs they learn from."""
