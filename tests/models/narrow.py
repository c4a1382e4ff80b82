"""Small copies of networks: the same layers and names, fewer channels, fewer blocks."""

import contextlib
import functools
import inspect
from unittest import mock


@contextlib.contextmanager
def narrow(library, factor):
    """All layers that are built inside have 1 / factor of their channels, the image's three aside.

    The wiring of a network stays, and so do its depth and the names of its weights.
    """

    def less(number):
        return number if number <= 4 else max(1, number // factor)

    def conv(original):
        def init(self, in_channels, out_channels, *args, **kwargs):
            kwargs |= dict(zip(("kernel_size", "stride", "padding"), args, strict=False))
            kwargs |= dict(zip(("dilation", "groups", "bias"), args[3:], strict=False))
            kwargs["groups"] = max(1, kwargs.get("groups", 1) // factor)
            original(self, less(in_channels), less(out_channels), **kwargs)

        return init

    def linear(original):
        def init(self, in_features, out_features, *args, **kwargs):
            original(self, less(in_features), less(out_features), *args, **kwargs)

        return init

    def norm(original):
        def init(self, num_features, *args, **kwargs):
            original(self, less(num_features), *args, **kwargs)

        return init

    with contextlib.ExitStack() as stack:
        for name, change in (("Conv2d", conv), ("Linear", linear), ("BatchNorm2d", norm)):
            layer = getattr(library.nn, name)
            changed = change(layer.__init__)
            stack.enter_context(mock.patch.object(layer, "__init__", changed))
        yield


@contextlib.contextmanager
def shallow(models, blocks=1):
    """Residual and dense networks that are built inside have at most `blocks` blocks in each stage.

    The kinds of blocks stay, and so does what stands before, between and behind the stages.
    """

    def fewer(original):
        places = inspect.signature(original)

        @functools.wraps(original)  # what it may be called with is asked for
        def init(*args, **kwargs):
            given = places.bind(*args, **kwargs).arguments
            kwargs = {**given.pop("kwargs", {})}
            for name in {"layers", "num_blocks", "block_config"} & set(given):
                given[name] = tuple(min(number, blocks) for number in given[name])
            if "depth" in given:
                given["depth"] = 4 + 6 * blocks  # of 6 n + 4 and of 3 n + 4 layers
            original(**given, **kwargs)

        return init

    kinds = [models.ResNet, models.resnet.lecture.LectureResNet, models.CifarResNet]
    kinds += [models.PreActResNet, models.DenseNet, models.CifarDenseNet]
    with contextlib.ExitStack() as stack:
        for kind in kinds:
            stack.enter_context(mock.patch.object(kind, "__init__", fewer(kind.__init__)))
        yield
