"""Boxes: areas, overlaps and formats that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import detection

BOXES = mt.tensor([[0.0, 0, 4, 2], [1, 1, 3, 5], [2, 2, 2, 2]])


def test_areas():
    assert detection.box_area(BOXES).tolist() == [8, 8, 0]
    assert detection.box_area(BOXES, "xywh").tolist() == [8, 15, 4]
    large = mt.tensor([[0, 0, 100, 100]], dtype=mt.int8)
    assert detection.box_area(large).tolist() == [10000]
    half = mt.tensor([[0, 0, 600, 600]], dtype=mt.float16)
    assert detection.box_area(half).tolist() == [360000]


def test_overlaps():
    iou = detection.box_iou(BOXES, BOXES[:2])
    np.testing.assert_allclose(iou.numpy(), [[1, 2 / 14], [2 / 14, 1], [0, 0]], rtol=1e-6)
    assert np.isnan(detection.box_iou(BOXES[2:], BOXES[2:]).numpy()).all()
    boxes = mt.tensor([[0, 0, 4, 2], [1, 1, 3, 5]])
    np.testing.assert_allclose(detection.box_iou(boxes, boxes).numpy(), iou.numpy()[:2], rtol=1e-6)
    batches = BOXES.reshape(1, 3, 4).expand(5, 3, 4)
    assert detection.box_iou(batches, batches[:, :2]).shape == (5, 3, 2)


@pytest.mark.parametrize("fmt", ["xywh", "cxcywh"])
def test_formats(fmt):
    other = detection.box_convert(BOXES, "xyxy", fmt)
    first = {"xywh": [0, 0, 4, 2], "cxcywh": [2, 1, 4, 2]}[fmt]
    assert other[0].tolist() == first
    np.testing.assert_array_equal(detection.box_convert(other, fmt, "xyxy").numpy(), BOXES.numpy())
    np.testing.assert_allclose(
        detection.box_iou(other, other, fmt).numpy(), detection.box_iou(BOXES, BOXES).numpy()
    )
    both = detection.box_convert(detection.box_convert(other, fmt, "cxcywh"), "cxcywh", "xywh")
    np.testing.assert_array_equal(
        both.numpy(), detection.box_convert(BOXES, "xyxy", "xywh").numpy()
    )
    same = detection.box_convert(other, fmt, fmt)
    assert same is not other and same.tolist() == other.tolist()


def test_cut_off_at_the_edges():
    boxes = mt.tensor([[-3.0, -1, 9, 9], [1, 2, 3, 4], [8, 8, 9, 9]])
    got = detection.clip_boxes_to_image(boxes, (5, 7))
    assert got.tolist() == [[0, 0, 7, 5], [1, 2, 3, 4], [7, 5, 7, 5]]


def test_small_boxes():
    assert detection.remove_small_boxes(BOXES, 2).tolist() == [0, 1]
    assert detection.remove_small_boxes(BOXES, 2.5).tolist() == []
    assert detection.remove_small_boxes(BOXES, 0).dtype == mt.int64


def test_gradients():
    boxes = mt.tensor(BOXES[:2].numpy().astype(float) + 0.1, dtype=mt.float64, requires_grad=True)
    other = mt.tensor([[0.5, 0.2, 3.3, 3.8]], dtype=mt.float64, requires_grad=True)
    assert mt.testing.gradcheck(detection.box_iou, [boxes, other])
    assert mt.testing.gradcheck(detection.box_area, [boxes])


def test_what_is_refused():
    with pytest.raises(ValueError, match=r"box_area: boxes is \(…, 4\)"):
        detection.box_area(BOXES[:, :3])
    with pytest.raises(ValueError, match="box_iou: fmt is one of xyxy, xywh, cxcywh"):
        detection.box_iou(BOXES, BOXES, "yxyx")
    with pytest.raises(ValueError, match="box_convert: out_fmt is one of"):
        detection.box_convert(BOXES, "xyxy", "xy")
    with pytest.raises(TypeError, match="box_iou: boxes2 is a Tensor"):
        detection.box_iou(BOXES, None)
