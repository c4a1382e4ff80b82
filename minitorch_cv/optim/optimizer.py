"""`Optimizer`: parameter groups, state, and everything that all update rules share.

An update rule is a function on arrays in a file of its own (sgd.py, adam.py). Its class only names
the options, judges them, and hands over arrays: deriving from `Optimizer` and writing `update` (or
`step`, as in PyTorch) makes another one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from ..autograd.modes import enable_grad
from ..autograd.tape import new_tensor
from ..autograd.tensor import Tensor, as_tensor
from ..backend.library import Array, array_module

Group = dict[str, Any]


class Optimizer:
    """Changes parameters by their gradients (PyTorch: `torch.optim.Optimizer`).

    params: Tensors, or dictionaries {"params": Tensors, option: value, …} for groups with options
        of their own; defaults: the options of groups that do not say otherwise.
    param_groups: the groups, as such dictionaries; state: what the rule remembers about each
        parameter, as Tensors by name.
    Raises ValueError for no parameters, a parameter given twice, one that is no leaf, or an option
    out of range; TypeError for what is no Tensor.
    """

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        if isinstance(params, (Tensor, dict)):
            raise TypeError(
                f"{self._name}: params is a list of Tensors or of groups (got one "
                f"{type(params).__name__}); use [params]"
            )
        self.defaults = defaults
        self.state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[Group] = []
        self.has_stepped = False  # schedulers warn where nobody ever calls step()
        self._work: dict[Any, Array] = {}
        given = list(params)
        if not given:
            raise ValueError(
                f"{self._name}: no parameters given; use model.parameters(), and note that a "
                "generator can be read only once"
            )
        groups = given if isinstance(given[0], dict) else [{"params": given}]
        for group in groups:
            self.add_param_group(group)

    @property
    def _name(self) -> str:
        return type(self).__name__

    def add_param_group(self, param_group: Group) -> None:
        """Adds parameters with options of their own; options left out are the defaults."""
        if not isinstance(param_group, dict) or "params" not in param_group:
            raise TypeError(
                f'{self._name}: a group is a dictionary with "params" (got {param_group!r})'
            )
        params = param_group["params"]
        if isinstance(params, set):
            raise TypeError(f"{self._name}: a set has no order; give the parameters as a list")
        params = [params] if isinstance(params, Tensor) else list(params)
        self._judge_params(params)
        group = {**self.defaults, **param_group, "params": params}
        self.check_options(group)
        self.param_groups.append(group)

    def _judge_params(self, params: list[Any]) -> None:
        seen = {id(p) for group in self.param_groups for p in group["params"]}
        for place, p in enumerate(params):
            if not isinstance(p, Tensor):
                raise TypeError(
                    f"{self._name}: parameter {place} is no Tensor (got {type(p).__name__}); "
                    "use model.parameters()"
                )
            if not p.is_leaf:
                raise ValueError(
                    f"{self._name}: parameter {place} of shape {p.shape} was computed from other "
                    "tensors, and only leaves can be optimized; use .detach().requires_grad_()"
                )
            if id(p) in seen:
                raise ValueError(
                    f"{self._name}: parameter {place} of shape {p.shape} is given twice; "
                    "name each parameter in one group, once"
                )
            seen.add(id(p))

    def check_options(self, group: Group) -> None:
        """Judges the options of one group. Raises ValueError or TypeError."""

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forgets the gradients; with set_to_none=False they become zeros."""
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none or p.grad is None:
                    p.grad = None
                    continue
                if not p.grad.is_leaf or p.grad.requires_grad:
                    p.grad = p.grad.detach()
                p.grad.zero_()

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One update of every parameter that has a gradient.

        closure: computes the loss anew (zero_grad, forward, backward); its answer is returned.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                if p.grad.shape != p.shape:
                    raise ValueError(
                        f"{self._name}: a gradient of shape {p.grad.shape} does not fit its "
                        f"parameter of shape {p.shape}"
                    )
                self.update(p, p.grad.array, group)
                p._version.value += 1  # a backward that saved the old values must notice
        self.has_stepped = True
        return loss

    def update(self, p: Tensor, g: Array, group: Group) -> None:
        """Changes `p.array` in place by its gradient g; p's memory is `self.state[p]`."""
        raise NotImplementedError(f"{self._name}: write update(self, p, g, group), or step(self)")

    def remember(self, p: Tensor, *names: str) -> tuple[Array, ...]:
        """The arrays kept for p under these names, zeros at first."""
        state = self.state[p]
        for name in names:
            if name not in state:
                state[name] = new_tensor(array_module(p.array).zeros_like(p.array))
        return tuple(state[name].array for name in names)

    def work(self, x: Array) -> tuple[Array, Array]:
        """Two arrays like x to compute in, of any content; shared by all parameters of a dtype."""
        xp = array_module(x)
        key = (xp, x.dtype)
        if key not in self._work or self._work[key].shape[1] < x.size:
            sizes = [p.array.size for group in self.param_groups for p in group["params"]]
            self._work[key] = xp.empty((2, max(sizes)), x.dtype)
        first, second = self._work[key][:, : x.size]
        return first.reshape(x.shape), second.reshape(x.shape)

    def state_dict(self) -> dict[str, Any]:
        """The state and the options in PyTorch's layout; parameters are numbers, in group order.

        {"state": {number: {name: Tensor}}, "param_groups": [{option: value, "params": [number]}]}
        """
        numbers: dict[int, int] = {}
        groups = []
        for group in self.param_groups:
            for p in group["params"]:
                numbers[id(p)] = len(numbers)
            packed = {key: value for key, value in group.items() if key != "params"}
            groups.append({**packed, "params": [numbers[id(p)] for p in group["params"]]})
        state = {numbers[id(p)]: dict(kept) for p, kept in self.state.items() if kept}
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes over a `state_dict()`, copying its Tensors into the parameters' dtype and device.

        Raises ValueError where groups, sizes or shapes do not fit; nothing has changed then.
        """
        state, groups = self._unpack(state_dict)
        for group in groups:
            self.check_options(group)
        self.state.clear()
        self.state.update(state)
        self.param_groups = groups

    def _unpack(self, saved: dict[str, Any]) -> tuple[dict[Tensor, dict[str, Any]], list[Group]]:
        """The saved state by parameter, and the groups with our parameters in them."""
        try:
            sizes = [len(group["params"]) for group in saved["param_groups"]]
            kept = dict(saved["state"])
        except (KeyError, TypeError) as error:
            raise ValueError(
                f"{self._name}.load_state_dict: not a state of an optimizer ({error!r}); "
                "use what state_dict() answered"
            ) from error
        ours = [len(group["params"]) for group in self.param_groups]
        if sizes != ours:
            raise ValueError(
                f"{self._name}.load_state_dict: the groups have other sizes (got {sizes} "
                f"parameters, this optimizer has {ours}); make it from the same model and groups"
            )
        by_number: dict[Any, Tensor] = {}
        groups = []
        for theirs, group in zip(saved["param_groups"], self.param_groups, strict=True):
            by_number.update(zip(theirs["params"], group["params"], strict=True))
            groups.append({**self.defaults, **theirs, "params": group["params"]})
        unknown = [number for number in kept if number not in by_number]
        if unknown:
            raise ValueError(f"{self._name}.load_state_dict: state of no parameter: {unknown}")
        return {by_number[k]: self._take(k, by_number[k], v) for k, v in kept.items()}, groups

    def _take(self, number: Any, p: Tensor, kept: dict[str, Any]) -> dict[str, Any]:
        """Copies of one parameter's saved values. Raises ValueError for another shape."""
        taken: dict[str, Any] = {}
        for name, value in kept.items():
            if value is None:
                continue
            tensor = as_tensor(value).detach()
            if name == "step":  # a count, kept in float32 on the CPU whatever the parameter is
                taken[name] = tensor.to("cpu", copy=True).float()
                continue
            if tensor.shape != p.shape:
                raise ValueError(
                    f"{self._name}.load_state_dict: {name} of parameter {number} has another shape "
                    f"(got {tensor.shape}, the parameter has {p.shape})"
                )
            taken[name] = tensor.to(p.device, p.dtype, copy=True)
        return taken

    def __repr__(self) -> str:
        lines = []
        for number, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {number}")
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
        return f"{self._name} (\n" + "\n".join(lines) + "\n)"
