"""All parameters as one long vector, and back again."""

from __future__ import annotations

from collections.abc import Iterable

from ...autograd.joining import cat
from ...autograd.tensor import Tensor


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """The elements of all parameters in one vector, (M,), on the tape.

    Raises TypeError for parameters on different devices.
    """
    listed = _on_one_device("parameters_to_vector", parameters)
    return cat([p.reshape(-1) for p in listed])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Gives each parameter its part of a vector (M,) for its data; they share that memory.

    Elements of vec that are left over are not used. Raises ValueError for a vector that is too
    short, TypeError for what is no Tensor, or for parameters on different devices.
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"vector_to_parameters: vec is a Tensor (got {type(vec).__name__})")
    listed = _on_one_device("vector_to_parameters", parameters)
    wanted = sum(p.numel() for p in listed)
    if vec.ndim != 1 or vec.numel() < wanted:
        raise ValueError(
            f"vector_to_parameters: the parameters need a vector of {wanted} elements (got shape "
            f"{vec.shape}); use parameters_to_vector"
        )
    start = 0
    for p in listed:
        p.data = vec.detach()[start : start + p.numel()].reshape(p.shape)
        start += p.numel()


def _on_one_device(owner: str, parameters: Iterable[Tensor]) -> list[Tensor]:
    listed = list(parameters)
    devices = {str(p.device) for p in listed}
    if len(devices) > 1:
        raise TypeError(f"{owner}: the parameters are on different devices: {sorted(devices)}")
    return listed
