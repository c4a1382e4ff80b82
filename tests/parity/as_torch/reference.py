"""Runs a script under PyTorch itself: python reference.py script.py [arguments …].

torchvision's compiled ops may be missing beside a CPU build of PyTorch; they are declared first.
"""

import importlib.util
import runpy
import sys
from pathlib import Path

if importlib.util.find_spec("torchvision") is not None:
    sys.path.insert(0, str(Path(__file__).parents[1] / "models"))
    from beside_torchvision import torchvision_models

    torchvision_models()
    del sys.path[0]

sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
