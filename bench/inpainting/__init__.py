"""The parts of bench/deep_prior.py: clips with gaps, fits that can be stopped at any time, the page they are written to."""
