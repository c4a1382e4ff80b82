"""`torch.save` and `torch.load`: tensors in plain containers, in PyTorch's own file format."""

from __future__ import annotations

import io
import os
import tempfile
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import interop, nn
from ...autograd.tensor import Tensor
from ...backend.atomic import written_atomically
from ...backend.device import device, to_numpy
from ...interop.pytorch.writing import write_object


def save(obj: Any, f: Any, *args: Any, **options: Any) -> None:  # noqa: ARG001
    """Writes tensors, numbers and text in dicts, lists and tuples; PyTorch reads the file.

    f: a path or an open binary file. Raises TypeError for anything else, such as a whole model.
    """
    if isinstance(obj, nn.Module):
        raise TypeError(
            f"as_torch: torch.save of a whole model ({type(obj).__name__}) is not in minitorch_cv: "
            "it would save code; use torch.save(model.state_dict(), path)"
        )
    plain = _plain(obj)
    if not isinstance(f, (str, os.PathLike)):
        content = io.BytesIO()
        write_object(content, plain)
        f.write(content.getvalue())
        return
    with written_atomically(f) as file:
        write_object(file, plain)


def _plain(value: Any) -> Any:
    """Arrays in place of Tensors; the containers stay what they are."""
    if isinstance(value, Tensor):
        return to_numpy(value.detach().array)
    if isinstance(value, dict):
        kind = OrderedDict if isinstance(value, OrderedDict) else dict
        return kind((key, _plain(inner)) for key, inner in value.items())
    if isinstance(value, (list, tuple)):
        items = [_plain(inner) for inner in value]
        return items if isinstance(value, list) else tuple(items)
    if isinstance(value, np.generic):
        return value.item()
    return value


def load(f: Any, map_location: Any = None, *args: Any, **options: Any) -> Any:  # noqa: ARG001
    """What a file of PyTorch holds; nothing in it is executed (see `interop.load`).

    map_location: the device that tensors go to; a function or a dict of devices is not followed.
    """
    if isinstance(f, (str, os.PathLike)):
        found = interop.load(f)
    else:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "weights")
            with open(path, "wb") as file:
                file.write(f.read())
            found = interop.load(path)
    if isinstance(map_location, (str, device)) and device(map_location).type != "cpu":
        return _mapped(found, lambda tensor: tensor.to(map_location))
    return found


def _mapped(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, dict):
        return type(value)((key, _mapped(inner, change)) for key, inner in value.items())
    if isinstance(value, (list, tuple)):
        return type(value)([_mapped(inner, change) for inner in value])
    return value
