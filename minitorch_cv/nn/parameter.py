"""`Parameter`: a Tensor that a module trains."""

from __future__ import annotations

from ..autograd.show import tensor_repr
from ..autograd.tape import new_tensor
from ..autograd.tensor import Tensor


class Parameter(Tensor):
    """A Tensor that registers itself as a parameter when it is set on a `Module`.

    data: a Tensor, whose memory is shared; requires_grad: is it trained?
    Raises TypeError for anything but a Tensor, RuntimeError for integers that require grad.
    """

    __slots__ = ()

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None:
        if data is None:
            super().__init__(requires_grad=requires_grad)
            return
        if not isinstance(data, Tensor):
            raise TypeError(
                f"Parameter: expects a Tensor (got {type(data).__name__}); "
                "convert it with minitorch_cv.tensor(...)"
            )
        fresh = data.detach()
        self.array, self.grad = fresh.array, None
        self._requires_grad, self._node, self._index = False, None, 0
        self._version, self._seen, self._base, self._hooks = fresh._version, fresh._seen, None, None
        self.requires_grad = requires_grad

    def __repr__(self) -> str:
        plain = new_tensor(self.array)
        plain._requires_grad = self._requires_grad
        return "Parameter containing:\n" + tensor_repr(plain)
