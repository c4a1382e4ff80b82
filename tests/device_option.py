"""`pytest --device fake`: the same tests with another default device.

    pytest --device fake tests/nn          # the strict fake device; or cuda, with a GPU

New tensors lie on that device, and what the package does there is as strict as ever. Tests speak
NumPy, so their own hands reach across, and only theirs: what a test file reads with `.numpy()` or
`np.testing` is copied to the host for it, and an op that it calls on NumPy arrays runs on the
device, with arguments and results copied. Tests marked `cpu` are left out, with their reason.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv.backend import library_for
from minitorch_cv.backend.late import judged_at_once
from minitorch_cv.testing import checks_devices, fake_device, probes

NAME = "another device"  # of the plug-in
DEVICES = ("cpu", "fake", "cuda")
ROOMS = (
    "ops", "autograd", "nn", "optim", "models", "detection", "grid", "test_grid_gradients.py",
    "conftest.py",
)  # fmt: skip
# Functions of the package that may read a value of the device, and why. None of them is part of a
# training step; whoever adds one should ask whether it could stay there.
WAITS = {
    "autograd/engine.py: _stop_at_nan": "anomaly mode looks at every gradient",
    "autograd/function.py: forward": "the gradient of .to() crosses back",
    "autograd/functions.py: allclose": "answers True or False",
    "autograd/functions.py: equal": "answers True or False",
    "autograd/methods/indexing.py: in_range": "an index out of range is an IndexError",
    "autograd/methods/inplace.py: uniform_": "bounds that are tensors",
    "autograd/methods/layout.py: _repeated": "the numbers are the output's shape",
    "autograd/methods/scattering.py: _turns": "which places come twice",
    "autograd/methods/scattering.py: masked_scatter": "how many places the mask has",
    "autograd/methods/shaping.py: narrow": "a start that is a tensor",
    "autograd/methods/sorting.py: _median_of_all": "is there a NaN?",
    "autograd/methods/sorting.py: _quantile": "quantiles that are tensors are judged",
    "autograd/methods/sorting.py: mode": "counts are the shape of a table",
    "autograd/methods/statistics.py: _judge_weights": "counts below 0 are refused",
    "autograd/methods/statistics.py: bincount": "the largest number is the output's shape",
    "autograd/methods/statistics.py: histc": "bounds from the data",
    "autograd/operands.py: whole_divisor": "an integer divided by 0 is an error",
    "autograd/show.py: tensor_repr": "prints",
    "autograd/tensor.py: __reduce__": "pickles",
    "backend/late.py: judge": "these tests have values judged at once",
    "nn/activations/softmax.py: _judge": "adaptive softmax: labels are judged",
    "nn/activations/softmax.py: forward": "adaptive softmax: how many rows each cluster has",
    "nn/activations/softmax.py: predict": "adaptive softmax: which rows need a cluster",
    "nn/core/moving.py: move": "moves",
    "nn/core/state.py: _fitting": "loads",
    "nn/functional/loss/classes.py: one_hot": "num_classes=-1: the largest label is the shape",
    "nn/norms/batchnorm.py: forward": "momentum=None divides by a count that lies there",
    "nn/utils/clip_grad.py: get_total_norm": "error_if_nonfinite",
    "nn/utils/inference.py: _alike": "compares a network with its copy",
    "nn/functional/judging.py: complain": "says which label is wrong",
    "nn/functional/loss/probabilities.py: complain": "says which number is wrong",
    "optim/amp/grad_scaler.py: <listcomp>": "was there an infinity?",
    "optim/amp/grad_scaler.py: _get_growth_tracker": "asked for",
    "optim/amp/grad_scaler.py: get_scale": "asked for",
    "optim/lr_scheduler/plateau.py: step": "compares a loss with the best one",
    "optim/options.py: judge_number": "an option that is a tensor",
    "optim/sgd.py: update": "a learning rate that is a tensor",
    "optim/swa_utils/model.py: <listcomp>": "moves models between devices",
    "optim/swa_utils/model.py: __init__": "moves models between devices",
    "optim/swa_utils/model.py: update_parameters": "is this the first model?",
}
_TESTS = str(Path(__file__).resolve().parent) + os.sep
_CHECKS = tuple(
    str(Path(probes.__file__).with_name(f"{name}.py"))
    for name in ("probes", "checks_values", "checks_gradients")
)
_BOTH_DEVICES = checks_devices.__file__  # compares the CPU with another device: both as they are
_NUMPY = str(Path(np.__file__).parent) + os.sep


def add_option(parser: Any) -> None:
    """--device"""
    parser.addoption(
        "--device", choices=DEVICES, default="cpu",
        help="the device of new tensors; tests marked cpu are left out on any other",
    )  # fmt: skip


class OnDevice:
    """The plug-in of a run on another device: from before tests are collected until the end."""

    def __init__(self, name: str) -> None:
        self.name, self.counters = name, None
        self.of_workers: Counter[str] = Counter()
        if name == "fake":
            self.counters = fake_device().__enter__()
        try:
            self.library = library_for(mt.device(name))
        except ValueError as error:
            raise pytest.UsageError(f"--device {name}: {error}") from None
        mt.set_default_device(name)
        self.judging = judged_at_once()  # so that an error comes from the call that it is about
        self.judging.__enter__()
        _reach_across(self.library)

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Tests of other rooms are not about where tensors lie."""
        below = str(collection_path).removeprefix(_TESTS)
        if below == str(collection_path):  # the folder of all tests, or above it
            return None
        return None if below.split(os.sep)[0] in ROOMS else True

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        for item in items:
            mark = item.get_closest_marker("cpu")
            if mark is not None:
                reason = f"about the CPU: {mark.args[0]}"
                item.add_marker(pytest.mark.skip(reason=reason))

    def waits(self) -> Counter[str]:
        """Function of the package → how often it read a value of the fake device."""
        own = self.counters.inside if self.counters is not None else Counter()
        return own + self.of_workers

    def pytest_sessionfinish(self, session: Any) -> None:
        """A function that waits and is not in the list fails the run."""
        if hasattr(session.config, "workeroutput"):  # of pytest-xdist, to the process that reports
            session.config.workeroutput["waits"] = dict(self.waits())
        elif set(self.waits()) - set(WAITS):
            session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self.of_workers.update(getattr(node, "workeroutput", {}).get("waits", {}))

    @pytest.fixture(autouse=True)
    def _default_device(self) -> Iterator[None]:
        """Each test starts on the device, whatever the one before it left behind."""
        mt.set_default_device(self.name)
        yield


def caller_is_a_test() -> bool:
    """Was the function that asks called by a test file, or an op check, be it through NumPy?"""
    frame: Any = sys._getframe(2)
    while frame is not None and frame.f_code.co_filename.startswith(_NUMPY):
        frame = frame.f_back
    if frame is None or not frame.f_code.co_filename.startswith((_TESTS, *_CHECKS)):
        return False
    while frame is not None and frame.f_code.co_filename != _BOTH_DEVICES:
        frame = frame.f_back
    return frame is None


def _reach_across(library: Any) -> None:
    """Tensor.numpy, and ops on NumPy arrays, for callers in test files."""
    from minitorch_cv.autograd import Tensor
    from minitorch_cv.ops.op import Op

    numpy, as_array = Tensor.numpy, Tensor.__array__
    run, differentiate = Op.run, Op.differentiate

    def numpy_there(self: Any) -> Any:
        return numpy(self.cpu() if caller_is_a_test() else self)

    def as_array_there(self: Any, *args: Any, **kwargs: Any) -> Any:
        return as_array(self.cpu() if caller_is_a_test() else self, *args, **kwargs)

    def run_there(self: Any, arrays: Any, params: Any) -> Any:
        if not caller_is_a_test():
            return run(self, arrays, params)
        carried = Carried(library)
        return carried.back(run(self, carried.arrays(arrays), carried.there(params)))

    def call_there(self: Any, *arrays: Any, **params: Any) -> Any:
        if not caller_is_a_test() or any(isinstance(x, Tensor) for x in arrays):
            return call(self, *arrays, **params)
        carried = Carried(library)
        return carried.back(run(self, carried.arrays(arrays), carried.there(params))[0])

    def differentiate_there(self: Any, gy: Any, saved: Any, needs: Any) -> Any:
        if not caller_is_a_test():
            return differentiate(self, gy, saved, needs)
        carried = Carried(library)
        (gy,), kept = carried.arrays((gy,)), carried.there(saved)
        return carried.back(differentiate(self, gy, kept, needs))

    call = Op.__call__
    Tensor.numpy, Tensor.__array__ = numpy_there, as_array_there
    Op.run, Op.__call__, Op.differentiate = run_there, call_there, differentiate_there


class Carried:
    """Arrays carried to the device and back; the ones that went come back as what they were."""

    def __init__(self, library: Any) -> None:
        self.library = library
        self.pairs: dict[int, tuple[Any, Any]] = {}  # id → (array on the device, NumPy array)

    def arrays(self, values: Any) -> tuple[Any, ...]:
        """Inputs of an op on the device, also the scalars that NumPy makes of 0-d arrays."""
        return tuple(self.there(np.asarray(x) if isinstance(x, np.generic) else x) for x in values)

    def there(self, value: Any) -> Any:
        """The same structure, with NumPy arrays on the device."""
        if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
            moved = self.library.from_numpy(value)
            self.pairs[id(moved)] = (moved, value)
            return moved
        return self._each(value, self.there)

    def back(self, value: Any) -> Any:
        """The same structure, with arrays of the device as NumPy arrays."""
        if isinstance(value, self.library.array_type):
            if id(value) not in self.pairs:
                self.pairs[id(value)] = (value, self.library.to_numpy(value))
            return self.pairs[id(value)][1]
        return self._each(value, self.back)

    def _each(self, value: Any, change: Any) -> Any:
        if isinstance(value, dict):
            return {key: change(item) for key, item in value.items()}
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return type(value)(*map(change, value))
        return type(value)(map(change, value)) if type(value) in (tuple, list) else value


def summarise(terminalreporter: Any) -> None:
    """On the fake device: which functions of the package read values there, and so waited."""
    plugin = terminalreporter.config.pluginmanager.get_plugin(NAME)
    for place, count in sorted(plugin.waits().items() if plugin is not None else ()):
        known = WAITS.get(place, "NOT IN THE LIST of tests/device_option.py: should it wait?")
        terminalreporter.write_line(f"waited for the device {count} times: {place} ({known})")
