"""Small wrong changes of source code: what a slip of the hand makes of an op's forward or backward.

`changes(function)` lists every change that can be made inside a function's syntax tree; `planted`
makes one, for as long as a `with` block lasts. Error messages, annotations and defaults of
arguments stay as they are: a change there is not a wrong result.
"""

from __future__ import annotations

import ast
import contextlib
import copy
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple


class Change(NamedTuple):
    """One wrong change: `owner.field` (or its member `index`) becomes `new`."""

    line: int
    before: str
    after: str
    owner: ast.AST
    field: str
    position: int | None
    new: ast.AST

    @property
    def text(self) -> str:
        return f"{self.before}  →  {self.after}"


_OPERATORS: dict[type, type] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
_COMPARISONS: dict[type, type] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_NAMES = dict(
    max="min", min="max", amax="amin", amin="amax", maximum="minimum", minimum="maximum",
    argmax="argmin", argmin="argmax", zeros_like="ones_like", ones_like="zeros_like",
    floor="ceil", ceil="floor", sum="mean", mean="sum", sin="cos", cos="sin", exp="expm1",
    expm1="exp", log="log1p", log1p="log", sqrt="square", square="sqrt", greater="less",
    less="greater", equal="not_equal", not_equal="equal", all="any", any="all",
)  # fmt: skip
# Without these calls nothing runs at all, or all runs as before (a tuple stays a list): such a bug
# would prove nothing.
_KEPT = (
    "array_module", "Saved", "range", "enumerate", "zip", "len", "getattr", "isinstance", "set",
    "broadcast_shapes", "reversed", "OP", "tuple", "list", "int", "bool", "float",
)  # fmt: skip
_STYLE = ("strict", "copy")  # keyword arguments that change no result


def changes(function: ast.AST) -> list[Change]:
    """All changes inside a function, in the order of its lines."""
    found: list[Change] = []
    body = [function.body] if isinstance(function, ast.Lambda) else function.body  # type: ignore[attr-defined]
    backward = "backward" in getattr(function, "name", "")
    for part in body:
        _visit(function, part, found, backward)
    if isinstance(function, ast.Lambda):
        found += _replacements(function.body, function, "body", None, backward)
    return sorted((_in_words(change) for change in found), key=lambda change: change.line)


def _in_words(change: Change) -> Change:
    """A changed constant says little: the expression around it is shown instead."""
    if not isinstance(change.new, ast.Constant) or not isinstance(change.owner, ast.expr):
        return change
    before = ast.unparse(change.owner)
    with planted(change):
        return change._replace(before=before, after=ast.unparse(change.owner))


@contextlib.contextmanager
def planted(change: Change) -> Iterator[None]:
    """Makes the change in its tree, and takes it back."""
    place = getattr(change.owner, change.field)
    if change.position is None:
        setattr(change.owner, change.field, change.new)
    else:
        old = place[change.position]
        place[change.position] = change.new
    try:
        yield
    finally:
        if change.position is None:
            setattr(change.owner, change.field, place)
        else:
            place[change.position] = old


def _visit(parent: ast.AST, node: ast.AST, found: list[Change], backward: bool) -> None:
    """Collects the changes of all expressions below a node."""
    if isinstance(node, (ast.Raise, ast.JoinedStr)) or _is_docstring(node):
        return
    if isinstance(node, ast.keyword) and node.arg in _STYLE:
        return
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "args") and not isinstance(node, ast.Call):
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST):
                found += _replacements(child, node, field, index, backward)
                _visit(node, child, found, backward)
    found += _statement_changes(parent, node)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _replacements(
    node: ast.AST, owner: ast.AST, field: str, index: int | None, backward: bool
) -> list[Change]:
    """What one expression can become."""
    made: list[Change] = []
    if not isinstance(node, (ast.expr, ast.keyword)) or isinstance(node, ast.JoinedStr):
        return made
    for new in _variants(node):
        if isinstance(node, ast.Tuple) and isinstance(new, ast.Tuple) and _is_a_set(node, owner):
            continue
        made.append(
            Change(node.lineno, ast.unparse(node), ast.unparse(new), owner, field, index, new)
        )
    if backward and isinstance(owner, ast.Return) and isinstance(node, ast.Tuple):
        for k, gradient in enumerate(node.elts):
            if not (isinstance(gradient, ast.Constant) and gradient.value is None):
                lost = copy.copy(node)
                lost.elts = [*node.elts[:k], ast.Constant(None), *node.elts[k + 1 :]]
                made.append(_change(node, lost, owner, field, index))
    return made


def _is_a_set(node: ast.Tuple, owner: ast.AST) -> bool:
    """Is this `isinstance(x, (a, b))` or `x in (a, b)`, where the order means nothing?"""
    if isinstance(owner, ast.Compare):
        return isinstance(owner.ops[0], (ast.In, ast.NotIn))
    return isinstance(owner, ast.Call) and getattr(owner.func, "id", "") == "isinstance"


def _change(node: Any, new: Any, owner: ast.AST, field: str, index: int | None) -> Change:
    return Change(node.lineno, ast.unparse(node), ast.unparse(new), owner, field, index, new)


def _variants(node: ast.AST) -> Iterator[ast.AST]:
    for kind, make in _MAKERS:
        if isinstance(node, kind):
            for new in make(node):
                yield ast.fix_missing_locations(ast.copy_location(new, node))


def _binary(node: ast.BinOp) -> Iterator[ast.AST]:
    other = _OPERATORS.get(type(node.op))
    text = isinstance(node.left, (ast.List, ast.Tuple)) or isinstance(node.right, ast.List)
    if other is not None and not text:
        yield ast.BinOp(node.left, other(), node.right)


def _compare(node: ast.Compare) -> Iterator[ast.AST]:
    for k, operator in enumerate(node.ops):
        other = _COMPARISONS[type(operator)]()
        yield ast.Compare(node.left, [*node.ops[:k], other, *node.ops[k + 1 :]], node.comparators)


def _boolean(node: ast.BoolOp) -> Iterator[ast.AST]:
    yield ast.BoolOp(ast.And() if isinstance(node.op, ast.Or) else ast.Or(), node.values)


def _sign(node: ast.UnaryOp) -> Iterator[ast.AST]:
    if isinstance(node.op, (ast.USub, ast.Not, ast.Invert)):
        yield node.operand


def _constant(node: ast.Constant) -> Iterator[ast.AST]:
    if isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node.value, int):
        yield ast.Constant(node.value + 1)
    elif isinstance(node.value, float):
        yield ast.Constant(node.value * 2 if node.value else 1.0)


def _call(node: ast.Call) -> Iterator[ast.AST]:
    """Without the call, with its opposite, and without each keyword argument."""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if node.args and not isinstance(node.args[0], ast.Starred) and name not in _KEPT:
        yield node.args[0]
    if name in _NAMES:
        func = copy.copy(node.func)
        setattr(func, "attr" if isinstance(func, ast.Attribute) else "id", _NAMES[name])
        yield ast.Call(func, node.args, node.keywords)
    for k, keyword in enumerate(node.keywords):
        if keyword.arg not in _STYLE:
            rest = node.keywords[:k] + node.keywords[k + 1 :]
            yield ast.Call(node.func, node.args, rest)


def _tuple(node: ast.Tuple) -> Iterator[ast.AST]:
    """The first two members in the other order."""
    if isinstance(node.ctx, ast.Load) and len(node.elts) > 1:
        first, second, *rest = node.elts
        output = isinstance(second, ast.Call) and "Saved" in ast.unparse(second.func)
        if not output and ast.dump(first) != ast.dump(second):
            yield ast.Tuple([second, first, *rest], ast.Load())


def _choice(node: ast.IfExp) -> Iterator[ast.AST]:
    yield ast.IfExp(node.test, node.orelse, node.body)


_MAKERS: tuple[tuple[type, Callable[[Any], Iterator[ast.AST]]], ...] = (
    (ast.BinOp, _binary),
    (ast.Compare, _compare),
    (ast.BoolOp, _boolean),
    (ast.UnaryOp, _sign),
    (ast.Constant, _constant),
    (ast.Call, _call),
    (ast.Tuple, _tuple),
    (ast.IfExp, _choice),
)


def _statement_changes(parent: ast.AST, node: ast.AST) -> list[Change]:
    """`=` for `+=`, and `if` turned round."""
    place = _place_of(parent, node)
    if place is None:
        return []
    if isinstance(node, ast.AugAssign):
        new: ast.AST = ast.Assign([node.target], node.value)
        other = _OPERATORS.get(type(node.op))
        news = [new] if other is None else [new, ast.AugAssign(node.target, other(), node.value)]
    elif isinstance(node, ast.If) and not isinstance(node.test, (ast.Compare, ast.UnaryOp)):
        turned = ast.If(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
        turned = ast.fix_missing_locations(ast.copy_location(turned, node))
        before, after = f"if {ast.unparse(node.test)}", f"if {ast.unparse(turned.test)}"
        return [Change(node.lineno, before, after, parent, *place, turned)]
    else:
        return []
    fixed = [ast.fix_missing_locations(ast.copy_location(new, node)) for new in news]
    return [_change(node, new, parent, *place) for new in fixed]


def _place_of(parent: ast.AST, node: ast.AST) -> tuple[str, int | None] | None:
    for field, value in ast.iter_fields(parent):
        if value is node:
            return field, None
        if isinstance(value, list):
            for index, child in enumerate(value):
                if child is node:
                    return field, index
    return None
