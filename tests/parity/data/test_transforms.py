"""Transforms beside torchvision's: Pillow images byte for byte, planes to rounding."""

import sys
from pathlib import Path

import numpy as np
import pytest

from minitorch_cv.data import transforms as ours
from minitorch_cv.data.transforms import functional as F

sys.path.insert(0, str(Path(__file__).parents[1] / "models"))
from beside_torchvision import torchvision_models  # noqa: E402

torch = pytest.importorskip("torch")
Image = pytest.importorskip("PIL.Image")

RNG = np.random.default_rng(0)
BYTES = RNG.integers(0, 256, (19, 26, 3), dtype=np.uint8)
SMOOTH = np.stack(
    [np.add.outer(np.arange(19) * k, np.arange(26) * (5 - k)) for k in (1, 2, 4)], -1
).astype(np.uint8)


@pytest.fixture(scope="module")
def theirs():
    torchvision_models()
    from torchvision import transforms

    return transforms


FUNCTIONS = {
    "resize": [
        dict(size=12), dict(size=[30, 17]), dict(size=40), dict(size=[7, 5], interpolation=0),
        dict(size=11, interpolation=3), dict(size=[33, 44], interpolation=3),
        dict(size=18, max_size=20), dict(size=19),
    ],
    "pad": [
        dict(padding=3), dict(padding=[2, 4], fill=7), dict(padding=[1, 2, 3, 4]),
        dict(padding=2, padding_mode="edge"), dict(padding=2, padding_mode="reflect"),
        dict(padding=[3, 1, 0, 2], padding_mode="symmetric"),
    ],
    "crop": [dict(top=2, left=3, height=8, width=9), dict(top=-2, left=20, height=9, width=12)],
    "center_crop": [dict(output_size=[8, 11]), dict(output_size=9), dict(output_size=[30, 7]),
                    dict(output_size=[30, 31])],
    "resized_crop": [dict(top=1, left=2, height=15, width=12, size=[8, 8])],
    "hflip": [{}],
    "vflip": [{}],
    "five_crop": [dict(size=[7, 8])],
    "ten_crop": [dict(size=7), dict(size=[7, 8], vertical_flip=True)],
    "rgb_to_grayscale": [dict(num_output_channels=1), dict(num_output_channels=3)],
    "adjust_brightness": [dict(brightness_factor=f) for f in (0, 0.4, 1, 1.7)],
    "adjust_contrast": [dict(contrast_factor=f) for f in (0, 0.4, 1, 1.7)],
    "adjust_saturation": [dict(saturation_factor=f) for f in (0, 0.4, 1, 1.7)],
    "adjust_hue": [dict(hue_factor=f) for f in (-0.5, -0.13, 0, 0.3)],
    "adjust_gamma": [dict(gamma=0.7), dict(gamma=2.2, gain=0.9)],
    "rotate": [
        dict(angle=30), dict(angle=-77.5, expand=True), dict(angle=90, expand=True),
        dict(angle=15, center=[3, 4], fill=[9]), dict(angle=33, interpolation=2, fill=[1, 2, 3]),
    ],
    "affine": [
        dict(angle=12, translate=[2, -3], scale=1.2, shear=[5.0, -3.0]),
        dict(angle=-40, translate=[0, 1], scale=0.7, shear=[0.0], interpolation=2, fill=[5]),
    ],
}  # fmt: skip
CASES = [(name, case) for name, cases in FUNCTIONS.items() for case in cases]
IDS = [f"{name}-{','.join(f'{k}={v}' for k, v in case.items())}" for name, case in CASES]


def images(value):
    return value if isinstance(value, tuple) else (value,)


def mode(library, case):
    """The same arguments with the library's own interpolation mode in place of Pillow's number."""
    if "interpolation" not in case:
        return case
    names = {0: "NEAREST", 2: "BILINEAR", 3: "BICUBIC"}
    return {**case, "interpolation": library.InterpolationMode[names[case["interpolation"]]]}


@pytest.mark.parametrize(("name", "case"), CASES, ids=IDS)
@pytest.mark.parametrize("picture", [BYTES, SMOOTH], ids=["noise", "smooth"])
def test_pillow_images(theirs, name, case, picture):
    got = getattr(F, name)(Image.fromarray(picture), **mode(ours, case))
    wanted = getattr(theirs.functional, name)(Image.fromarray(picture), **mode(theirs, case))
    for mine, other in zip(images(got), images(wanted), strict=True):
        assert mine.mode == other.mode
        np.testing.assert_array_equal(np.asarray(mine), np.asarray(other))


@pytest.mark.parametrize(("name", "case"), CASES, ids=IDS)
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
@pytest.mark.parametrize("picture", [BYTES, SMOOTH], ids=["noise", "smooth"])
def test_planes(theirs, name, case, dtype, picture):
    planes = np.ascontiguousarray(picture.transpose(2, 0, 1))
    if dtype != "uint8":
        planes = (planes / 255).astype(dtype)
    got = getattr(F, name)(planes, **mode(ours, case))
    wanted = getattr(theirs.functional, name)(torch.tensor(planes), **mode(theirs, case))
    for mine, other in zip(images(got), images(wanted), strict=True):
        assert mine.dtype == other.numpy().dtype and mine.shape == tuple(other.shape)
        if dtype == "uint8":  # a value on the edge of two bytes may fall to either side
            apart = np.abs(mine.astype(int) - other.numpy().astype(int))
            assert apart.max() <= 1 and (apart > 0).mean() <= 0.01
        else:
            np.testing.assert_allclose(mine, other.numpy(), rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("way", ["NEAREST", "NEAREST_EXACT", "BILINEAR", "BICUBIC"])
@pytest.mark.parametrize("size", [[9, 40], [19, 13], [37, 5]])
def test_resize_of_planes(theirs, antialias, way, size):
    x = RNG.random((2, 3, 19, 26))
    got = F.resize(x, size, ours.InterpolationMode[way], antialias=antialias)
    wanted = theirs.functional.resize(
        torch.tensor(x), size, theirs.InterpolationMode[way], antialias=antialias
    )
    np.testing.assert_allclose(got, wanted.numpy(), rtol=1e-9, atol=1e-12)


def test_to_tensor_and_back(theirs):
    for picture in (Image.fromarray(BYTES), Image.fromarray(BYTES[..., 0]), BYTES, BYTES[..., 0]):
        wanted = theirs.ToTensor()(picture).numpy()
        got = ours.ToTensor()(picture)
        assert got.dtype == wanted.dtype
        np.testing.assert_array_equal(got, wanted)
    for mode in ("1", "I", "F", "RGBA", "LA"):
        picture = Image.fromarray(BYTES).convert(mode if mode != "LA" else "L").convert(mode)
        wanted = theirs.functional.pil_to_tensor(picture).numpy()
        wanted = wanted * 255 if mode == "1" else wanted
        np.testing.assert_array_equal(F.pil_to_tensor(picture), wanted)
    planes = RNG.random((3, 5, 6)).astype(np.float32)
    import minitorch_cv as mt

    got = ours.ToPILImage()(mt.tensor(planes))
    np.testing.assert_array_equal(
        np.asarray(got), np.asarray(theirs.ToPILImage()(torch.tensor(planes)))
    )


@pytest.mark.parametrize("pair", [("uint8", "float32"), ("float32", "uint8"), ("uint8", "int16"),
                                  ("int16", "uint8"), ("float64", "float32")])  # fmt: skip
def test_convert_image_dtype(theirs, pair):
    x = BYTES.astype(pair[0]) / 255 if pair[0].startswith("f") else BYTES.astype(pair[0]) // 2
    x = x.astype(pair[0])
    wanted = theirs.functional.convert_image_dtype(torch.tensor(x), getattr(torch, pair[1]))
    got = F.convert_image_dtype(x, pair[1])
    assert str(got.dtype) == pair[1]
    np.testing.assert_allclose(got, wanted.numpy(), rtol=1e-6)


REPRS = [
    ("Resize", (256,), {}), ("Resize", ((4, 5), 3), {}), ("CenterCrop", (224,), {}),
    ("RandomCrop", (32,), dict(padding=4)), ("RandomHorizontalFlip", (), {}), ("ToTensor", (), {}),
    ("Normalize", ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)), {}), ("Pad", (2,), {}),
    ("RandomResizedCrop", (224,), {}), ("ColorJitter", (0.2, 0.3, (0.5, 0.7), 0.1), {}),
    ("RandomRotation", (15,), {}), ("RandomErasing", (), {}), ("Grayscale", (), {}),
    ("RandomGrayscale", (), {}), ("FiveCrop", (5,), {}), ("TenCrop", (5,), {}),
    ("ToPILImage", (), {}), ("PILToTensor", (), {}), ("RandomVerticalFlip", (0.3,), {}),
    ("RandomAffine", (10,), dict(translate=(0.1, 0.2), scale=(0.5, 2), shear=3)),
    ("Lambda", (abs,), {}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "args", "named"), REPRS, ids=[row[0] for row in REPRS])
def test_written_as_torchvision_writes_them(theirs, name, args, named):
    mine, other = getattr(ours, name)(*args, **named), getattr(theirs, name)(*args, **named)
    assert repr(mine) == repr(other)
    assert repr(ours.Compose([mine, mine])) == repr(theirs.Compose([other, other]))
    assert repr(ours.RandomApply([mine], 0.3)) == repr(theirs.RandomApply([other], 0.3))


def spread(draws):
    return np.array(draws, float).mean(), np.array(draws, float).std()


@pytest.mark.parametrize("column", range(4))
def test_random_rectangles_are_spread_alike(theirs, column):
    """The draws differ, their distribution does not."""
    x = torch.zeros(3, 40, 60)
    mine = [ours.RandomResizedCrop.get_params(x.numpy(), (0.08, 1), (0.75, 4 / 3))[column]
            for _ in range(2000)]  # fmt: skip
    other = [theirs.RandomResizedCrop.get_params(x, [0.08, 1], [0.75, 4 / 3])[column]
             for _ in range(2000)]  # fmt: skip
    (a, s), (b, t) = spread(mine), spread(other)
    assert abs(a - b) < 5 * s / 2000**0.5 * 1.5 and abs(s / t - 1) < 0.15
