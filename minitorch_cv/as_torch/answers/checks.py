"""`torch.autograd.gradcheck`, and `Variable`, which has been a Tensor since PyTorch 0.4."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...autograd.tensor import Tensor, tensor


def Variable(  # noqa: N802 (PyTorch's name)
    data: Any, requires_grad: bool = False, volatile: bool = False  # noqa: ARG001
) -> Tensor:  # fmt: skip
    """The Tensor, with requires_grad set."""
    out = data if isinstance(data, Tensor) else tensor(data)
    return out.requires_grad_() if requires_grad else out


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    **options: Any,  # noqa: ARG001
) -> bool:
    """Are the gradients of a function those of difference quotients, element for element?

    Raises RuntimeError where not, or answers False without raise_exception.
    """
    given = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
    for place, x in enumerate(given):
        if not isinstance(x, Tensor) or not x.requires_grad:
            continue
        for number, analytic in enumerate(_gradients(func, given, x)):
            numeric = _quotients(func, given, x, number, eps)
            if np.allclose(analytic, numeric, rtol, atol):
                continue
            if not raise_exception:
                return False
            raise RuntimeError(
                f"gradcheck: the gradient of output {number} to input {place} is wrong\n"
                f"numerical: {numeric}\nanalytical: {analytic}"
            )
    return True


def _outputs(func: Callable[..., Any], given: tuple[Any, ...]) -> list[Tensor]:
    made = func(*given)
    outputs = made if isinstance(made, (tuple, list)) else (made,)
    return [y for y in outputs if isinstance(y, Tensor) and y.array.dtype.kind == "f"]


def _gradients(func: Callable[..., Any], given: tuple[Any, ...], x: Tensor) -> list[np.ndarray]:
    """∂y/∂x of each output, (elements of y, elements of x)."""
    from ...autograd import grad

    answers = []
    for y in _outputs(func, given):
        rows = []
        for k in range(y.numel()):
            pick = np.zeros(y.numel(), y.array.dtype)
            pick[k] = 1
            one = tensor(pick.reshape(y.array.shape))
            (g,) = grad([y], [x], [one], retain_graph=True, allow_unused=True)
            rows.append(np.zeros(x.numel()) if g is None else g.array.reshape(-1))
        answers.append(np.array(rows).reshape(y.numel(), x.numel()))
    return answers


def _quotients(
    func: Callable[..., Any], given: tuple[Any, ...], x: Tensor, number: int, eps: float
) -> np.ndarray:
    flat = x.array.reshape(-1)
    columns = []
    for k in range(flat.size):
        kept = flat[k]
        sides = []
        for step in (eps, -eps):
            flat[k] = kept + step
            sides.append(_outputs(func, given)[number].array.reshape(-1).copy())
        flat[k] = kept
        columns.append((sides[0] - sides[1]) / (2 * eps))
    return np.stack(columns, axis=1)
