"""A blind listening comparison as one self-contained HTML page."""
