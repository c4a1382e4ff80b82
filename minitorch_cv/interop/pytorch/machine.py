"""The pickle language for data alone: a stack machine that knows no Python object but containers.

A pickle is a program. Its dangerous words name a function (GLOBAL), call it (REDUCE, NEWOBJ) and
hand an object its state (BUILD). Here a name is looked up in a table that we wrote, never imported;
what is not in the table is refused by its name, before anything is called. Python's own unpickler
is not used: it takes memory for whatever size a file names.

Source: Python's `pickletools.py`, which explains every word of the language.
"""

from __future__ import annotations

import struct
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple

from ..errors import DAMAGED, WeightsError
from ..reader import Reader

MOST_WORDS = 4_000_000  # a file of weights has some ten thousand; more would fill the memory
LONGEST_NUMBER = 64  # bytes of an integer
_WHOLE_KEY = 2**60  # larger integers can be chosen so that a dictionary takes them very slowly


class Function(NamedTuple):
    """Something that a pickle may call: its name in the file, and what runs instead."""

    name: str
    run: Callable[..., Any]


class Machine:
    """Runs pickles from a reader.

    allowed: "module.name" → a `Function`, or a value that stands for that name.
    persistent: answers the object that a persistent id stands for.
    build: hands an object its state, or refuses.
    """

    def __init__(
        self,
        reader: Reader,
        allowed: dict[str, Any],
        persistent: Callable[[Any], Any],
        build: Callable[[Any, Any], None],
    ) -> None:
        self.reader, self.allowed = reader, allowed
        self.persistent, self.build = persistent, build
        self.words = 0

    def load(self) -> Any:
        """The object that the next pickle in the reader describes."""
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memo: dict[int, Any] = {}
        take = self.reader.take
        while (word := take(1)) != b".":
            self.words += 1
            if self.words > MOST_WORDS:
                raise WeightsError(f"is refused: its pickle has more than {MOST_WORDS} words")
            step = _STEPS.get(word)
            if step is None:
                raise WeightsError(f"is refused: its pickle has the word {word!r}, which no file "
                                   "of weights needs")  # fmt: skip
            step(self)
        return self._pop()

    def _pop(self) -> Any:
        if not self.stack:
            raise WeightsError("is damaged (a pickle that takes from an empty stack)")
        return self.stack.pop()

    def _top(self, *kinds: type) -> Any:
        """The object on top, which must be one of some types."""
        top = self._pop()
        self.stack.append(top)
        if kinds and type(top) not in kinds:
            raise WeightsError(f"is damaged or refused: its pickle adds items to {_said(top)}")
        return top

    def _since_mark(self) -> list[Any]:
        if not self.marks:
            raise WeightsError("is damaged (a pickle without a mark)")
        items, self.stack = self.stack, self.marks.pop()
        return items

    def _number(self, format: str) -> Any:
        return struct.unpack(format, self.reader.take(struct.calcsize(format)))[0]

    # The words. Each takes from the stack and pushes onto it.

    def _mark(self) -> None:
        self.marks.append(self.stack)
        self.stack = []

    def _pop_one(self) -> None:
        if self.stack:
            self.stack.pop()
        else:
            self._since_mark()

    def _append(self) -> None:
        item = self._pop()
        self._top(list).append(item)

    def _appends(self) -> None:
        items = self._since_mark()
        self._top(list).extend(items)

    def _set_items(self) -> None:
        items = self._since_mark()
        put(self._top(dict, OrderedDict, defaultdict, Counter), items)

    def _set_item(self) -> None:
        value, key = self._pop(), self._pop()
        put(self._top(dict, OrderedDict, defaultdict, Counter), [key, value])

    def _add_items(self) -> None:
        items = self._since_mark()
        self._top(set).update(as_keys(items))

    def _dict(self) -> None:
        made: dict[Any, Any] = {}
        put(made, self._since_mark())
        self.stack.append(made)

    def _tuple(self, count: int) -> None:
        items = [self._pop() for _ in range(count)]
        self.stack.append(tuple(reversed(items)))

    def _long(self, size: int) -> None:
        if not 0 <= size <= LONGEST_NUMBER:
            raise WeightsError(f"is refused: an integer of {size} bytes in its pickle")
        self.stack.append(int.from_bytes(self.reader.take(size), "little", signed=True))

    def _put(self, index: int) -> None:
        self.memo[index] = self._top()

    def _get(self, index: int) -> None:
        self.stack.append(self.memo[index])

    def _global(self) -> None:
        module, name = self.reader.line(), self.reader.line()
        self._look_up(module, name)

    def _stack_global(self) -> None:
        name, module = self._pop(), self._pop()
        if type(name) is not str or type(module) is not str:
            raise WeightsError("is damaged (a pickle with a name that is no text)")
        self._look_up(module, name)

    def _look_up(self, module: str, name: str) -> None:
        full = f"{module}.{name}"
        if full not in self.allowed:
            raise WeightsError(
                f"is refused: it asks for {full[:100]}, and only tensors and plain containers are "
                "read (nothing was executed); save a state_dict() alone"
            )
        self.stack.append(self.allowed[full])

    def _call(self) -> None:
        arguments, function = self._pop(), self._pop()
        if type(function) is not Function or type(arguments) is not tuple:
            raise WeightsError(f"is refused: its pickle calls {_said(function)}")
        try:
            self.stack.append(function.run(*arguments))
        except WeightsError:
            raise
        except DAMAGED as error:
            raise WeightsError(
                f"is damaged or refused: {function.name} is called with arguments that it does "
                f"not take ({type(error).__name__})"
            ) from error

    def _build(self) -> None:
        state = self._pop()
        self.build(self._top(), state)

    def _persistent(self) -> None:
        self.stack.append(self.persistent(self._pop()))


def put(target: dict[Any, Any], items: list[Any]) -> None:
    """Writes [key, value, key, value, …] into a dictionary."""
    if len(items) % 2:
        raise WeightsError("is damaged (a dictionary in its pickle lacks a value)")
    for key, value in zip(as_keys(items[::2]), items[1::2], strict=True):
        target[key] = value


def as_keys(items: Any) -> list[Any]:
    """The same items, all of them fit to be keys: text, numbers, or a tuple of these."""
    for item in items:
        if not (_plain(item) or (type(item) is tuple and all(map(_plain, item)))):
            raise WeightsError(f"is refused: {_said(item)} as a key in its pickle")
    return list(items)


def _plain(key: Any) -> bool:
    if type(key) is int:
        return -_WHOLE_KEY < key < _WHOLE_KEY
    return key is None or type(key) in (str, bytes, bool, float)


def _said(value: Any) -> str:
    """What a value is, in words; its own repr could be endless."""
    return value.name if type(value) is Function else f"an object of {type(value).__name__}"


def _push(make: Callable[[Machine], Any]) -> Callable[[Machine], None]:
    def step(m: Machine) -> None:
        made = make(m)  # first: it may put another stack in place
        m.stack.append(made)

    return step


def _text(m: Machine, format: str, encoding: str = "utf-8") -> str:
    raw = m.reader.take(m._number(format))
    return raw.decode(encoding, "surrogatepass" if encoding == "utf-8" else "strict")


_STEPS: dict[bytes, Callable[[Machine], Any]] = {
    b"\x80": lambda m: m.reader.take(1),  # PROTO
    b"\x95": lambda m: m.reader.take(8),  # FRAME
    b"(": Machine._mark,
    b"0": Machine._pop_one,
    b"1": lambda m: m._since_mark(),  # POP_MARK
    b"2": _push(lambda m: m._top()),  # DUP
    b"N": _push(lambda m: None),
    b"\x88": _push(lambda m: True),
    b"\x89": _push(lambda m: False),
    b"J": _push(lambda m: m._number("<i")),  # BININT
    b"K": _push(lambda m: m._number("<B")),  # BININT1
    b"M": _push(lambda m: m._number("<H")),  # BININT2
    b"\x8a": lambda m: m._long(m._number("<B")),  # LONG1
    b"\x8b": lambda m: m._long(m._number("<i")),  # LONG4
    b"G": _push(lambda m: m._number(">d")),  # BINFLOAT
    b"U": _push(lambda m: _text(m, "<B", "latin-1")),  # SHORT_BINSTRING, of Python 2
    b"T": _push(lambda m: _text(m, "<I", "latin-1")),  # BINSTRING
    b"X": _push(lambda m: _text(m, "<I")),  # BINUNICODE
    b"\x8c": _push(lambda m: _text(m, "<B")),  # SHORT_BINUNICODE
    b"\x8d": _push(lambda m: _text(m, "<Q")),  # BINUNICODE8
    b"C": _push(lambda m: m.reader.take(m._number("<B"))),  # SHORT_BINBYTES
    b"B": _push(lambda m: m.reader.take(m._number("<I"))),  # BINBYTES
    b"\x8e": _push(lambda m: m.reader.take(m._number("<Q"))),  # BINBYTES8
    b"\x96": _push(lambda m: bytearray(m.reader.take(m._number("<Q")))),  # BYTEARRAY8
    b"]": _push(lambda m: []),
    b"}": _push(lambda m: {}),
    b")": _push(lambda m: ()),
    b"\x8f": _push(lambda m: set()),
    b"a": Machine._append,
    b"e": Machine._appends,
    b"s": Machine._set_item,
    b"u": Machine._set_items,
    b"\x90": Machine._add_items,
    b"l": _push(lambda m: m._since_mark()),  # LIST
    b"t": _push(lambda m: tuple(m._since_mark())),
    b"d": Machine._dict,
    b"\x91": _push(lambda m: frozenset(as_keys(m._since_mark()))),
    b"\x85": lambda m: m._tuple(1),
    b"\x86": lambda m: m._tuple(2),
    b"\x87": lambda m: m._tuple(3),
    b"q": lambda m: m._put(m._number("<B")),  # BINPUT
    b"r": lambda m: m._put(m._number("<I")),  # LONG_BINPUT
    b"\x94": lambda m: m._put(len(m.memo)),  # MEMOIZE
    b"h": lambda m: m._get(m._number("<B")),  # BINGET
    b"j": lambda m: m._get(m._number("<I")),  # LONG_BINGET
    b"c": Machine._global,
    b"\x93": Machine._stack_global,
    b"R": Machine._call,  # REDUCE
    b"\x81": Machine._call,  # NEWOBJ
    b"b": Machine._build,
    b"Q": Machine._persistent,
}
