"""Between pictures and planes: pictures are (H, W, C) bytes, planes (C, H, W) numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...backend.device import to_numpy
from ...backend.dtypes import as_dtype
from ..collate import is_tensor
from .images import is_pillow, on_planes

_MODES = {2: ("LA",), 3: ("RGB", "YCbCr", "HSV"), 4: ("RGBA", "CMYK", "RGBX")}
_GREY = {"uint8": "L", "int16": "I;16", "int32": "I", "float32": "F"}
_PILLOW_DTYPES = {"I": np.int32, "I;16": np.int16, "F": np.float32}


def planes_of(name: str, picture: Any) -> np.ndarray:
    """A Pillow image or array (H, W[, C]) as (C, H, W), numbers as they are (mode 1: 0 and 255).

    Raises TypeError for anything else, ValueError for other axes.
    """
    if is_pillow(picture):
        if picture.mode == "1":
            picture = picture.convert("L")
        picture = np.array(picture, _PILLOW_DTYPES.get(picture.mode, np.uint8))
    if not isinstance(picture, np.ndarray):
        raise TypeError(
            f"{name}: expects a Pillow image or an array (got {type(picture).__name__})"
        )
    if picture.ndim not in (2, 3):
        raise ValueError(
            f"{name}: expects (H, W) or (H, W, C) (got shape {picture.shape}); "
            "give one picture at a time"
        )
    planes = picture[None] if picture.ndim == 2 else picture.transpose(2, 0, 1)  # (C, H, W)
    return np.ascontiguousarray(planes)


def to_tensor(pic: Any) -> np.ndarray:
    """A picture as float32 (C, H, W): bytes divided by 255, other numbers unscaled."""
    planes = planes_of("ToTensor", pic)
    if planes.dtype == np.uint8:
        return planes / np.float32(255)
    return planes.astype(np.float32, copy=False)


def pil_to_tensor(pic: Any) -> np.ndarray:
    """A Pillow image as (C, H, W) of its own dtype. Raises TypeError for anything else."""
    if not is_pillow(pic):
        raise TypeError(f"PILToTensor: expects a Pillow image (got {type(pic).__name__})")
    return planes_of("PILToTensor", pic)


def to_pil_image(pic: Any, mode: str | None = None) -> Any:
    """Planes (C, H, W) of a Tensor, or an array (H, W[, C]), as a Pillow image.

    Floats in [0, 1] are multiplied by 255 and cut to bytes. mode: Pillow's, where the channels
    leave a choice (YCbCr, HSV, …). Raises TypeError and ValueError for what is no picture.
    """
    from PIL import Image

    if is_tensor(pic):
        planes = to_numpy(pic.array)
        array = planes.transpose(1, 2, 0) if planes.ndim == 3 else planes
    elif isinstance(pic, np.ndarray):
        array = pic
    else:
        raise TypeError(f"ToPILImage: expects a Tensor or an array (got {type(pic).__name__})")
    array = array[..., None] if array.ndim == 2 else array
    if array.ndim != 3 or not 1 <= array.shape[-1] <= 4:
        raise ValueError(
            f"ToPILImage: expects two axes, or three with 1 to 4 channels (got {tuple(pic.shape)})"
        )
    if array.dtype.kind == "f" and mode != "F":
        array = (array * 255).astype(np.uint8)
    mode = _judged_mode(array, mode)
    array = np.ascontiguousarray(array[:, :, 0] if array.shape[2] == 1 else array)
    if mode in ("RGB", "L", "RGBA", "LA", "I", "F", "I;16"):
        return Image.fromarray(array)
    return Image.frombytes(mode, (array.shape[1], array.shape[0]), array.tobytes())


def _judged_mode(array: np.ndarray, mode: str | None) -> str:
    C = array.shape[2]
    known = (_GREY.get(str(array.dtype)),) if C == 1 else _MODES[C]
    if known[0] is None or (C > 1 and array.dtype != np.uint8):
        raise TypeError(f"ToPILImage: no Pillow image holds {C} channels of {array.dtype}")
    if mode is not None and mode not in known:
        raise ValueError(
            f"ToPILImage: mode is one of {known} for {C} channels of {array.dtype} (got {mode!r})"
        )
    return mode or known[0]


def convert_image_dtype(image: Any, dtype: Any = np.float32) -> Any:
    """Planes in another dtype, scaled: 0 … 1 for floats, 0 … the largest value for integers."""
    wanted = as_dtype(dtype)
    return on_planes("ConvertImageDtype", image, lambda x: _converted(x, wanted), axes=0)


def _converted(x: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    if x.dtype == dtype or (x.dtype.kind == dtype.kind == "f"):
        return x.astype(dtype, copy=False)
    if dtype.kind == "f":
        return x.astype(dtype) / dtype.type(_most(x.dtype))
    if x.dtype.kind == "f":
        # The largest float below most + 1: 1.0 is the largest value, and each value is as likely.
        return (x * (_most(dtype) + 1 - 1e-3)).astype(dtype)
    high, low = _most(x.dtype), _most(dtype)
    if high > low:
        return (x // ((high + 1) // (low + 1))).astype(dtype)
    return x.astype(dtype) * dtype.type((low + 1) // (high + 1))


def _most(dtype: np.dtype[Any]) -> int:
    return 1 if dtype.kind == "b" else int(np.iinfo(dtype).max)


def normalize(
    tensor: Any, mean: Sequence[float], std: Sequence[float], inplace: bool = False
) -> Any:
    """(x − mean) / std for each channel of planes (..., C, H, W). See `Normalize`."""
    means, stds = np.atleast_1d(np.asarray(mean)), np.atleast_1d(np.asarray(std))
    if (stds.astype(np.float32) == 0).any():
        raise ValueError(f"Normalize: std must not be 0 (got {std})")

    def change(x: np.ndarray) -> np.ndarray:
        _judge_channels(x, means, stds)
        m, s = (v.astype(x.dtype)[:, None, None] for v in (means, stds))
        if not inplace:
            return (x - m) / s
        x -= m
        x /= s
        return x

    out = on_planes("Normalize", tensor, change, axes=3)
    return tensor if inplace else out


def _judge_channels(x: np.ndarray, mean: np.ndarray, std: np.ndarray) -> None:
    if x.dtype.kind != "f":
        raise TypeError(f"Normalize: expects floats (got {x.dtype}); use ToTensor() first")
    C = x.shape[-3]
    if any(len(values) not in (1, C) for values in (mean, std)) and C != 1:
        raise ValueError(
            f"Normalize: {len(mean)} means and {len(std)} stds do not fit an image of {C} "
            f"channels (got shape {x.shape}); give one for each channel"
        )
