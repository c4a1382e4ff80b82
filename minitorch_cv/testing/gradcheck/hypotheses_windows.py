"""Hypotheses about sliding windows: stride, dilation, padding, overlaps, and who gets a maximum.

conv:     gx[window] += Σ_oc w[oc] · gy[oc, window]        gw[oc] += x[window] · gy[oc, window]
average:  gx[window] += gy / (KH·KW)                       max:  gx[argmax of window] += gy
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from .evidence import Diagnosis
from .hypotheses_geometry import (
    Geometry,
    conv_gw,
    find_conv,
    find_pool,
    image,
    padded,
    spread,
    taps,
)
from .hypotheses_tools import Case, explained, rms, verdict


def _conv_of(case: Case) -> tuple[str, np.ndarray, np.ndarray, Geometry] | None:
    """("x" or "w", x, w, geometry) where the layer is a convolution and this is its input."""
    y = case.y[0]
    if len(case.y) != 1 or case.x.ndim not in (3, 4) or y.ndim != case.x.ndim:
        return None
    for _, _, other in case.rivals:
        if np.ndim(other) != case.x.ndim:
            continue
        mine, other = image(case.x), image(np.asarray(other))
        for role, x, w in (("x", mine, other), ("w", other, mine)):
            g = find_conv(x, w, image(y))
            if g is not None:
                return role, x, w, g
    return None


def _conv_gradient(
    role: str, c: np.ndarray, x: np.ndarray, w: np.ndarray, g: Geometry, how: str = "add"
) -> np.ndarray:
    if role == "w":
        return conv_gw(c, x, w, g)
    part = lambda tap: np.einsum("nohw,oc->nchw", c, w[:, :, tap[0], tap[1]])
    return spread(x.shape, g, (c.shape[2], c.shape[3]), part, how)


def _variants(g: Geometry) -> Iterator[tuple[str, Geometry, str]]:
    """Geometries that a backward may use by mistake: (kind, geometry, words)."""
    plain = (1, 1)
    if g.stride != plain:
        yield "stride ignored", g._replace(stride=plain), f"a stride of 1 (it is {g.stride})"
        if g.stride[0] != g.stride[1]:
            swapped = g.stride[::-1]
            yield "stride ignored", g._replace(stride=swapped), "the two strides swapped"
    if g.dilation != plain:
        text = f"a dilation of 1 (it is {g.dilation})"
        yield "dilation ignored", g._replace(dilation=plain), text
    for p in range(4):
        for q in {(p, p), (p, g.padding[1]), (g.padding[0], p)} - {g.padding}:
            words = f"a padding of {q} (it is {g.padding})"
            yield "shifted", g._replace(padding=q), words


def wrong_geometry(case: Case) -> Diagnosis | None:
    """analytic = the gradient of a convolution with another stride, dilation or padding."""
    found = _conv_of(case)
    if found is None:
        return None
    role, x, w, g = found
    for kind, other, words in _variants(g):
        predicted = _conv_gradient(role, image(case.c[0]), x, w, other)
        fit = explained(case, predicted.reshape(case.x.shape))
        if fit >= 0.99:
            text = f"g{case.name} is right for {words}: backward must visit the same windows as "
            return verdict(case, kind, fit, 0.96, text + "forward.")
    return None


def assigned_conv(case: Case) -> Diagnosis | None:
    """analytic = gx of a convolution whose windows overwrite each other."""
    found = _conv_of(case)
    if found is None or found[0] != "x":
        return None
    _, x, w, g = found
    c = image(case.c[0])
    for how in ("by window", "by tap"):
        for c_part, w_part in ((c, w), (c[:, -1:], w[-1:])):
            predicted = _conv_gradient("x", c_part, x, w_part, g, how)
            if (fit := explained(case, predicted.reshape(case.x.shape))) >= 0.99:
                return verdict(case, "assigned instead of added", fit, 0.96, _assigned(case))
    return None


def _assigned(case: Case) -> str:
    return (
        f"g{case.name} holds the last contribution only where several windows or indices meet: "
        f"write g{case.name}[...] += ... (np.add.at for index arrays), not = or a buffered +=."
    )


def assigned_anywhere(case: Case) -> Diagnosis | None:
    """analytic[i] = the last (or first) of the terms J[o, i] c[o] wherever there are several.

    Terms of one window stay together: they are summed over any subset of the output's axes.
    """
    if len(case.y) != 1 or case.y[0].ndim == 0 or case.wrong.sum() < 1:
        return None
    c, d = case.c[0], case.y[0].ndim
    for together in {(), (1,), (d - 1,), (0,), tuple(range(1, d))}:
        if any(q >= d for q in together):
            continue
        for end in (-1, 0):
            if all(_is_end(case, i, c, together, end) for i in case.samples):
                if _copies(case):
                    text = f"{case.name} is copied to several places, and g{case.name} holds what "
                    text += "comes back from one of them: sum over all copies."
                    return verdict(case, "missing accumulation", 1.0, 0.93, text)
                prior = 0.92 if end == -1 else 0.88
                return verdict(case, "assigned instead of added", 1.0, prior, _assigned(case))
    return None


def _copies(case: Case) -> bool:
    """Does every element of the input appear equally often, unchanged, in the output?"""
    columns = [case.column(i)[0] for i in case.samples]
    ones = all(np.all((abs(t) < 1e-7) | (abs(t - 1) < 1e-7)) for t in columns)
    return (
        ones
        and len({int(np.sum(t > 0.5)) for t in columns}) == 1
        and case.known.sum() == (case.wrong.sum())
    )


def counted_wrong(case: Case) -> Diagnosis | None:
    """analytic[i] = Σ_o m_o J[o, i] c[o] with whole m_o ≥ 0: terms that are lost or repeated.

    Asked where the outputs are copies of inputs (a maximum): more than once is a tie.
    """
    if len(case.y) != 1 or not np.isin(case.y[0], case.x).all():
        return None
    found = [_multiples(case, i) for i in case.samples]
    if any(m is None for m in found):
        return None
    most = max(max(m) for m in found if m)
    if most > 1:
        text = f"g{case.name} counts some outputs several times: the gradient of a maximum goes to "
        text += "every element that equals it; save the index (argmax) that forward took."
        return verdict(case, "sent to all ties", 1.0, 0.94, text)
    text = f"g{case.name} lacks some of its contributions: an element that is used in several "
    text += "places gets the sum of what comes back from all of them."
    return verdict(case, "missing accumulation", 1.0, 0.9, text)


def _multiples(case: Case, i: int) -> tuple[int, ...] | None:
    """The whole numbers m that give analytic[i], None where there are none."""
    terms = (case.column(i)[0] * case.c[0]).ravel()
    terms = terms[abs(terms) > 1e-7 * case.size]
    if not 1 <= len(terms) <= 6:
        return None
    for m in itertools.product(range(5 if len(terms) <= 4 else 2), repeat=len(terms)):
        if abs(case.a.flat[i] - float(np.dot(m, terms))) <= 1e-6 * case.size:
            return m
    return None


def whole_ratio(case: Case) -> Diagnosis | None:
    """numeric / analytic = 2, 3, 4 … in all wrong elements, not all the same: a count is lost."""
    if case.wrong.sum() < 2 or not case.a[case.wrong].all():
        return None
    ratio = case.n[case.wrong] / case.a[case.wrong]
    whole = np.round(ratio)
    if np.any(abs(ratio - whole) > 1e-5) or whole.min() < 2 or np.ptp(whole) == 0:
        return None
    text = f"g{case.name} is 2, 3 or more times too small where it is wrong: one contribution is "
    text += "kept where several must be added; use += and not =."
    return verdict(case, "assigned instead of added", 1.0, 0.93, text)


def _is_end(case: Case, i: int, c: np.ndarray, together: tuple[int, ...], end: int) -> bool:
    terms = np.sum(case.column(i)[0] * c, axis=together, keepdims=True).ravel()
    terms = terms[abs(terms) > 1e-7 * max(rms(terms), 1e-300)]
    close = len(terms) > 1 and abs(case.a.flat[i] - terms[end]) <= 1e-5 * max(
        abs(terms[end]), case.size
    )
    return bool(close)


def pooling(case: Case) -> Diagnosis | None:
    """analytic = what a pooling layer gives with one of its usual mistakes."""
    if case.x.ndim not in (3, 4) or len(case.y) != 1 or case.y[0].ndim != case.x.ndim:
        return None
    x, y, c = image(case.x), image(case.y[0]), image(case.c[0])
    found = find_pool(x, y)
    if found is None:
        return None
    usual = _max_mistakes if found[0] == "max" else _mean_mistakes
    mistakes = usual(x, c, found[1])
    for kind, predicted, words in mistakes:
        fit = explained(case, predicted.reshape(case.x.shape))
        if fit >= 0.99:
            return verdict(case, kind, fit, 0.955, f"g{case.name} {words}")
    return None


Mistakes = Iterator[tuple[str, np.ndarray, str]]


def _max_mistakes(x: np.ndarray, c: np.ndarray, g: Geometry) -> Mistakes:
    out = (c.shape[2], c.shape[3])
    big = padded(x, g, out, -np.inf)
    stack = np.stack([big[..., s[0], s[1]] for _, s in taps(g, out)])  # (KH*KW, N, C, OH, OW)
    KW = g.kernel[1]
    best, finite = stack.max(0), np.where(np.isfinite(stack), stack, np.inf)
    first, lowest = np.argmax(stack, 0), np.argmin(finite, 0)
    last = len(stack) - 1 - np.argmax(stack[::-1], 0)

    def of(weight: np.ndarray, how: str = "add") -> np.ndarray:
        part = lambda tap: weight[tap[0] * KW + tap[1]] * c
        return spread(x.shape, g, out, part, how)

    number = np.arange(len(stack)).reshape(-1, 1, 1, 1, 1)
    ties, every = (stack == best) * 1.0, np.ones(stack.shape)
    wrong = "sent to the wrong element"
    text = "goes to every element of a window that equals its maximum; forward took one of them: "
    yield "sent to all ties", of(ties), text + "save its index (argmax)."
    text = "goes to every element of a window; only the maximum passed through, the rest get 0."
    yield "sent to all ties", of(every), text
    yield "sent to all ties", of(every / len(stack)), text
    yield "sent to all ties", of(ties / ties.sum(0)), "is shared between equal maxima; take one."
    yield wrong, of((number == lowest) * 1.0), "goes to the minimum of each window."
    text = "goes to the first element of each window, not to the largest."
    yield wrong, of((number == 0) * 1.0), text
    text = "goes to the last element of each window, not to its maximum."
    yield wrong, of((number == len(stack) - 1) * 1.0), text
    swapped = g.kernel[0] == g.kernel[1] and (first % KW) * KW + first // KW
    if swapped is not False:
        yield wrong, of((number == swapped) * 1.0), "has row and column of the argmax swapped."
    yield from _assigned_max(x, c, g, (first, last))


def _assigned_max(
    x: np.ndarray, c: np.ndarray, g: Geometry, winners: tuple[np.ndarray, np.ndarray]
) -> Mistakes:
    """`=` for `+=`: at the winner only (the last window that it wins), or the whole window."""
    out, number = (c.shape[2], c.shape[3]), np.arange(g.kernel[0] * g.kernel[1])
    text = "keeps the last window only where windows overlap: use += (or np.add.at), not =."
    for winner in winners:
        mask = number.reshape(-1, 1, 1, 1, 1) == winner
        part = lambda tap: (mask[tap[0] * g.kernel[1] + tap[1]]) * c  # noqa: B023
        yield "assigned instead of added", spread(x.shape, g, out, part, "by window"), text
        yield "assigned instead of added", spread(x.shape, g, out, part, "by tap"), text
        yield "assigned instead of added", _last_win(x, c, g, winner), text


def _last_win(x: np.ndarray, c: np.ndarray, g: Geometry, winner: np.ndarray) -> np.ndarray:
    """gx[winner of window] = gy, in the order of the windows."""
    (SH, SW), (P, Q), (DH, DW) = g.stride, g.padding, g.dilation
    gx = np.zeros(x.shape)
    N, C, OH, OW = c.shape
    n, k = np.ogrid[:N, :C]
    for h, w in np.ndindex(OH, OW):
        row, column = np.divmod(winner[:, :, h, w], g.kernel[1])
        gx[n, k, h * SH + row * DH - P, w * SW + column * DW - Q] = c[:, :, h, w]
    return gx


def _mean_mistakes(x: np.ndarray, c: np.ndarray, g: Geometry) -> Mistakes:
    out, area = (c.shape[2], c.shape[3]), g.kernel[0] * g.kernel[1]
    text = "keeps the last window only where windows overlap: use +=, not =."
    for how in ("by window", "by tap"):
        predicted = spread(x.shape, g, out, lambda tap: c / area, how)
        yield "assigned instead of added", predicted, text
    for kind, other, words in _variants(g):
        for divisor in (area, 1):
            predicted = spread(x.shape, other, out, lambda tap: c / divisor)  # noqa: B023
            yield kind, predicted, f"is right for {words}: visit the same windows as forward."
    corner = (0, 0)
    for divisor in (area, 1):
        predicted = spread(x.shape, g, out, lambda tap: c * (tap == corner) / divisor)  # noqa: B023
        yield "missing taps", predicted, "goes to the first element of each window only."


HYPOTHESES = (wrong_geometry, assigned_conv, assigned_anywhere, counted_wrong, whole_ratio,
              pooling)  # fmt: skip
