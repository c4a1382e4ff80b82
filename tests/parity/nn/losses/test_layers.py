"""Loss layers and PyTorch's: the text of repr, attributes, signatures, keys of the state dict."""

from __future__ import annotations

import inspect
import warnings

import pytest

import minitorch_cv as mt
from minitorch_cv import nn
from minitorch_cv.nn import functional as F  # noqa: N812

torch = pytest.importorskip("torch")

LAYERS = [
    "L1Loss", "NLLLoss", "NLLLoss2d", "PoissonNLLLoss", "GaussianNLLLoss", "KLDivLoss", "MSELoss",
    "BCELoss", "BCEWithLogitsLoss", "HingeEmbeddingLoss", "MultiLabelMarginLoss", "SmoothL1Loss",
    "HuberLoss", "SoftMarginLoss", "CrossEntropyLoss", "MultiLabelSoftMarginLoss",
    "CosineEmbeddingLoss", "MarginRankingLoss", "MultiMarginLoss", "TripletMarginLoss",
    "TripletMarginWithDistanceLoss", "CosineSimilarity", "PairwiseDistance",
    "LinearCrossEntropyLoss",
]  # fmt: skip
FUNCTIONS = [
    "l1_loss", "nll_loss", "poisson_nll_loss", "gaussian_nll_loss", "kl_div", "mse_loss",
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "hinge_embedding_loss",
    "multilabel_margin_loss", "smooth_l1_loss", "huber_loss", "soft_margin_loss", "cross_entropy",
    "multilabel_soft_margin_loss", "cosine_embedding_loss", "margin_ranking_loss",
    "multi_margin_loss", "triplet_margin_loss", "triplet_margin_with_distance_loss",
    "linear_cross_entropy",
]  # fmt: skip


def parameters(function):
    found = inspect.signature(function).parameters.values()
    return [(p.name, p.default, p.kind) for p in found if p.name != "self"]


def make(library, name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        arguments = (4, 3) if name == "LinearCrossEntropyLoss" else ()
        return getattr(library.nn, name)(*arguments)


@pytest.mark.parametrize("name", LAYERS)
def test_layer(name):
    ours, theirs = make(mt, name), make(torch, name)
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for key, value in vars(theirs).items():
        if not key.startswith("_") and not hasattr(value, "shape"):
            assert getattr(ours, key) == value, key
    assert parameters(type(ours).forward) == parameters(type(theirs).forward)
    if name != "NLLLoss2d":  # (PyTorch's is wrapped by its warning)
        assert parameters(type(ours)) == parameters(type(theirs))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function(name):
    assert parameters(getattr(F, name)) == parameters(getattr(torch.nn.functional, name))


def test_no_layer_is_missing():
    theirs = {n for n in vars(torch.nn) if n.endswith("Loss")} - {"CTCLoss"}
    theirs -= {"AdaptiveLogSoftmaxWithLoss"}
    assert theirs <= set(nn.__all__)
