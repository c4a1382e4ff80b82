"""What the comparison with torchvision needs: torchvision itself, drawn weights, one step.

torchvision declares its compiled ops when it is imported; beside a CPU build of PyTorch from
another place they are missing, and so they are declared here first. No model calls them.
"""

import contextlib
from unittest import mock

import numpy as np
import pytest

torch = pytest.importorskip("torch")


def torchvision_models():
    """torchvision.models; the test is skipped where torchvision is not installed."""
    import importlib.util

    if importlib.util.find_spec("torchvision") is None:
        pytest.skip("torchvision is not installed")
    try:
        import torchvision
    except (RuntimeError, AttributeError):
        _declare_ops()
        import torchvision
    return torchvision.models


def _declare_ops():
    for name, form in (
        ("nms", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"),
        ("roi_align", "(Tensor a, Tensor b, float c, SymInt d, SymInt e, int f, bool g) -> Tensor"),
    ):
        torch.library.define(f"torchvision::{name}", form)
    one = ("qnms", "_roi_align_backward", "deform_conv2d", "_deform_conv2d_backward")
    pools = ("ps_roi_align", "ps_roi_pool", "roi_pool")
    for name in (*one, *pools, *(f"_{pool}_backward" for pool in pools)):
        torch.library.define(f"torchvision::{name}", "(Tensor a) -> Tensor")


@contextlib.contextmanager
def smooth(library):
    """Every ReLU is x σ(x) inside.

    In a deep network that trains, float32's rounding grows until some ReLU tips over, in PyTorch
    as in ours; what then differs says nothing about either. Without kinks the rounding can be seen.
    """

    def bent(x, *args, **kwargs):
        return x * x.sigmoid()

    with contextlib.ExitStack() as stack:
        for name in ("relu", "relu6", "hardtanh"):
            stack.enter_context(mock.patch.object(library.nn.functional, name, bent))
        if hasattr(library.nn.functional, "add_relu"):
            bent_sum = mock.patch.object(
                library.nn.functional, "add_relu", lambda x, other: bent(x + other)
            )
            stack.enter_context(bent_sum)
        yield


def draw(state, seed=0):
    """Values for every entry of a state dict; signals neither die nor explode with them."""
    rng = np.random.default_rng(seed)
    drawn = {}
    for name, value in state.items():
        shape = tuple(value.shape)
        if name.endswith("num_batches_tracked"):
            drawn[name] = np.array(3)
        elif len(shape) > 1:
            drawn[name] = rng.normal(size=shape) * np.sqrt(2 / np.prod(shape[1:]))
        elif name.endswith(("running_var", "weight")):
            drawn[name] = rng.uniform(0.5, 1.5, shape)
        else:
            drawn[name] = rng.normal(size=shape) * 0.1
    return drawn


def results(library, model, x, training):
    """(outputs, gradients by name, buffers by name) of one step, as NumPy arrays."""
    model.train(training)
    for parameter in model.parameters():
        parameter.grad = None
    outputs = model(library.tensor(x))
    given = outputs if isinstance(outputs, tuple) else (outputs,)
    loss = 0.0
    for number, y in enumerate(given):
        weights = np.random.default_rng(number).normal(size=tuple(y.shape)).astype(x.dtype)
        loss = loss + (y * library.tensor(weights)).sum()
    loss.backward()
    return (
        {f"output {k}": y.detach().numpy() for k, y in enumerate(given)},
        {
            name: np.array(p.grad.numpy())
            for name, p in model.named_parameters()
            if p.grad is not None
        },
        {name: np.array(b.numpy()) for name, b in model.named_buffers()},
    )


def load(library, model, drawn, dtype):
    """Puts drawn values into a model of either library."""
    kind = {"float32": library.float32, "float64": library.float64}[dtype]
    model.to(kind)
    model.load_state_dict({
        name: library.tensor(value if value.ndim == 0 else value.astype(dtype))
        for name, value in drawn.items()
    })  # fmt: skip
    return model
