"""``python -m plcd``."""

import sys

from plcd.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
