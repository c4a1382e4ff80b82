"""Transforms made of transforms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .images import draw, draw_order


class Compose:
    """One transform after the other."""

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        self.transforms = list(transforms)

    def __call__(self, img: Any) -> Any:
        for transform in self.transforms:
            img = transform(img)
        return img

    def __repr__(self) -> str:
        lines = "".join(f"\n    {transform}" for transform in self.transforms)
        return f"{type(self).__name__}({lines}\n)"


class Lambda:
    """A function of one's own. Raises TypeError for what cannot be called."""

    def __init__(self, lambd: Callable[[Any], Any]) -> None:
        if not callable(lambd):
            raise TypeError(f"Lambda: expects a function (got {type(lambd).__name__})")
        self.lambd = lambd

    def __call__(self, img: Any) -> Any:
        return self.lambd(img)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class RandomApply(Compose):
    """All of the transforms with probability p, else none of them."""

    def __init__(self, transforms: Sequence[Callable[[Any], Any]], p: float = 0.5) -> None:
        super().__init__(transforms)
        self.p = p

    def __call__(self, img: Any) -> Any:
        return img if self.p < draw() else super().__call__(img)

    def __repr__(self) -> str:
        lines = "".join(f"\n    {transform}" for transform in self.transforms)
        return f"{type(self).__name__}(\n    p={self.p}{lines}\n)"


class RandomOrder(Compose):
    """All of the transforms in random order."""

    def __call__(self, img: Any) -> Any:
        for k in draw_order(len(self.transforms)):
            img = self.transforms[k](img)
        return img


class RandomChoice(Compose):
    """One of the transforms, each equally likely or as the weights p say."""

    def __init__(
        self, transforms: Sequence[Callable[[Any], Any]], p: Sequence[float] | None = None
    ) -> None:
        super().__init__(transforms)
        if p is not None and len(p) != len(self.transforms):
            raise ValueError(
                f"RandomChoice: a weight for each transform (got {len(p)} for "
                f"{len(self.transforms)})"
            )
        self.p = p

    def __call__(self, img: Any) -> Any:
        weights = [1.0] * len(self.transforms) if self.p is None else list(self.p)
        left = draw() * sum(weights)
        chosen = len(weights) - 1
        for k, weight in enumerate(weights):
            left -= weight
            if left < 0:
                chosen = k
                break
        return self.transforms[chosen](img)

    def __repr__(self) -> str:
        return f"{super().__repr__()}(p={self.p})"
