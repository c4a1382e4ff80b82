"""`python -m minitorch_cv.as_torch script.py` runs a PyTorch script on this engine.

While the script runs, `import torch` and `import torchvision` give modules that answer with what
is here (`tables.py`), whether PyTorch is installed or not. What is not here is one error that names
it, raised where the script uses it: an AttributeError of `torch.fft`, an ImportError of `import
torch.fft`, so that `hasattr` and `try: import …` work. docs/as_torch.md lists what is answered.
"""

from .install import install
from .missing import MissingAttribute, MissingModule
from .running import run

__all__ = ["MissingAttribute", "MissingModule", "install", "run"]
