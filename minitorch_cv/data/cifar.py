"""CIFAR-10 and CIFAR-100: 60 000 colour photos of 32 × 32 pixels, from the published files.

Both forms are read. Pickles (`cifar-10-batches-py/`): dictionaries with `data`, uint8 (n, 3072),
rows R G B of each photo one after the other, and `labels` or `fine_labels`. Binary
(`cifar-10-batches-bin/`): records of one byte of class (CIFAR-100: coarse, then fine) and 3072
bytes of photo. The archives (`cifar-10-python.tar.gz`, …) need not be unpacked.

Source: A. Krizhevsky, "Learning multiple layers of features from tiny images", 2009.
"""

from __future__ import annotations

import io
import tarfile
import warnings
from collections.abc import Callable
from os import PathLike, fspath
from pathlib import Path
from typing import IO, Any, NamedTuple, NoReturn

import numpy as np

from .images import ImageArrays
from .pickled import read_pickle

PIXELS = 3 * 32 * 32
_MOST_BYTES = 2**28  # of one file; the largest that is published has 155 million


class Form(NamedTuple):
    """One way in which a dataset is published."""

    folder: str
    archive: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    meta: str


class CIFAR10(ImageArrays):
    """The training photos (50 000) or the test photos (10 000) of CIFAR-10.

    root: the folder that holds `cifar-10-batches-py`, `cifar-10-batches-bin` or one of the archives
    (or that is one of these folders itself); train: which of the two; transform, target_transform:
    see `ImageArrays`. A sample is (image float32 (3, 32, 32) in [0, 1], class 0 … 9).
    Where some of the training files are missing the others are read, and a warning says so. Raises
    FileNotFoundError where there is nothing to read (nothing is downloaded), ValueError for a file
    that is not what its name says.
    """

    FORMS: tuple[Form, ...] = (
        Form("cifar-10-batches-py", "cifar-10-python.tar.gz",
             tuple(f"data_batch_{k}" for k in range(1, 6)), ("test_batch",), "batches.meta"),
        Form("cifar-10-batches-bin", "cifar-10-binary.tar.gz",
             tuple(f"data_batch_{k}.bin" for k in range(1, 6)), ("test_batch.bin",),
             "batches.meta.txt"),
    )  # fmt: skip
    LABELS, NAMES = b"labels", b"label_names"  # in the pickles
    LABEL_BYTES, COUNT = 1, 10

    def __init__(
        self,
        root: str | PathLike[str],
        train: bool = True,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[int], Any] | None = None,
    ) -> None:
        form, files = self._find(Path(fspath(root)))
        wanted = form.train if train else form.test
        there = [name for name in wanted if name in files]
        if not there:
            self._complain(Path(fspath(root)), wanted)
        parts = [self._read(files[name]) for name in there]
        if len(there) < len(wanted):
            warnings.warn(
                f"{type(self).__name__}: {len(there)} of the {len(wanted)} files are there "
                f"({', '.join(there)}); the dataset is smaller than the published one",
                stacklevel=2,
            )
        data = np.concatenate([pixels for pixels, _ in parts]).reshape(-1, 3, 32, 32)
        targets = np.concatenate([labels for _, labels in parts])
        classes = self._classes(files.get(form.meta))
        super().__init__(
            np.ascontiguousarray(data.transpose(0, 2, 3, 1)), targets, classes, transform,
            target_transform,
        )  # fmt: skip
        self.root = root
        self.train = train

    @classmethod
    def _find(cls, root: Path) -> tuple[Form, dict[str, _Part]]:
        """The first form of which a file is there, and its files by name."""
        for form in cls.FORMS:
            names = {*form.train, *form.test, form.meta}
            for folder in (root / form.folder, root):
                found = {n: _Part(folder / n) for n in names if (folder / n).is_file()}
                if set(found) - {form.meta}:
                    return form, found
            if (root / form.archive).is_file():
                return form, _members(root / form.archive, names)
        return cls._complain(root, cls.FORMS[0].train + cls.FORMS[0].test)

    @classmethod
    def _complain(cls, root: Path, wanted: tuple[str, ...]) -> NoReturn:
        places = ", ".join(f"{form.folder}/ or {form.archive}" for form in cls.FORMS)
        raise FileNotFoundError(
            f"{cls.__name__}: {wanted[0]} is missing (looked in {root} for {places}); put the "
            "published files there: nothing is downloaded"
        )

    def _read(self, part: _Part) -> tuple[np.ndarray, np.ndarray]:
        """(pixels uint8 (n, 3072), classes int64 (n,)) of one file."""
        if part.name.endswith(".bin"):
            pixels, labels = self._records(part)
        else:
            with part.open() as file:
                content = read_pickle(file, part.name)
            pixels, labels = self._entries(content, part.name)
        if len(labels) and not 0 <= labels.min() <= labels.max() < self.COUNT:
            raise ValueError(
                f"{type(self).__name__}: {part.name} holds the class {labels.max()}, expected 0 … "
                f"{self.COUNT - 1}; fetch the file again"
            )
        return pixels, labels

    def _records(self, part: _Part) -> tuple[np.ndarray, np.ndarray]:
        size = self.LABEL_BYTES + PIXELS
        with part.open() as file:
            raw = np.frombuffer(file.read(_MOST_BYTES), np.uint8)
        if not len(raw) or len(raw) % size:
            raise ValueError(
                f"{type(self).__name__}: {part.name} has {len(raw)} bytes, which are no records of "
                f"{size} bytes; fetch the file again"
            )
        rows = raw.reshape(-1, size)
        return rows[:, self.LABEL_BYTES :], rows[:, self.LABEL_BYTES - 1].astype(np.int64)

    def _entries(self, content: Any, name: str) -> tuple[np.ndarray, np.ndarray]:
        entries = _by_bytes(content)
        pixels: Any = entries.get(b"data")
        labels: Any = entries.get(self.LABELS)
        good = isinstance(pixels, np.ndarray) and pixels.dtype == np.uint8
        if not good or pixels.ndim != 2 or pixels.shape[1] != PIXELS or not labels:
            raise ValueError(
                f"{type(self).__name__}: {name} holds no uint8 array of {PIXELS} columns under "
                f"'data' with a list under {self.LABELS.decode()!r}; fetch the file again"
            )
        if len(labels) != len(pixels):
            raise ValueError(
                f"{type(self).__name__}: {name} holds {len(pixels)} photos and {len(labels)} "
                "classes; fetch the file again"
            )
        return pixels, np.asarray(labels, np.int64)

    def _classes(self, part: _Part | None) -> list[str]:
        """The classes' names; their numbers as text where the file of names is missing."""
        names: list[str] = []
        if part is not None:
            with part.open() as file:
                if part.name.endswith(".txt"):
                    names = file.read(10**5).decode("ascii", "replace").split()
                else:
                    listed = _by_bytes(read_pickle(file, part.name)).get(self.NAMES, [])
                    names = [n.decode() if isinstance(n, bytes) else str(n) for n in listed]
        return names if len(names) == self.COUNT else [str(k) for k in range(self.COUNT)]


class CIFAR100(CIFAR10):
    """The training photos (50 000) or the test photos (10 000) of CIFAR-100, in 100 fine classes.

    root: the folder that holds `cifar-100-python`, `cifar-100-binary` or one of the archives;
    everything else as in `CIFAR10`.
    """

    FORMS = (
        Form("cifar-100-python", "cifar-100-python.tar.gz", ("train",), ("test",), "meta"),
        Form("cifar-100-binary", "cifar-100-binary.tar.gz", ("train.bin",), ("test.bin",),
             "fine_label_names.txt"),
    )  # fmt: skip
    LABELS, NAMES = b"fine_labels", b"fine_label_names"
    LABEL_BYTES, COUNT = 2, 100


class _Part:
    """A file, on disk or in an archive."""

    def __init__(self, path: Path, member: str | None = None) -> None:
        self.path, self.member = path, member
        self.name = path.name if member is None else member.rpartition("/")[2]

    def open(self) -> IO[bytes]:
        if self.member is None:
            return open(self.path, "rb")
        with tarfile.open(self.path) as archive:
            inner = archive.extractfile(self.member)
            assert inner is not None  # `_members` lists files only
            return io.BytesIO(inner.read(_MOST_BYTES))


def _members(path: Path, names: set[str]) -> dict[str, _Part]:
    """The files of these names in an archive. Raises ValueError for what is no archive."""
    try:
        with tarfile.open(path) as archive:
            files = [m for m in archive.getmembers() if m.isfile() and m.size < _MOST_BYTES]
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ValueError(f"{path.name} is no tar archive, or a damaged one ({error})") from None
    found = {member.name.rpartition("/")[2]: member.name for member in files}
    return {name: _Part(path, found[name]) for name in names if name in found}


def _by_bytes(content: Any) -> dict[bytes, Any]:
    """The entries of a dictionary by name as bytes: Python 2 wrote bytes, Python 3 text."""
    if not isinstance(content, dict):
        return {}
    return {k.encode() if isinstance(k, str) else k: v for k, v in content.items()}
