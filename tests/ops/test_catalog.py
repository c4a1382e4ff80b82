"""The catalog knows every op by its one name."""

from __future__ import annotations

import importlib

import pytest

from minitorch_cv.ops.catalog import all_ops, module_of, op_named, op_names
from minitorch_cv.ops.op import Op


def test_names_are_sorted_and_unique():
    names = op_names()
    assert names == sorted(set(names))
    assert {"conv", "exp", "add", "relu", "max_pool", "batch_norm"} <= set(names)


@pytest.mark.parametrize("name", op_names())
def test_an_op_bears_its_name_and_lives_in_its_module(name):
    op = op_named(name)
    assert isinstance(op, Op) and op.name == name
    module = importlib.import_module(f"minitorch_cv.ops.{module_of(name)}")
    assert op.source == module.__file__


def test_all_ops_are_those_names():
    assert [op.name for op in all_ops()] == op_names()


def test_an_unknown_name_gets_the_nearest_ones():
    with pytest.raises(ValueError, match="no op is called 'conv2'; did you mean conv2d"):
        op_named("conv2")
    with pytest.raises(ValueError, match="there are: abs, "):
        op_named("xxxxxxxxxxx")
    with pytest.raises(ValueError, match="no op is called 'convolve'"):
        module_of("convolve")
