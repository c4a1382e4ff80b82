"""From a list of samples to a batch of Tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..backend.library import library_of


def default_collate(batch: Sequence[Any]) -> Any:
    """Stacks samples field by field: each field becomes one Tensor with a new first axis.

    Arrays and NumPy numbers keep their dtype; Python floats become float64 and ints int64, as in
    PyTorch; strings and bytes stay lists; tuples and lists become lists of fields, named tuples and
    dictionaries keep their names. Raises ValueError where samples differ in shape, length or keys,
    TypeError for what cannot be stacked.
    """
    first = batch[0]
    if is_tensor(first):
        return _stack(batch)
    if isinstance(first, (np.ndarray, np.generic, bool, int, float)):
        return to_tensor(_stack_arrays(batch))
    if isinstance(first, (str, bytes)):
        return list(batch)
    if isinstance(first, Mapping):
        _judge_keys(batch)
        return {key: default_collate([sample[key] for sample in batch]) for key in first}
    if isinstance(first, Sequence):
        if len({len(sample) for sample in batch}) > 1:
            raise ValueError(
                "default_collate: the samples of one batch differ in their number of fields "
                f"(got {[len(sample) for sample in batch]}); give the loader a collate_fn"
            )
        fields = [default_collate(field) for field in zip(*batch, strict=True)]
        return type(first)(*fields) if hasattr(first, "_fields") else fields
    hint = "use transforms.ToTensor()" if hasattr(first, "getbands") else "give it a collate_fn"
    raise TypeError(
        "default_collate: a batch holds arrays, Tensors, numbers, strings, tuples or dictionaries "
        f"(got {type(first).__name__}); {hint}"
    )


def default_convert(sample: Any) -> Any:
    """One sample with its arrays as Tensors; everything else stays as it is."""
    if isinstance(sample, (np.ndarray, np.generic)):
        return to_tensor(np.array(sample))
    if isinstance(sample, Mapping):
        return {key: default_convert(value) for key, value in sample.items()}
    if isinstance(sample, tuple) and hasattr(sample, "_fields"):
        return type(sample)(*map(default_convert, sample))
    if isinstance(sample, (tuple, list)):
        return [default_convert(value) for value in sample]
    return sample


def to_tensor(array: Any) -> Any:
    """An array as a Tensor that shares its memory; a Tensor as it is."""
    return _tensors().asarray(array)


def _tensors() -> Any:
    """NumPy's function names for Tensors. Only here does `data` look at the floor of Tensors, when
    the first batch is made: datasets, transforms and samplers know nothing but arrays."""
    from ..autograd import namespace

    return namespace


def is_tensor(value: Any) -> bool:
    library = library_of(value)
    return library is not None and library.record is not None


def _stack(tensors: Sequence[Any]) -> Any:
    _judge_shapes([tuple(tensor.shape) for tensor in tensors])
    xp = _tensors()
    if all(isinstance(t.array, np.ndarray) and not t.requires_grad for t in tensors):
        return to_tensor(np.stack([t.array for t in tensors]))
    return xp.concatenate([xp.expand_dims(tensor, 0) for tensor in tensors], 0)


def _stack_arrays(values: Sequence[Any]) -> np.ndarray:
    _judge_shapes([np.shape(value) for value in values])
    try:
        stacked = np.stack(values) if isinstance(values[0], np.ndarray) else np.array(values)
    except (TypeError, ValueError) as error:
        raise TypeError(f"default_collate: the samples cannot be stacked ({error})") from None
    if stacked.dtype.kind not in "fiub":
        raise TypeError(
            f"default_collate: arrays of dtype {stacked.dtype} cannot become Tensors; "
            "give the loader a collate_fn"
        )
    return stacked


def _judge_shapes(shapes: list[tuple[int, ...]]) -> None:
    odd = next((shape for shape in shapes if shape != shapes[0]), None)
    if odd is not None:
        raise ValueError(
            f"default_collate: the samples of one batch differ in shape (got {shapes[0]} and "
            f"{odd}); use transforms.Resize, or give the loader a collate_fn"
        )


def _judge_keys(batch: Sequence[Any]) -> None:
    odd = next((sample for sample in batch if set(sample) != set(batch[0])), None)
    if odd is not None:
        raise ValueError(
            f"default_collate: the samples of one batch differ in their keys (got "
            f"{sorted(map(str, batch[0]))} and {sorted(map(str, odd))}); give the loader a "
            "collate_fn"
        )
