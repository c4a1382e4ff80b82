"""`Optimizer`: parameter groups, state, and everything that all update rules share.

An update rule is a function on arrays in a file of its own (sgd.py, adam.py). Its class only names
the options, judges them, and hands over arrays: deriving from `Optimizer` and writing `update` (or
`step`, as in PyTorch) makes another one.
"""

from __future__ import annotations

import copy
import functools
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..autograd.modes import enable_grad
from ..autograd.tape import new_tensor
from ..autograd.tensor import Tensor, as_tensor
from ..backend import capturing
from ..backend.device import together
from ..backend.dtypes import get_default_dtype
from ..backend.library import Array, array_module, beside
from ..backend.memory import release_memory
from .descent import Work
from .fused import FusedStep
from .hooks import Hooks
from .options import judge_implementation

Group = dict[str, Any]


def _hooked(step: Callable[..., Any]) -> Callable[..., Any]:
    """`step` with the hooks around it, once, also where a subclass calls super().step()."""

    @functools.wraps(step)
    def run(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        if self._stepping:
            return step(self, *args, **kwargs)
        self._stepping = True
        try:
            all_args, kwargs = self.before_step((self, *args), kwargs)
            answer = step(*all_args, **kwargs)
            self.after_step(all_args, kwargs)
        finally:
            self._stepping = False
        self.has_stepped = True
        return answer

    return run


_LARGE = 2**28  # bytes of gradients


class Optimizer(Hooks):
    """Changes parameters by their gradients (PyTorch: `torch.optim.Optimizer`).

    params: Tensors or pairs (name, Tensor), or dictionaries {"params": those, option: value, …} for
        groups with options of their own; defaults: the options of groups that do not say otherwise.
    param_groups: the groups, as such dictionaries, with the names under "param_names" where there
        are any; state: what the rule remembers about each parameter, as Tensors by name.
    Raises ValueError for no parameters, a parameter given twice, one that is no leaf, or an option
    out of range; TypeError for what is no Tensor.
    """

    scalars: tuple[str, ...] = ()  # names in the state that are one number for each parameter
    kernel: str | None = None  # the fused update of this rule in kernels/cpu/optim, if there is one
    kernel_options: tuple[str, ...] = ()  # those of a group that it wants, in its order

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "update" in cls.__dict__ and "kernel" not in cls.__dict__:
            cls.kernel = None  # a rule of its own, of which no kernel knows
        if "step" in cls.__dict__:
            cls.step = _hooked(cls.__dict__["step"])  # type: ignore[method-assign]

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        super().__init__()
        if isinstance(params, (Tensor, dict)):
            raise TypeError(
                f"{self._name}: params is a list of Tensors or of groups (got one "
                f"{type(params).__name__}); use [params]"
            )
        self.defaults = defaults
        self.state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[Group] = []
        self.has_stepped = False  # schedulers warn where nobody ever calls step()
        self._stepping = False
        self._work: dict[Any, Array] = {}
        self._fused = FusedStep()
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
        names = [pair[0] for pair in params if isinstance(pair, tuple)]
        params = [pair[1] if isinstance(pair, tuple) else pair for pair in params]
        self._judge_params(params)
        group = {**self.defaults, **param_group, "params": params}
        if names:
            group["param_names"] = names
        self._judge_names(group)
        self._check(group)
        self.param_groups.append(group)

    def _judge_names(self, group: Group) -> None:
        """Either every parameter has a name, or none."""
        named = "param_names" in group
        if named and len(group["param_names"]) != len(group["params"]):
            raise ValueError(
                f"{self._name}: {len(group['param_names'])} of {len(group['params'])} parameters "
                "have names; name all of them, as model.named_parameters() does, or none"
            )
        if any(named != ("param_names" in other) for other in self.param_groups):
            raise ValueError(
                f"{self._name}: some groups have names for their parameters, others have none; "
                "use named_parameters() for all groups, or for none"
            )

    def _check(self, group: Group) -> None:
        judge_implementation(self._name, group)
        self.check_options(group)

    def _judge_params(self, params: list[Any]) -> None:
        seen = {id(p) for group in self.param_groups for p in group["params"]}
        for place, p in enumerate(params):
            if not isinstance(p, Tensor):
                raise TypeError(
                    f"{self._name}: parameter {place} is no Tensor (got {type(p).__name__}); "
                    "use model.parameters()"
                )
            if not p.is_leaf and not p.retains_grad:
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

    def tidy(self, group: Group) -> None:
        """Makes a loaded group ours. Its options are not judged: a schedule may have left a rate
        a rounding below zero, and such a run must go on."""
        for name, default in self.defaults.items():
            if isinstance(default, tuple):
                group[name] = tuple(group[name])  # JSON made it a list
        for name in {"capturable", "differentiable"} & group.keys():
            group[name] = False  # whatever they were trained with there

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forgets the gradients; with set_to_none=False they become zeros.

        Where they are large, their memory goes back to the system: the next forward would fill it
        in part, so that the next gradients had to be put elsewhere.
        """
        freed = 0
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                if set_to_none:
                    freed += p.grad.array.nbytes
                    p.grad = None
                    continue
                if not p.grad.is_leaf or p.grad.requires_grad:
                    p.grad = p.grad.detach()
                p.grad.zero_()
        if freed > _LARGE:
            release_memory()

    @_hooked
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One update of every parameter that has a gradient.

        closure: computes the loss anew (zero_grad, forward, backward); its answer is returned.

        Inside a step for mt.cuda.graph: where a CUDA kernel updates the parameters (float32), each
        replay has the learning rates and counts of its moment. Others are updated with the options
        that they had; a changed option records the step anew, and a rule that counts is refused.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        rest = self._fused.run(self)
        if capturing.current is not None:
            _keep_for_replay(capturing.current, rest)
        if rest:
            with np.errstate(all="ignore"):  # inf and NaN go without warnings, as in PyTorch
                for p, gradient, group in rest:
                    with beside(p.array):
                        self._update(p, gradient, group)
        return loss

    def _update(self, p: Tensor, gradient: Tensor, group: Group) -> None:
        if gradient.shape != p.shape:
            raise ValueError(
                f"{self._name}: a gradient of shape {gradient.shape} does not fit its parameter of "
                f"shape {p.shape}"
            )
        if gradient.array.__class__ is not p.array.__class__:
            self._judge_places(p, gradient)
        try:
            self.update(p, gradient.array, group)
        except TypeError:
            self._judge_places(p, gradient)
            raise
        p._version.value += 1  # a backward that saved the old values must notice

    def _judge_places(self, p: Tensor, gradient: Tensor) -> None:
        """Raises TypeError where a parameter, its gradient and its state lie on two devices."""
        kept = {name: value.array for name, value in self.state[p].items()
                if isinstance(value, Tensor) and not self.is_number(name)}  # fmt: skip
        together(f"{self._name}.step", parameter=p.array, grad=gradient.array, **kept)

    def update(self, p: Tensor, g: Array, group: Group) -> None:
        """Changes `p.array` in place by its gradient g; p's memory is `self.state[p]`."""
        raise NotImplementedError(f"{self._name}: write update(self, p, g, group), or step(self)")

    def remembered(self, group: Group) -> tuple[str | None, ...]:
        """The names in the state in the order of the kernel; None for what is not in use."""
        return ()

    def begins_at_zero(self, group: Group) -> bool:
        """Is a first step the step from a memory of zeros, which the kernel can take as well?"""
        return False

    def begin(self, p: Tensor, group: Group) -> None:
        """Makes the memory of a first step, where that is zeros."""
        if self.begins_at_zero(group):
            names = [name for name in self.remembered(group) if name is not None]
            for name in filter(self.is_number, names):
                self.remember_number(p, name, 0.0)
            self.remember(p, *[name for name in names if not self.is_number(name)])

    def is_number(self, name: str) -> bool:
        """Is what the state keeps under this name one number, and not an array like p?"""
        return name == "step" or name in self.scalars

    def remember(self, p: Tensor, *names: str, fill: float = 0.0) -> tuple[Array, ...]:
        """The arrays like p kept under these names, filled with `fill` at first."""
        state = self.state[p]
        with beside(p.array):
            for name in names:
                if name not in state:
                    state[name] = new_tensor(array_module(p.array).full_like(p.array, fill))
        return tuple(state[name].array for name in names)

    def remember_number(self, p: Tensor, name: str, first: float) -> np.ndarray:
        """The number kept under this name, `first` at first: a 0-d array on the CPU.

        As in PyTorch it is a float32, or a float64 where that is the default dtype.
        """
        state = self.state[p]
        if name not in state:
            double = get_default_dtype() == np.float64
            state[name] = new_tensor(np.array(first, np.float64 if double else np.float32))
        return state[name].array

    def count(self, p: Tensor) -> int:
        """The number of this step of p, from 1."""
        capturing.refuse(
            f"{self._name} counts its steps",
            "this is for float32 parameters, which a CUDA kernel updates; or leave step() outside",
        )
        step = self.remember_number(p, "step", 0.0)
        step += 1
        return int(step)

    def work(self, x: Array) -> Work:
        """Two arrays like x to compute in, of any content; shared by all parameters of a dtype."""
        xp = array_module(x)
        key = (type(x), x.dtype)  # no module, which could not be copied
        if key not in self._work or self._work[key].shape[1] < x.size:
            sizes = [p.array.size for group in self.param_groups for p in group["params"]]
            self._work[key] = xp.empty((2, max(sizes)), x.dtype)
        first, second = self._work[key][:, : x.size]
        return first.reshape(x.shape), second.reshape(x.shape)

    def state_dict(self) -> dict[str, Any]:
        """The state and the options in PyTorch's layout; parameters are numbers, in group order.

        {"state": {number: {name: Tensor}}, "param_groups": [{option: value, "params": [number]}]}
        """
        self.before_state_dict()
        numbers: dict[int, int] = {}
        groups = []
        for group in self.param_groups:
            for p in group["params"]:
                numbers[id(p)] = len(numbers)
            packed = {key: value for key, value in group.items() if key != "params"}
            groups.append({**packed, "params": [numbers[id(p)] for p in group["params"]]})
        state = {numbers[id(p)]: dict(kept) for p, kept in self.state.items() if kept}
        return self.after_state_dict({"state": state, "param_groups": groups})

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes over a `state_dict()`, copying its Tensors into the parameters' dtype and device.

        Raises ValueError where groups, sizes or shapes do not fit; nothing has changed then.
        """
        state, groups = self._unpack(self.before_load(dict(state_dict)))
        for group in groups:
            self.tidy(group)
        self.state.clear()
        self.state.update(state)
        self.param_groups = groups
        self.after_load()

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
            options = {key: copy.deepcopy(v) for key, v in theirs.items() if key != "params"}
            names = {"param_names": group["param_names"]} if "param_names" in group else {}
            groups.append({**self.defaults, **names, **options, "params": group["params"]})
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
            tensor = (value if isinstance(value, Tensor) else as_tensor(np.asarray(value))).detach()
            if name == "step":  # a count, kept in float32 on the CPU whatever the parameter is
                taken[name] = tensor.to("cpu", copy=True).float()
                continue
            if name in self.scalars and tensor.numel() == 1:
                taken[name] = tensor.to("cpu", p.dtype, copy=True)
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


def _keep_for_replay(capture: capturing.Capture, fixed: list[tuple[Tensor, Any, Group]]) -> None:
    """A CUDA graph repeats what no kernel updates with these very numbers: they must stay."""
    for p, _, group in fixed:
        if not p.is_cuda:
            capturing.refuse("a parameter on the CPU is updated", 'move it with .to("cuda")')
        capture.guards.append(functools.partial(_same_options, group, _options_of(group)))


def _options_of(group: Group) -> Group:
    return {name: value for name, value in group.items() if name != "params"}


def _same_options(group: Group, before: Group) -> bool:
    return _options_of(group) == before
