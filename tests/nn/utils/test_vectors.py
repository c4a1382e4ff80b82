"""Parameters as one vector, and back."""

import pytest

import minitorch_cv as mt
from minitorch_cv.nn.utils import parameters_to_vector, vector_to_parameters


def test_there_and_back():
    model = mt.nn.Sequential(mt.nn.Linear(2, 3), mt.nn.Linear(3, 1, bias=False))
    vector = parameters_to_vector(model.parameters())
    assert vector.shape == (12,)
    (vector * vector).sum().backward()
    assert mt.allclose(model[1].weight.grad, 2 * model[1].weight)
    new = mt.arange(12.0)
    vector_to_parameters(new, model.parameters())
    assert model[0].bias.tolist() == [6.0, 7.0, 8.0] and model[1].weight.shape == (1, 3)
    assert model[0].bias.is_leaf and model[0].bias.requires_grad
    assert mt.equal(parameters_to_vector(model.parameters()), new)


def test_what_is_refused():
    p = mt.zeros(2, 2, requires_grad=True)
    with pytest.raises(ValueError, match="need a vector of 4 elements .got shape .3,"):
        vector_to_parameters(mt.zeros(3), [p])
    with pytest.raises(TypeError, match="vec is a Tensor .got list"):
        vector_to_parameters([0.0] * 4, [p])
