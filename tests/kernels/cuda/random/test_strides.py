"""More numbers than one round of the grid draws."""

from __future__ import annotations

import numpy as np
from minitorch_cv.kernels.cuda import launch
from minitorch_cv.kernels.cuda.random.dropout import draw_mask

from minitorch_cv.backend.random import Generator
from minitorch_cv.testing.cuda_emulator import emulated_cuda


def test_one_block(order, monkeypatch):
    monkeypatch.setattr(launch, "MOST_BLOCKS", 1)
    generator = Generator(7)
    state = generator.get_state()
    device = emulated_cuda(order)
    with device:
        model = device.library.from_numpy(np.zeros(1, np.float32))
        mask = draw_mask(model, (5000,), 0.4, state).get()
    np.testing.assert_array_equal(mask, generator.rand((5000,)) >= 0.4)
