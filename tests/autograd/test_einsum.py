"""einsum equals loops over all letters, whatever order of matrices it chooses."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import minitorch_cv as mt

SIZES = {"n": 2, "c": 3, "o": 17, "h": 4, "w": 5, "b": 1}


def loops(equation, *arrays):
    inputs, result = equation.split("->")
    terms = inputs.split(",")
    letters = sorted(set("".join(terms)))
    y = np.zeros([SIZES[letter] for letter in result])
    for values in itertools.product(*(range(SIZES[letter]) for letter in letters)):
        at = dict(zip(letters, values, strict=True))
        term = 1.0
        for array, names in zip(arrays, terms, strict=True):
            term *= array[tuple(at[name] for name in names)]
        y[tuple(at[name] for name in result)] += term
    return y


@pytest.mark.parametrize(
    "equation",
    [
        "nchw,oc->nohw", "nchw,oc->nhwo", "nchw,oc->ohwn", "nchw,oc->no", "oc,nchw->nohw",
        "nhc,noc->nho", "nhc,noc->noh", "nhwc,nowc->nhwo", "nhwc,nowc->nwho", "nc,nc->nc",
        "nc,nc->n", "nc,cn->", "n,o->no", "n,o->on", "nchw,c->nchw", "nc,co,oh->nh", "nc,nco->on",
        "nc,b->nbc", "o,o->o", "nno->on", "nbc,bc->nb",
    ],
)  # fmt: skip
def test_equals_loops(equation):
    rng = np.random.default_rng(0)
    terms = equation.split("->")[0].split(",")
    arrays = [rng.normal(size=[SIZES[letter] for letter in term]) for term in terms]
    y = mt.einsum(equation, *(mt.tensor(array) for array in arrays))
    np.testing.assert_allclose(y.numpy(), loops(equation, *arrays), rtol=1e-12, atol=1e-12)


def test_images_are_not_copied():
    """nchw with oc is (o, c) @ (n, c, hw): the result lies in memory as it is wanted."""
    x, w = mt.ones(2, 3, 4, 5), mt.ones(17, 3)
    assert mt.einsum("nchw,oc->nohw", x, w).is_contiguous()
    large = mt.einsum("nchw,oc->nohw", mt.ones(2, 3, 8, 8), w)
    assert large.is_contiguous() and large.shape == (2, 17, 8, 8)
