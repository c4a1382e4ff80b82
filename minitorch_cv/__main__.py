"""`python -m minitorch_cv` is `minitorch-cv`."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
