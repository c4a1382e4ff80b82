"""The operator cases of the ONNX project, with inputs and outputs that others made.

mapping.py says which function each operator is, and which cases are left out for what reason;
docs/onnx.md is the table of both.
"""

import sys
from pathlib import Path

import numpy as np
import pytest

import minitorch_cv as mt

sys.path.insert(0, str(Path(__file__).resolve().parent))

from mapping import LEFT_OUT, ONE_FUNCTION, OPERATORS, Library, is_mapped, run  # noqa: E402
from reader import ROUNDED, Case, Node, case_names, read_cases  # noqa: E402

TOLERANCE = 1e-5  # of the larger of 1 and the expected value; the files hold float32
NAMES = case_names()


@pytest.fixture(scope="module")
def cases(data_dir):
    if not NAMES:
        pytest.skip(f"shared data is missing ({data_dir / 'onnx_node'})")
    return read_cases(data_dir / "onnx_node")


def assert_agrees(got, expected, digits=None):
    """digits: how many of `expected` are known behind the point, if not all."""
    got = got.detach().numpy()
    assert (got.dtype, got.shape) == (expected.dtype, expected.shape)
    scale = np.maximum(1, np.abs(expected.astype(np.float64)))
    unknown = 0 if digits is None else 0.5 * 10.0**-digits
    np.testing.assert_allclose(got / scale, expected / scale, rtol=0, atol=TOLERANCE + unknown)


def assert_case_agrees(case):
    outputs = run(case, mt, Library(mt))
    for name, expected in case.outputs.items():
        assert_agrees(outputs[name], expected, ROUNDED.get(case.name))


@pytest.mark.parametrize("name", [name for name in NAMES if name not in LEFT_OUT] or ["none"])
def test_a_case_agrees(cases, name):
    assert_case_agrees(cases[name])


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_is_left_out_could_not_have_been_kept(cases, name):
    with pytest.raises((NotImplementedError, AssertionError)):
        assert_case_agrees(cases[name])


@pytest.mark.parametrize("name", ONE_FUNCTION)
def test_a_graph_that_is_one_function_agrees(cases, name):
    case = cases[name]
    inputs = [mt.tensor(array) for array in case.inputs.values()]
    [expected] = case.outputs.values()
    assert_agrees(ONE_FUNCTION[name](Library(mt), *inputs), expected)


def test_each_case_is_either_mapped_or_left_out_for_a_reason(cases):
    assert len(cases) == len(NAMES) == 209
    assert set(LEFT_OUT) <= set(cases)
    mapped = {name for name, case in cases.items() if name not in LEFT_OUT and is_mapped(case)}
    assert sorted(mapped | set(LEFT_OUT)) == sorted(cases)
    assert [name for name, reason in LEFT_OUT.items() if not reason.endswith(".")] == []


def test_each_mapping_is_used(cases):
    assert set(OPERATORS) <= {node.op for case in cases.values() for node in case.nodes}


# The machinery: what would let a wrong mapping pass unseen.


def graph(**entry):
    node = Node({"in": ["x"], "out": ["y"], "attr": {}, **entry}, {"": 22})
    x = np.array([-1.0, 2.0], np.float32)
    return Case("made_up", [node], {"x": x}, {"y": np.maximum(x, 0)})


def test_a_wrong_value_goes_red():
    assert_case_agrees(graph(op="Relu"))
    with pytest.raises(AssertionError):
        assert_case_agrees(graph(op="Abs"))


def test_an_attribute_that_no_mapping_asks_for_goes_red():
    with pytest.raises(NotImplementedError, match="Relu has .*slope"):
        assert_case_agrees(graph(op="Relu", attr={"slope": 1.0}))


def test_an_output_that_no_mapping_gives_goes_red():
    with pytest.raises(NotImplementedError, match="gives 1 outputs"):
        assert_case_agrees(graph(op="Relu", out=["y", "mask"]))


def test_another_dtype_goes_red():
    with pytest.raises(AssertionError):
        assert_agrees(mt.tensor([1.0], dtype=mt.float64), np.array([1.0], np.float32))
