"""Networks of spectrograms measured as their paper measures them."""
