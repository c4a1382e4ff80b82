"""What several update rules share: the direction to descend, and the running average.

`work` is always two arrays like x to compute in, of any content.
"""

from __future__ import annotations

from ..backend.library import Array, array_module

Work = tuple[Array, Array]


def descent(x: Array, g: Array, work: Work, weight_decay: float, maximize: bool) -> Array:
    """d = g + λ x (−g where the objective is maximized): g itself, or in work[0]."""
    xp, d = array_module(x), g
    if maximize:
        d = xp.negative(g, out=work[0])
    if weight_decay:
        d = xp.add(d, xp.multiply(x, weight_decay, out=work[1]), out=work[0])
    return d


def average(m: Array, d: Array, beta: float, room: Array) -> None:
    """m ← β m + (1 − β) d, in place, as m + (1 − β)(d − m); from d where that is nearer.

    For β = 0 the average is then d exactly. room: an array to compute in, not d.
    """
    xp = array_module(m)
    xp.subtract(d, m, out=room)
    if beta > 0.5:
        xp.add(m, xp.multiply(room, 1 - beta, out=room), out=m)
    else:
        xp.subtract(d, xp.multiply(room, beta, out=room), out=m)


def average_square(v: Array, d: Array, beta: float, room: Array) -> None:
    """v ← β v + (1 − β) d², in place."""
    xp = array_module(v)
    xp.multiply(xp.multiply(d, d, out=room), 1 - beta, out=room)
    xp.add(xp.multiply(v, beta, out=v), room, out=v)
