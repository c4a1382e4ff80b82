"""Devices by name, the array library that an array belongs to, and moving arrays."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv.backend import array_module, device_of, library_of, to_device, to_numpy
from minitorch_cv.backend.cuda import is_available
from minitorch_cv.testing import fake_device


def test_names():
    assert str(mt.device("cpu")) == "cpu"
    assert str(mt.device("cuda", 1)) == "cuda:1" == mt.device("cuda:1")
    assert mt.device("cuda:1").index == 1 and mt.device("cuda").index is None
    assert mt.device(mt.device("cuda:2")) == mt.device("cuda:2")
    assert repr(mt.device("cuda:0")) == "device(type='cuda', index=0)"
    assert len({mt.device("cpu"), mt.device("cpu"), mt.device("cuda")}) == 2


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:x", "cuda:-1", "", "CPU"])
def test_names_of_no_device(name):
    with pytest.raises(ValueError, match="device: no such device"):
        mt.device(name)


def test_other_mistakes():
    with pytest.raises(TypeError, match="expects a name"):
        mt.device(0)
    with pytest.raises(ValueError, match="given twice"):
        mt.device("cuda:1", 1)


@pytest.mark.skipif(is_available(), reason="there is a GPU")
def test_cuda_without_a_gpu_is_one_clear_error():
    words = "device: cuda is not available on this machine: .*pip install .*; or use device='cpu'"
    with pytest.raises(ValueError, match=words):
        mt.ones(2, device="cuda")


def test_array_module_of_arrays_scalars_and_tensors():
    assert array_module(np.ones(2), 3, None) is np
    assert array_module() is np
    recording = array_module(mt.ones(2), np.ones(2))
    assert recording is not np and recording.exp is not np.exp
    assert library_of(3.0) is None and library_of(np.float32(1)) is None
    assert library_of(np.ones(2)).name == "cpu"


def test_array_module_of_two_devices_is_an_error():
    with fake_device() as fake:
        there = fake.library.from_numpy(np.ones(2))
        assert array_module(there) is fake.library.namespace
        with pytest.raises(TypeError, match="arrays lie on two devices .got cpu and fake."):
            array_module(np.ones(2), there)


def test_subclasses_are_known_by_their_base():
    class Mine(np.ndarray):
        pass

    assert library_of(np.ones(2).view(Mine)).name == "cpu"


def test_transfers():
    with fake_device() as fake:
        x = np.arange(3.0)
        assert to_device(x, mt.device("cpu")) is x
        there = to_device(x, mt.device("fake"))
        assert to_device(there, mt.device("fake")) is there
        assert device_of(there) == mt.device("fake", 0)
        back = to_numpy(there)
        back[0] = 7  # a copy
        np.testing.assert_array_equal(to_numpy(there), x)
        with pytest.raises(ValueError, match="fake:3 does not exist .there are 1 fake devices"):
            to_device(x, mt.device("fake:3"))
        assert fake.downloads == 2 and fake.uploads == 1


def test_the_fake_device_is_gone_afterwards():
    with fake_device():
        mt.ones(2).to("fake")
    with pytest.raises(ValueError, match="no such device"):
        mt.ones(2).to("fake")
