"""Converters from the words of a command line to values."""

from __future__ import annotations

import argparse
import ast
from collections.abc import Callable
from typing import Any


def images(text: str) -> tuple[int, ...]:
    """A converter for N,C,H,W."""
    return _sizes(text, "four", "N,C,H,W")


def image(text: str) -> tuple[int, ...]:
    """A converter for C,H,W."""
    return _sizes(text, "three", "C,H,W")


def sizes(text: str) -> tuple[int, ...]:
    """A converter for one or more sizes, such as 224,256,288."""
    return tuple(whole(1)(part) for part in text.split(","))


def option(text: str) -> tuple[str, Any]:
    """A converter for NAME=VALUE: numbers, True, False, None and tuples of them; else a word."""
    name, sign, value = text.partition("=")
    if not sign or not name.isidentifier():
        raise argparse.ArgumentTypeError(f"expects NAME=VALUE (got {text!r})")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value


def _sizes(text: str, count: str, names: str) -> tuple[int, ...]:
    try:
        sizes = tuple(int(part) for part in text.split(","))
    except ValueError:
        sizes = ()
    if len(sizes) != len(names.split(",")) or min(sizes) < 1:
        raise argparse.ArgumentTypeError(f"expects {count} whole numbers {names} (got {text!r})")
    return sizes


def whole(low: int) -> Callable[[str], int]:
    """A converter for whole numbers of at least `low`."""

    def convert(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if value < low:
            raise argparse.ArgumentTypeError(f"expects a whole number ≥ {low} (got {text!r})")
        return value

    return convert


def number(text: str) -> float:
    """A converter for finite numbers of at least 0."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"expects a finite number ≥ 0 (got {text!r})")
    return value


def percent(text: str) -> float:
    """A converter for percentages."""
    value = number(text)
    if value > 100:
        raise argparse.ArgumentTypeError(f"expects a percentage, 0 … 100 (got {text!r})")
    return value
