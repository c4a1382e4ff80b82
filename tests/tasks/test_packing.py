"""Nested state goes to JSON and comes back the same."""

import json

import numpy as np

import minitorch_cv as mt
from minitorch_cv import nn, optim
from minitorch_cv.tasks.packing import pack, unpack


def test_round_trip_through_json() -> None:
    state = {
        "state": {0: {"momentum": mt.tensor([1.0, 2.0])}, 3: {"step": np.arange(3)}},
        "groups": [{"lr": 0.1, "betas": (0.9, 0.999), "params": [0, 3], "none": None}],
        "count": np.float32(0.5),
    }
    tensors: dict[str, np.ndarray] = {}
    plain = json.loads(json.dumps(pack(state, "o", tensors)))
    back = unpack(plain, tensors)
    assert sorted(tensors) == ["o.state.0.momentum", "o.state.3.step"]
    assert back["groups"] == state["groups"]
    assert isinstance(back["groups"][0]["betas"], tuple)
    assert list(back["state"]) == [0, 3]
    assert back["state"][0]["momentum"].tolist() == [1.0, 2.0]
    assert isinstance(back["state"][3]["step"], np.ndarray)
    assert back["count"] == 0.5


def test_adam_goes_on_exactly_after_a_round_trip() -> None:
    def steps(model, optimizer, count: int) -> None:
        for _ in range(count):
            optimizer.zero_grad()
            (model(mt.ones(2, 3)) ** 2).sum().backward()
            optimizer.step()

    mt.manual_seed(0)
    one = nn.Linear(3, 2)
    straight = optim.Adam(one.parameters(), lr=0.1)
    steps(one, straight, 2)
    two = nn.Linear(3, 2)
    two.load_state_dict(one.state_dict())
    resumed = optim.Adam(two.parameters(), lr=0.1)
    tensors: dict[str, np.ndarray] = {}
    plain = json.dumps(pack(straight.state_dict(), "optimizer", tensors))
    resumed.load_state_dict(unpack(json.loads(plain), tensors))
    steps(one, straight, 2)
    steps(two, resumed, 2)
    assert np.array_equal(one.weight.array, two.weight.array)
