"""Dropout, losses, and the update rules of ONNX's training operators."""

from __future__ import annotations

from math import sqrt
from typing import Any


def dropout(lib: Any, node: Any, x: Any, ratio: Any = None, training: Any = None) -> Any:
    """The second output is the mask: where ones come through."""
    node.attribute("seed")  # matters only where something is dropped
    p = 0.5 if ratio is None else ratio.item()
    active = training is not None and bool(training.item())
    if active and p:
        raise NotImplementedError("Dropout: a mask drawn by another generator")
    y = lib.F.dropout(x, p, training=active)
    if len(node.outputs) == 1:
        return y
    mask = lib.F.dropout(lib.mt.ones_like(x), p, training=active)
    return y, lib.mt.ne(mask, 0)


# Losses.


def _options(node: Any) -> dict[str, Any]:
    """ONNX ignores no class unless told to; PyTorch's −100 is no class either."""
    ignored = node.attribute("ignore_index")
    options = {} if ignored is None else {"ignore_index": ignored}
    return {**options, "reduction": node.attribute("reduction", "mean")}


def nll_loss(lib: Any, node: Any, x: Any, target: Any, weight: Any = None) -> Any:
    return lib.F.nll_loss(x, target, weight, **_options(node))


def cross_entropy(lib: Any, node: Any, x: Any, target: Any, weight: Any = None) -> Any:
    """The second output, where wanted, is log p."""
    loss = lib.F.cross_entropy(x, target, weight, **_options(node))
    return loss if len(node.outputs) == 1 else (loss, lib.F.log_softmax(x, dim=1))


# Update rules: one step of the optimizer, from a state that is loaded into it. ONNX lists all
# parameters, then all gradients, then each kind of state; T counts steps from 0, PyTorch from 1.


def _step(lib: Any, rule: Any, tensors: Any, names: list[str], state: dict[str, float]) -> Any:
    """tensors: parameters, gradients, and the kinds of state called `names`, in this order."""
    n = len(tensors) // (2 + len(names))
    kinds = [list(map(lib.mt.clone, tensors[k : k + n])) for k in range(0, len(tensors), n)]
    params = [p.requires_grad_() for p in kinds[0]]
    optimizer = rule(params)
    saved = optimizer.state_dict()
    saved["state"] = {
        k: {**{name: lib.mt.tensor(value) for name, value in state.items()},
            **{name: kind[k] for name, kind in zip(names, kinds[2:], strict=True)}}
        for k in range(n)
    }  # fmt: skip
    optimizer.load_state_dict(saved)
    for p, g in zip(params, kinds[1], strict=True):
        p.grad = g
    optimizer.step()
    after = optimizer.state_dict()["state"]
    new = [after[k][name] for name in names for k in range(n)]
    return (*(p.detach() for p in params), *new)


def adagrad(lib: Any, node: Any, rate: Any, t: Any, *tensors: Any) -> Any:
    options = {
        "lr": rate.item(), "lr_decay": node.attribute("decay_factor", 0.0),
        "eps": node.attribute("epsilon", 1e-6),
        "weight_decay": node.attribute("norm_coefficient", 0.0),
    }  # fmt: skip
    state = {"step": float(t.item())}
    return _step(lib, lambda ps: lib.optim.Adagrad(ps, **options), tensors, ["sum"], state)


def adam(lib: Any, node: Any, rate: Any, t: Any, *tensors: Any) -> Any:
    """ONNX corrects no bias at T = 0, and adds ε to √h before the correction, PyTorch after it.

    So PyTorch's first step gets a rate and an ε that take its own correction back.
    """
    betas = node.attribute("alpha", 0.9), node.attribute("beta", 0.999)
    if t.item() != 0:
        raise NotImplementedError("Adam: only the first step")
    gain, spread = 1 - betas[0], sqrt(1 - betas[1])
    options = {
        "lr": rate.item() * gain / spread, "betas": betas,
        "eps": node.attribute("epsilon", 1e-6) / spread,
        "weight_decay": node.attribute("norm_coefficient", 0.0),
    }  # fmt: skip
    names, state = ["exp_avg", "exp_avg_sq"], {"step": 0.0}
    return _step(lib, lambda ps: lib.optim.Adam(ps, **options), tensors, names, state)


def momentum(lib: Any, node: Any, rate: Any, t: Any, *tensors: Any) -> Any:
    """β scales the gradient from the second step on: PyTorch's dampening is 1 − β."""
    kept, beta = node.attribute("alpha"), node.attribute("beta")
    options = {
        "lr": rate.item(), "momentum": kept, "dampening": 1 - beta if t.item() > 0 else 0,
        "weight_decay": node.attribute("norm_coefficient"),
        "nesterov": node.attribute("mode") == "nesterov",
    }  # fmt: skip
    return _step(lib, lambda ps: lib.optim.SGD(ps, **options), tensors, ["momentum_buffer"], {})


OPERATORS = {
    "Adagrad": adagrad, "Adam": adam, "Dropout": dropout, "Momentum": momentum,
    "NegativeLogLikelihoodLoss": nll_loss, "SoftmaxCrossEntropyLoss": cross_entropy,
}  # fmt: skip
