"""RoI functions and layers: boxes as one Tensor or as a list, what is refused, gradients."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import detection

BOXES = [[[0.0, 0, 4, 4], [1, 1, 6, 5]], [[2.0, 2, 5, 5]]]
WITH_IMAGES = [[0.0, *BOXES[0][0]], [0, *BOXES[0][1]], [1, *BOXES[1][0]]]
FUNCTIONS = pytest.mark.parametrize("name", ["roi_pool", "roi_align"])


def image(**options):
    x = np.random.default_rng(0).normal(size=(2, 3, 6, 7))
    return mt.tensor(x, dtype=mt.float64, **options)


def listed():
    return [mt.tensor(those, dtype=mt.float64) for those in BOXES]


@FUNCTIONS
def test_a_list_is_the_same_as_a_tensor(name):
    pool = getattr(detection, name)
    y = pool(image(), listed(), (2, 3), 0.5)
    assert y.shape == (3, 3, 2, 3)
    same = pool(image(), mt.tensor(WITH_IMAGES, dtype=mt.float64), (2, 3), 0.5)
    np.testing.assert_array_equal(y.numpy(), same.numpy())
    np.testing.assert_array_equal(y.numpy(), pool(image(), tuple(listed()), (2, 3), 0.5).numpy())


@FUNCTIONS
def test_images_without_boxes(name):
    pool, none = getattr(detection, name), mt.zeros(0, 4, dtype=mt.float64)
    assert pool(image(), [none, none], 2).shape == (0, 3, 2, 2)
    assert pool(image(), [none, listed()[1]], 2).shape == (1, 3, 2, 2)
    assert pool(image(), mt.zeros(0, 5, dtype=mt.float64), 2).shape == (0, 3, 2, 2)


@FUNCTIONS
def test_what_is_refused(name):
    pool = getattr(detection, name)
    three = mt.zeros(3, 3, dtype=mt.float64)

    def refuses(error, words, *arguments):
        with pytest.raises(error, match=f"^{name}: {words}"):
            pool(*arguments)

    refuses(ValueError, "the list of boxes is empty", image(), [], 2)
    refuses(ValueError, r"boxes are \(R, 5\).*got \(3, 3\)", image(), three, 2)
    refuses(ValueError, r"boxes\[1\] is \(L, 4\)", image(), [listed()[0], three], 2)
    refuses(ValueError, "a box lies on an image that does not", image(), listed() * 2, 2)
    for number in (2.0, -1.0, np.nan):
        boxes = mt.tensor([[number, 0, 0, 1, 1]], dtype=mt.float64)
        refuses(ValueError, "a box lies on an image that does not", image(), boxes, 2)
    refuses(ValueError, "images are", image()[0], listed(), 2)
    refuses(TypeError, "x must be of a float dtype", image().long(), listed(), 2)
    refuses(TypeError, "boxes must be of a float dtype", image(), [b.long() for b in listed()], 2)
    refuses(TypeError, "inputs are of different dtypes", image(), [b.float() for b in listed()], 2)
    refuses(TypeError, "input is a Tensor", image().numpy(), listed(), 2)
    refuses(TypeError, "boxes is a Tensor", image(), None, 2)
    refuses(TypeError, r"boxes\[0\] is a Tensor", image(), BOXES, 2)


def test_layers_are_the_functions():
    x, boxes = image(), listed()
    pool = detection.RoIPool(2, spatial_scale=0.5)
    np.testing.assert_array_equal(
        pool(x, boxes).numpy(), detection.roi_pool(x, boxes, 2, 0.5).numpy()
    )
    align = detection.RoIAlign((2, 1), 0.5, 2, aligned=True)
    np.testing.assert_array_equal(
        align(x, boxes).numpy(), detection.roi_align(x, boxes, (2, 1), 0.5, 2, True).numpy()
    )
    assert repr(pool) == "RoIPool(output_size=2, spatial_scale=0.5)"
    assert repr(align) == (
        "RoIAlign(output_size=(2, 1), spatial_scale=0.5, sampling_ratio=2, aligned=True)"
    )


@FUNCTIONS
def test_gradients_go_to_the_image_alone(name):
    x, boxes = image(requires_grad=True), mt.tensor(WITH_IMAGES, dtype=mt.float64)
    y = getattr(detection, name)(x, boxes.requires_grad_(), 2)
    y.sum().backward()
    assert boxes.grad is None
    np.testing.assert_allclose(x.grad.sum().item(), y.numel())


def test_roi_align_has_a_second_derivative():
    """It is linear in x: the gradient of ½ ⟨y, y⟩ has itself a gradient."""
    x = image(requires_grad=True)
    assert mt.testing.gradgradcheck(
        lambda x: (detection.roi_align(x, listed(), 2, sampling_ratio=2) ** 2).sum(), [x]
    )
