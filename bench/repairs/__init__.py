"""What the comparison of restorations is made of; bench/restoration.py runs it."""
