"""`ImageFolder`: pictures in one folder for each class, read by Pillow when they are asked for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .dataset import Dataset

IMG_EXTENSIONS = (
    ".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp",
)  # fmt: skip


def pil_loader(path: str) -> Any:
    """A picture as a Pillow image in RGB."""
    from PIL import Image

    with open(path, "rb") as file:
        return Image.open(file).convert("RGB")


default_loader = pil_loader


class DatasetFolder(Dataset):
    """Files in one folder for each class: `root/cat/1.png`, `root/dog/nested/2.png`, …

    loader: makes a sample of a path; extensions: of the files that count (lower case), or
    is_valid_file: decides by path; allow_empty: classes without files are no error.
    The classes are the folders' names in alphabetical order, the samples of each class lie in the
    order of their paths. Raises FileNotFoundError where there are no classes or files.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        loader: Callable[[str], Any],
        extensions: tuple[str, ...] | None = None,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[int], Any] | None = None,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> None:
        if (extensions is None) == (is_valid_file is None):
            raise ValueError("DatasetFolder: give either extensions or is_valid_file")
        self.root = os.fspath(root)
        self.loader, self.extensions = loader, extensions
        self.transform, self.target_transform = transform, target_transform
        self.classes, self.class_to_idx = self.find_classes(self.root)
        self.samples = self._samples(is_valid_file, allow_empty)
        self.targets = [target for _, target in self.samples]

    def find_classes(self, directory: str | os.PathLike[str]) -> tuple[list[str], dict[str, int]]:
        """(the classes' names, their numbers); a subclass may choose others."""
        folder = Path(directory)
        classes = sorted(p.name for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []
        if not classes:
            raise FileNotFoundError(
                f"{type(self).__name__}: {folder} holds no folders; put one folder for each class "
                "there, with its pictures in it"
            )
        return classes, {name: k for k, name in enumerate(classes)}

    def _samples(
        self, is_valid_file: Callable[[str], bool] | None, allow_empty: bool
    ) -> list[tuple[str, int]]:
        def counts(path: str) -> bool:
            if is_valid_file is not None:
                return is_valid_file(path)
            return path.lower().endswith(self.extensions or ())

        samples, empty = [], []
        for name in sorted(self.class_to_idx):
            walk = sorted(os.walk(os.path.join(self.root, name), followlinks=True))
            paths = [os.path.join(folder, f) for folder, _, files in walk for f in sorted(files)]
            kept = [(path, self.class_to_idx[name]) for path in paths if counts(path)]
            samples += kept
            if not kept:
                empty.append(name)
        if empty and not allow_empty:
            kinds = "" if self.extensions is None else f" (looked for {', '.join(self.extensions)})"
            raise FileNotFoundError(
                f"{type(self).__name__}: no files in {self.root} for {', '.join(empty)}{kinds}"
            )
        return samples

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        path, target = self.samples[index]
        sample = self.loader(path)
        if self.transform is not None:
            sample = self.transform(sample)
        return sample, target if self.target_transform is None else self.target_transform(target)

    def __len__(self) -> int:
        return len(self.samples)


class ImageFolder(DatasetFolder):
    """Pictures in one folder for each class. A sample is (Pillow image in RGB, class number)."""

    def __init__(
        self,
        root: str | os.PathLike[str],
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[int], Any] | None = None,
        loader: Callable[[str], Any] = default_loader,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> None:
        extensions = IMG_EXTENSIONS if is_valid_file is None else None
        super().__init__(
            root, loader, extensions, transform, target_transform, is_valid_file, allow_empty
        )
        self.imgs = self.samples
