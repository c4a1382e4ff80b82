"""The sizes of one convolution of images, with what it costs."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

Numbers = tuple[int, ...]
Plan = tuple[tuple[Numbers, Numbers, Numbers, Numbers], Numbers, int]


class Geometry(NamedTuple):
    """N C H W: the images. OC OH OW: the output. K S P D: kernel, stride, padding, dilation, each
    (height, width); P is what is added in front, the end follows from OH and OW. G: groups."""

    N: int
    C: int
    H: int
    W: int
    OC: int
    OH: int
    OW: int
    K: Numbers
    S: Numbers
    P: Numbers
    D: Numbers
    G: int

    @property
    def taps(self) -> int:
        """Products for one output: C/G KH KW."""
        return self.C // self.G * self.K[0] * self.K[1]

    @property
    def flops(self) -> int:
        """Additions and multiplications of the definition."""
        return 2 * self.N * self.OC * self.OH * self.OW * self.taps

    @property
    def bytes(self) -> int:
        """What must be read and written at least once: x, w and y in float32."""
        x, y = self.N * self.C * self.H * self.W, self.N * self.OC * self.OH * self.OW
        return 4 * (x + y + self.OC * self.taps)

    @property
    def view(self) -> Numbers:
        """(KH, KW, SH, SW, PH, PW, DH, DW), as the compiled functions take them."""
        return (*self.K, *self.S, *self.P, *self.D)


def plan_of(
    w: Any, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Plan:
    """((kernel, stride, padding, dilation), zeros more at the end, groups), as the op has it."""
    kernel = tuple(w.shape[2:])
    n = len(kernel)
    steps, gaps = axes(stride, n), axes(dilation, n)
    pads = extra = (0,) * n
    if padding == "same":
        both = [d * (k - 1) for k, d in zip(kernel, gaps, strict=True)]  # sides together
        pads, extra = tuple(t // 2 for t in both), tuple(t % 2 for t in both)
    elif padding != "valid":
        pads = axes(padding, n)
    return (kernel, steps, pads, gaps), extra, groups


def axes(value: Any, n: int) -> Numbers:
    """n numbers, one for each axis."""
    given = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    return given if len(given) == n else given * n


@lru_cache(maxsize=1024)
def geometry_of(x: Numbers, w: Numbers, plan: Any) -> Geometry:
    """Of shapes and a plan; a sequence is an image of one row."""
    (N, C, *sizes), (kernel, steps, pads, gaps), extra = x, plan[0], plan[1]
    counts = tuple(
        (size + e + 2 * p - d * (k - 1) - 1) // s + 1
        for size, e, k, s, p, d in zip(sizes, extra, kernel, steps, pads, gaps, strict=True)
    )
    one, none = (1,) * (2 - len(sizes)), (0,) * (2 - len(sizes))
    H, W = one + tuple(sizes)
    OH, OW = one + counts
    sides = (one + kernel, one + steps, none + pads, one + gaps)
    return Geometry(N, C, H, W, w[0], OH, OW, *sides, plan[2])
