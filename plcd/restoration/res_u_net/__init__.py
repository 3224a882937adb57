"""The method ``res-u-net``: half-seconds of spectrogram repaired by a network that is not told where they are damaged."""
