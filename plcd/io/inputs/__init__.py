"""Where the audio comes from that goes to peers: a sound device, a file, or silence."""
