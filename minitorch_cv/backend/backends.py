"""Switches of the libraries below us, as PyTorch names them: `mt.backends.cudnn.allow_tf32`."""

from __future__ import annotations


class _Cudnn:
    """How NVIDIA's convolutions run (PyTorch: `torch.backends.cudnn`); without them, nothing.

    enabled: False leaves them out: convolutions are im2col and a matrix product.
    allow_tf32: may products of float32 be rounded to 10 bits of mantissa first? About 1e-3 instead
    of 1e-6, and several times as fast from Ampere on. Off, where PyTorch has it on.
    deterministic: only ways that give the same bits in every run. On, where PyTorch has it off.
    benchmark: accepted; the plan is the library's own choice.
    """

    __slots__ = ("enabled", "allow_tf32", "deterministic", "benchmark")

    def __init__(self) -> None:
        self.enabled, self.allow_tf32 = True, False
        self.deterministic, self.benchmark = True, False

    def __setattr__(self, name: str, value: bool) -> None:
        if name not in self.__slots__:
            raise AttributeError(
                f"backends.cudnn: has no {name!r}; use {', '.join(self.__slots__)}"
            )
        if not isinstance(value, bool):
            raise TypeError(f"backends.cudnn.{name}: True or False (got {value!r})")
        object.__setattr__(self, name, value)


cudnn = _Cudnn()
