"""The pickle machine runs nothing of a file's choice, and takes no memory that is only named."""

import os
import pickle
import struct
import subprocess
from pathlib import Path

import pytest

from minitorch_cv import interop
from minitorch_cv.interop import WeightsError


class Calls:
    """Pickles into a call of a function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def attacks(target: Path):
    """(pickle, the name that must be in the refusal); each would create `target` if it ran."""
    touch = f"touch {target}"
    code = f"open({str(target)!r}, 'w')"
    yield Calls(os.system, touch), "os.system|posix.system"
    yield Calls(eval, code), "eval"
    yield Calls(exec, code), "exec"
    yield Calls(subprocess.check_output, ["touch", str(target)]), "check_output"
    yield Calls(getattr, "os", "system"), "getattr"
    yield Calls(__import__, "os"), "__import__"
    yield Calls(open, str(target), "w"), "open"
    yield {"state_dict": {"w": [Calls(os.system, touch)]}}, "os.system|posix.system"
    yield Calls(pickle.loads, pickle.dumps(Calls(os.system, touch))), "loads"
    yield Calls(Path, "/etc/passwd"), "pathlib"


@pytest.mark.parametrize("k", range(10))
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_calls_are_refused_by_name_and_not_run(k, protocol, tmp_path, zipped, streamed):
    target = tmp_path / "executed"
    attack, name = list(attacks(target))[k]
    raw = pickle.dumps(attack, protocol)
    for path in (zipped(raw[:-1]), streamed(raw[:-1])):
        with pytest.raises(WeightsError, match=f"refused.*({name})"):
            interop.load(path)
        assert not target.exists()


REFUSED = {
    "dotted name": b"cbuiltins\ngetattr.__globals__\n",
    "dotted stack global": b"\x8c\x0bcollections\x8c\x16OrderedDict.__init__.x\x93",
    "dunder of an allowed module": b"ctorch._utils\n__builtins__\n",
    "a method of an allowed class": b"ccollections\nOrderedDict.fromkeys\n(tR",
    "text global": b"(S'os'\nios\nsystem\n",  # INST
    "OBJ": b"(cbuiltins\ndict\no",
    "extension": b"\x82\x01",
    "out-of-band buffer": b"\x97",
    "text persistent id": b"P/etc/passwd\n",
    "NEWOBJ_EX": b"ccollections\nOrderedDict\n)}\x92",
    "calls a text": b"X\x02\x00\x00\x00os)R",
    "calls a dict": b"})R",
    "builds a list": b"]}b",
    "builds a text": b"X\x01\x00\x00\x00a}b",
    "builds a function": b"ccollections\nOrderedDict\n}b",
    "makes a type that is only named": b"cbuiltins\nint\n(K\x01tR",
    "a default that is not plain": b"ccollections\ndefaultdict\n(c_codecs\nencode\ntR",
    "a function as a key": b"}ccollections\nOrderedDict\nNs",
    "a list as a key": b"}]Ns",
    "a deep key": b"}" + b")" + b"\x85" * 200_000 + b"Ns",
    "a deep element of a set": b"\x8f()" + b"\x85" * 200_000 + b"\x90",
    "a key that hashes slowly": b"}\x8a\x09" + b"\xff" * 8 + b"\x00" + b"Ns",
    "a Counter of deep keys": b"ccollections\nCounter\n((" + b")" + b"\x85" * 200_000 + b"ttR",
    "a set of text": b"cbuiltins\nset\n(X\x02\x00\x00\x00abtR",
    "appends to a dict": b"}K\x01a",
    "appends to an OrderedDict's class": b"ccollections\nOrderedDict\n(K\x01e",
    "sets items of a list": b"]K\x01K\x02s",
    "bytes of a size": b"cbuiltins\nbytearray\n(J\xff\xff\xff\x7ftR",
    "another codec": b"c_codecs\nencode\n(X\x01\x00\x00\x00aX\x05\x00\x00\x00rot13tR",
    "a NumPy dtype of objects": b"cnumpy\ndtype\n(X\x02\x00\x00\x00O8\x89\x88tR",
    "a NumPy dtype with a wild size": b"cnumpy\ndtype\n(X\x0a\x00\x00\x00S999999999\x89\x88tR",
    "a long integer": b"\x8b" + struct.pack("<i", 100_000) + b"\x01" * 100_000,
    "a negative length": b"\x8b\xff\xff\xff\xff",
    "a huge bytes object": b"\x8e" + struct.pack("<Q", 2**62),
    "a huge text": b"\x8d" + struct.pack("<Q", 2**40),
    "a huge bytearray": b"\x96" + struct.pack("<Q", 2**50),
    "an empty stack": b"0",
    "no mark": b"t",
    "an unknown memo": b"hK",
    "an odd dictionary": b"(K\x01d",
    "a text cut in two": b"X\x02\x00\x00\x00\xff\xfe",
}


@pytest.mark.parametrize("case", REFUSED)
def test_words_are_refused(case, zipped, streamed):
    for path in (zipped(REFUSED[case]), streamed(REFUSED[case])):
        with pytest.raises(WeightsError):
            interop.load(path)


def test_a_pickle_that_only_grows_is_stopped(zipped, monkeypatch):
    from minitorch_cv.interop.pytorch import machine

    monkeypatch.setattr(machine, "MOST_WORDS", 1000)
    with pytest.raises(WeightsError, match="more than 1000 words"):
        interop.load(zipped(b"}" * 1001))


def test_a_memo_at_a_huge_index_takes_no_memory(zipped):
    assert interop.load(zipped(b"K\x07r\xff\xff\xff\xff0j\xff\xff\xff\xff")) == 7


def test_an_object_that_doubles_with_each_word_is_not_unfolded(zipped):

    doubled = b"]q\x00" + b"".join(b"](h\x00h\x00eq\x00" for _ in range(40))
    path = zipped(doubled)
    assert len(interop.load(path)) == 2
    with pytest.raises(WeightsError, match="holds no dict of tensors"):
        interop.load_state_dict(path)
    shape = doubled + b"q\x010" + b"cnumpy\ndtype\n(h\x01tR"
    with pytest.raises(WeightsError, match="dtype from list"):
        interop.load(zipped(shape))


def test_plain_containers_come_through(zipped, words):
    value = {
        "none": None, "truth": [True, False], "numbers": (1, -(2**40), 2**70, 0.5), "text": "é",
        "bytes": b"\x00\xff", "set": {1, 2}, "frozen": frozenset({"a"}), "array": bytearray(b"xy"),
        "nested": {"list": [[], {}, ()]}, "complex": 1 + 2j,
    }  # fmt: skip
    for protocol in (2, 3, 4, 5):
        found = interop.load(zipped(pickle.dumps(value, protocol)[:-1]))
        assert found == value
        assert {k: type(v) for k, v in found.items()} == {k: type(v) for k, v in value.items()}


def test_collections_and_numpy_values_come_through(zipped):
    from collections import Counter, OrderedDict, defaultdict

    import numpy as np

    value = {
        "ordered": OrderedDict([("b", 1), ("a", 2)]), "default": defaultdict(list, {1: [2]}),
        "counter": Counter({3: 2}), "number": np.float64(2.5), "half": np.float16(0.5),
        "truth": np.bool_(True), "dtype": np.dtype("int16"),
    }  # fmt: skip
    columns = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    for protocol in (2, 4):
        raw = pickle.dumps({**value, "array": columns, "empty": np.zeros((0, 2))}, protocol)
        found = interop.load(zipped(raw[:-1]))
        array, empty = found.pop("array"), found.pop("empty")
        assert found == value
        assert list(found["ordered"]) == ["b", "a"]
        assert found["default"]["new"] == []
        assert (array == columns).all()
        assert array.flags.f_contiguous
        assert array.flags.writeable
        assert empty.shape == (0, 2)


@pytest.mark.parametrize("state", [
    (1, (2**40,), "f8", False, b"\x00" * 8),
    (1, (-1,), "f8", False, b""),
    (1, (2,), "O", False, [1, 2]),
    (1, (1,), "f8", False, "text"),
    (1, [1], "f8", False, b"\x00" * 8),
])  # fmt: skip
def test_a_numpy_array_whose_state_does_not_fit_is_refused(state, zipped, words):
    version, shape, dtype, columns, data = state
    array = words.called(
        words.named("numpy.core.multiarray", "_reconstruct"), words.named("numpy", "ndarray"),
        words.of((0,)), words.of("b"),
    )  # fmt: skip
    kind = words.called(words.named("numpy", "dtype"), words.of(dtype))
    raw = b"C" + bytes([len(data)]) + data if isinstance(data, bytes) else words.of(data)
    text = array + b"(" + words.of(version) + words.of(shape) + kind + words.of(columns) + raw
    with pytest.raises(WeightsError):
        interop.load(zipped(text + b"tb"))
