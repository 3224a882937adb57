"""Where played frames go, and what paces them."""
