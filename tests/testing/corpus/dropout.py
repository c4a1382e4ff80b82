"""Inverted dropout: kept values are divided by the probability of being kept."""

import numpy as np

from .entry import layer, normal


def forward(x, param):
    kept = np.random.default_rng(param["seed"]).random(x.shape) < param["keep"]
    return x * kept / param["keep"], (kept, param["keep"])


def backward(dout, cache):
    kept, keep = cache
    return dout * kept / keep


def make(rng):
    return normal(rng, x=(4, 9)), {"keep": 0.7, "seed": int(rng.integers(1 << 30))}


DROPOUT = layer("dropout", forward, backward, make)


@DROPOUT.bug("dx: not divided by the probability of being kept", "dropout not scaled")
def not_scaled(dout, cache):
    kept, keep = cache
    return dout * kept


@DROPOUT.bug("dx: a fresh mask instead of the one of the forward", "dropout mask not reused")
def fresh_mask(dout, cache):
    kept, keep = cache
    return dout * (np.random.default_rng(0).random(dout.shape) < keep) / keep


@DROPOUT.bug(
    "dx: passed on unchanged, as in evaluation", "train/eval mixed up", "dropout mask not reused"
)
def as_in_evaluation(dout, cache):
    return dout


@DROPOUT.bug("dx: those dropped instead of those kept", "wrong mask", "dropout mask not reused")
def those_dropped(dout, cache):
    kept, keep = cache
    return dout * ~kept / keep
