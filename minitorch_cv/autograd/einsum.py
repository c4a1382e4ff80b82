"""einsum and tensordot: sums of products, brought to one matrix product for each pair.

    einsum("nchw,oc->nohw", x, w):  y[n, o, h, w] = Σ_c x[n, c, h, w] w[o, c]

A letter that both operands and the result have is a batch axis, one that only the operands have is
summed over, one that one operand has alone is a row or a column. With those three groups side by
side, each pair is (batch, rows, summed) @ (batch, summed, columns). Without letters of the second
or of the third kind it is a product element by element, and a sum.
"""

from __future__ import annotations

import math
import string
from typing import TYPE_CHECKING, Any

from . import tape

if TYPE_CHECKING:
    from .tensor import Tensor


def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:
    """Σ over pairs of axes: the last `dims` of a with the first of b, or two lists of axes."""
    if hasattr(dims, "tolist"):
        dims = dims.tolist()
    if isinstance(dims, int):
        if dims < 0 or dims > min(a.ndim, b.ndim):
            raise ValueError(f"tensordot: dims is between 0 and the axes there are (got {dims})")
        dims = (list(range(a.ndim - dims, a.ndim)), list(range(dims)))
    ours, theirs = ([k % n for k in ks] for ks, n in zip(dims, (a.ndim, b.ndim), strict=True))
    if [a.shape[k] for k in ours] != [b.shape[k] for k in theirs]:
        raise ValueError(
            f"tensordot: the axes to sum over are of equal sizes (got {a.shape} along {ours}, "
            f"{b.shape} along {theirs})"
        )
    kept_a = [k for k in range(a.ndim) if k not in ours]
    kept_b = [k for k in range(b.ndim) if k not in theirs]
    summed = math.prod(a.shape[k] for k in ours)
    rows = math.prod(a.shape[k] for k in kept_a)
    columns = math.prod(b.shape[k] for k in kept_b)
    left = a.permute((*kept_a, *ours)).reshape(rows, summed)
    right = b.permute((*theirs, *kept_b)).reshape(summed, columns)
    return (left @ right).reshape([a.shape[k] for k in kept_a] + [b.shape[k] for k in kept_b])


def einsum(equation: str, *operands: Any) -> Tensor:
    """Sums of products in Einstein's notation: "ij,jk->ik", with … for any axes.

    Raises ValueError for an equation that does not fit the operands.
    """
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    terms, result, sizes = _parse(equation, operands)
    left, letters = _diagonal(operands[0], terms[0])
    for place in range(1, len(operands)):
        right, others = _diagonal(operands[place], terms[place])
        later = set(result).union(*terms[place + 1 :])
        last = place == len(operands) - 1
        left, letters = _contract(left, letters, right, others, later, result if last else "")
    left, letters = _sum_out(left, letters, set(result))
    missing = [letter for letter in result if letter not in letters]
    if missing:
        raise ValueError(f"einsum: {missing[0]!r} is in the result, but in no operand ({equation})")
    return _in_order(left, letters, result)


def _parse(equation: str, operands: tuple[Any, ...]) -> tuple[list[str], str, dict[str, int]]:
    """The letters of each operand and of the result, and the size of each letter."""
    if not isinstance(equation, str) or not operands:
        raise TypeError("einsum: expects an equation and its operands, e.g. einsum('ij->ji', x)")
    inputs, arrow, result = equation.replace(" ", "").partition("->")
    parts = inputs.split(",")
    if len(parts) != len(operands):
        raise ValueError(
            f"einsum: the equation {equation!r} names {len(parts)} operands (got {len(operands)})"
        )
    spare = [letter for letter in string.ascii_letters if letter not in equation]
    width = max(_dots(part, x) for part, x in zip(parts, operands, strict=True))
    dots = "".join(spare[:width])
    terms = []
    for part, x in zip(parts, operands, strict=True):
        count = _dots(part, x)
        terms.append(part.replace("...", dots[width - count :]))
    if arrow:
        result = result.replace("...", dots)
    else:  # all letters that occur once, in alphabetical order, behind the dots
        joined = "".join(terms)
        result = dots + "".join(sorted(
            letter for letter in set(joined) - set(dots) if joined.count(letter) == 1
        ))  # fmt: skip
    _judge_letters(equation, terms, result)
    return terms, result, _sizes(equation, terms, operands)


def _dots(part: str, x: Any) -> int:
    """How many axes of an operand its dots stand for."""
    if not isinstance(x, tape.TENSOR):
        raise TypeError(f"einsum: the operands are Tensors (got {type(x).__name__})")
    named = len(part.replace("...", ""))
    if named > x.ndim or ("..." not in part and named != x.ndim):
        raise ValueError(f"einsum: {part!r} does not name the axes of shape {x.shape}")
    return x.ndim - named if "..." in part else 0


def _judge_letters(equation: str, terms: list[str], result: str) -> None:
    for letter in "".join([*terms, result]):
        if letter not in string.ascii_letters:
            raise ValueError(f"einsum: {letter!r} is no letter (got {equation!r})")
    if len(set(result)) < len(result):
        raise ValueError(f"einsum: the result names a letter twice (got {equation!r})")


def _sizes(equation: str, terms: list[str], operands: tuple[Any, ...]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for term, x in zip(terms, operands, strict=True):
        for letter, size in zip(term, x.shape, strict=True):
            known = sizes.setdefault(letter, size)
            if known == 1:
                sizes[letter] = size
            elif size not in (1, known):
                raise ValueError(
                    f"einsum: {letter!r} has the sizes {known} and {size} in {equation!r}"
                )
    return sizes


def _diagonal(x: Any, term: str) -> tuple[Any, str]:
    """A letter that occurs twice in one operand stands for its diagonal."""
    for letter in dict.fromkeys(term):
        while term.count(letter) > 1:
            first, second = term.index(letter), term.rindex(letter)
            if x.shape[first] != x.shape[second]:
                raise ValueError(f"einsum: {letter!r} has two sizes in the shape {x.shape}")
            x = x.diagonal(0, first, second)
            term = "".join(c for k, c in enumerate(term) if k not in (first, second)) + letter
    return x, term


def _sum_out(x: Any, letters: str, needed: set[str]) -> tuple[Any, str]:
    """Sums over the axes that nobody needs any more."""
    axes = [k for k, letter in enumerate(letters) if letter not in needed]
    if axes:
        x = x.sum(axes)
    return x, "".join(letter for letter in letters if letter in needed)


def _contract(
    a: Any, ours: str, b: Any, theirs: str, later: set[str], order: str
) -> tuple[Any, str]:
    """The product of two operands, summed over the letters that only they have.

    order: the letters of the result, if this is the last product.
    """
    a, ours = _sum_out(a, ours, later | set(theirs))
    b, theirs = _sum_out(b, theirs, later | set(ours))
    summed = [letter for letter in ours if letter in theirs and letter not in later]
    if not summed or set(ours) == set(theirs):  # no matrices, but numbers or vectors
        kept = order or "".join(
            letter for letter in dict.fromkeys(ours + theirs) if letter in later
        )
        letters = "".join([*(letter for letter in kept if letter in ours + theirs), *summed])
        product = _with_axes(a, ours, letters) * _with_axes(b, theirs, letters)
        return _sum_out(product, letters, later)
    sizes = {letter: _common(a.shape[ours.index(letter)], b.shape[theirs.index(letter)])
             for letter in summed}  # fmt: skip
    turned, batch, rows, columns = _groups(a, ours, b, theirs, later, order)
    if turned:
        a, ours, b, theirs = b, theirs, a, ours
    left, right = (_repeated(x, term, sizes) for x, term in ((a, ours), (b, theirs)))
    left = _with_axes(left, ours, "".join([*batch, *rows, *summed]))
    right = _with_axes(right, theirs, "".join([*batch, *summed, *columns]))
    n, m, p = len(batch), len(rows), len(summed)
    shape = [_common(*pair) for pair in zip(left.shape[:n], right.shape[:n], strict=True)]
    shape += [*left.shape[n : n + m], *right.shape[n + p :]]
    y = _folded(left, n, m) @ _folded(right, n, p)  # (batch…, rows, columns)
    return y.reshape(shape), "".join([*batch, *rows, *columns])


def _groups(
    a: Any, ours: str, b: Any, theirs: str, later: set[str], order: str
) -> tuple[bool, str, str, str]:
    """Is b the left operand, and the letters of batch, rows and columns.

    Where the result ends in letters of one operand behind letters of the other, these are columns
    and rows, and the matrices come out in place: nchw with oc makes nohw as (o, c) @ (n, c, hw),
    without a copy of the images. Letters before them are batch axes, even if one operand has to be
    repeated along them; that pays if the matrices are not too small.
    """
    common = "".join(letter for letter in ours if letter in theirs and letter in later)
    alone_a = "".join(letter for letter in ours if letter not in theirs)
    alone_b = "".join(letter for letter in theirs if letter not in ours)
    turned = order[-1:] in alone_a
    columns = _tail(order, alone_a if turned else alone_b)
    rows = _tail(order.removesuffix(columns), alone_b if turned else alone_a)
    batch = order.removesuffix(rows + columns)
    size = dict(zip(ours + theirs, (*a.shape, *b.shape), strict=True))
    small = min(math.prod(size[letter] for letter in group) for group in (rows, columns)) < 16
    if not (rows and columns) or (small and set(batch) - set(common)):
        return False, common, alone_a, alone_b
    return turned, batch, rows, columns


def _tail(order: str, letters: str) -> str:
    """The end of `order`, as far as it is made of those letters."""
    return order[len(order.rstrip(letters)) :]


def _common(a: int, b: int) -> int:
    """The size that two sizes broadcast to."""
    return b if a == 1 else a


def _with_axes(x: Any, letters: str, wanted: str) -> Any:
    """The axes in the order wanted, with size 1 where x has none."""
    x = _in_order(x, letters, "".join(letter for letter in wanted if letter in letters))
    if len(wanted) == x.ndim:
        return x
    sizes = iter(x.shape)
    return x.reshape([next(sizes) if letter in letters else 1 for letter in wanted])


def _in_order(x: Any, letters: str, wanted: str) -> Any:
    if letters == wanted:
        return x
    return x.permute([letters.index(letter) for letter in wanted])


def _repeated(x: Any, letters: str, sizes: dict[str, int]) -> Any:
    """Axes of size 1 repeated where the other operand has more to sum over."""
    wanted = [sizes.get(letter, own) for letter, own in zip(letters, x.shape, strict=True)]
    return x if list(x.shape) == wanted else x.expand(wanted)


def _folded(x: Any, n: int, m: int) -> Any:
    """n batch axes as they are, the next m as one, the others as one."""
    if (m, x.ndim) == (1, n + 2):
        return x
    lead = x.shape[:n]
    return x.reshape((*lead, math.prod(x.shape[n : n + m]), math.prod(x.shape[n + m :])))
