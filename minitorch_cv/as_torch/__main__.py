"""`python -m minitorch_cv.as_torch script.py [arguments …]`."""

import sys

from .running import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
