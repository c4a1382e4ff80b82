"""Side floor: weights of other libraries, read and written without these libraries.

`load_state_dict(path)` reads safetensors, `.npz`, PyTorch's `.pth` in all its formats, Caffe's
`.caffemodel` and ONNX; `save(state_dict, path)` writes the first three.
"""

from .errors import WeightsError
from .explaining import describe, explain
from .keys import MAPS, Fit, KeyMap, fit
from .loading import load, load_state_dict
from .saving import save

__all__ = [
    "MAPS", "Fit", "KeyMap", "WeightsError", "describe", "explain", "fit", "load",
    "load_state_dict", "save",
]  # fmt: skip
