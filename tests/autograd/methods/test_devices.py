"""Methods on the strict fake device: values, gradients, and nothing that mixes with NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv.testing import fake_device

INDEX = [[0, 2], [1, 0]]
CALLS = {
    "gather": lambda x, i: x.gather(0, i),
    "take_along_dim": lambda x, i: x.take_along_dim(i, 0),
    "scatter": lambda x, i: x.scatter(0, i[:1], x),
    "scatter a number": lambda x, i: x.scatter(0, i, 2.0),
    "scatter_add": lambda x, i: x.scatter_add(0, i, x),
    **{
        f"scatter_reduce {reduce} {own}": lambda x, i, reduce=reduce, own=own: x.scatter_reduce(
            0, i, x, reduce, include_self=own
        )
        for reduce in ("sum", "prod", "mean", "amax", "amin")
        for own in (True, False)
    },
    "index_select": lambda x, i: x.index_select(0, i[0]),
    "index_add": lambda x, i: x.index_add(0, i[0], x[:2]),
    "index_copy": lambda x, i: x.index_copy(0, i[0], x[:2]),
    "index_fill": lambda x, i: x.index_fill(0, i[0], 1.0),
    "index_put": lambda x, i: x.index_put((i[0], i[1]), x[:2, 0], True),
    "take": lambda x, i: x.take(i),
    "masked_fill": lambda x, i: x.masked_fill(x > 2, 0.5),
    "masked_select": lambda x, i: x.masked_select(x > 2),
    "masked_scatter": lambda x, i: x.masked_scatter(x > 2, x),
    "nonzero": lambda x, i: i.nonzero(),
    "where": lambda x, i: mt.where(x > 2, x, 0.0),
    "unravel_index": lambda x, i: i.unravel_index((3, 2))[0],
    "sort": lambda x, i: x.sort(0).values,
    "sort, descending": lambda x, i: x.sort(0, True).values,
    "topk": lambda x, i: x.topk(2, 0).values,
    "kthvalue": lambda x, i: x.kthvalue(2, 0).values,
    "median": lambda x, i: x.median(0).values,
    "median of all": lambda x, i: x.median(),
    "nanmedian": lambda x, i: x.nanmedian(1).values,
    "mode": lambda x, i: x.mode(0).values,
    "quantile": lambda x, i: x.quantile(0.3, 0),
    "quantiles": lambda x, i: x.quantile(mt.tensor([0.1, 0.6]).to(x.device), 1),
    "unique": lambda x, i: i.unique(return_inverse=True)[1],
    "unique_consecutive": lambda x, i: i.unique_consecutive(dim=0),
    "searchsorted": lambda x, i: mt.searchsorted(x[:, 0].sort().values, x[:, 1]),
    "searchsorted in rows": lambda x, i: mt.searchsorted(x.sort().values, x),
    "isin": lambda x, i: mt.isin(i, i[0]),
    "cumsum": lambda x, i: x.cumsum(0),
    "tril": lambda x, i: x.tril(),
    "diagonal": lambda x, i: x.diagonal(-1),
    "diagonal_scatter": lambda x, i: x.diagonal_scatter(x[0]),
    "diag_embed": lambda x, i: x.diag_embed(1),
    "roll": lambda x, i: x.roll(1, 0),
    "repeat_interleave": lambda x, i: x.repeat_interleave(i[0], 1),
    "unfold": lambda x, i: x.unfold(0, 2, 1),
    "block_diag": lambda x, i: mt.block_diag(x, x[0]),
    "combinations": lambda x, i: mt.combinations(x[:, 0]),
    "meshgrid": lambda x, i: mt.meshgrid(x[:, 0], x[0])[1],
    "exp_": lambda x, i: (x * 1).exp_(),
    "fill_": lambda x, i: (x * 1).fill_(2.0),
    "view in place": lambda x, i: (x * 1)[:2].mul_(3),
}


@pytest.mark.parametrize("name", CALLS)
def test_the_same_values_and_gradients(name):
    answers = []
    start = np.array([[1.5, 0.5], [4.0, 3.0], [2.5, 2.0]], "float32")
    with fake_device():
        for place in ("cpu", "fake"):
            x = mt.tensor(start, requires_grad=True)
            y = CALLS[name](x.to(place), mt.tensor(INDEX).to(place))
            assert str(y.device).startswith(place)
            if y.requires_grad:
                (y * y).sum().backward()
            gradient = None if x.grad is None else x.grad.tolist()
            answers.append((y.detach().cpu().tolist(), gradient))
    assert answers[0] == answers[1]
