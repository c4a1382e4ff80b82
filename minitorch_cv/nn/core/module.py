"""`Module`: the base class of all layers and networks."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from ...autograd.tensor import Tensor
from ..parameter import Parameter
from .calling import Calling
from .moving import Moving
from .state import State

M = TypeVar("M", bound="Module")
Named = Iterator[tuple[str, Any]]


class Module(Calling, State, Moving):
    """A layer or a network (PyTorch: `nn.Module`).

    Write `__init__`, which calls `super().__init__()` and then sets layers and parameters as
    attributes, and `forward`. What is set is found again by `parameters()`, `buffers()` and
    `modules()`, in the order in which it was set.

    training: set by `train()` and `eval()`; dropout and batch norm look at it.
    """

    training: bool

    def __init__(self) -> None:
        put = super().__setattr__
        put("training", True)
        put("_parameters", {})
        put("_buffers", {})
        put("_non_persistent", set())
        put("_modules", {})
        for name in ("_forward_pre_hooks", "_forward_hooks"):
            put(name, OrderedDict())
        for name in ("_backward_pre_hooks", "_backward_hooks"):
            put(name, OrderedDict())

    def forward(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        """The computation of the module. Every subclass writes its own."""
        raise NotImplementedError(
            f"{type(self).__name__}: has no forward; write `def forward(self, x): ...`"
        )

    # Registering.

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Sets a parameter under a name; None reserves the name.

        Raises KeyError for a name that is taken, empty or has a dot, TypeError for another value.
        """
        self._judge_name("parameter", name, self._parameters)
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"register_parameter: {name!r} is a Parameter or None "
                f"(got {type(param).__name__}); wrap it in nn.Parameter(...)"
            )
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Sets a tensor that belongs to the module but is not trained.

        persistent: is it part of the state dict? Raises as `register_parameter` does.
        """
        self._judge_name("buffer", name, self._buffers)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"register_buffer: {name!r} is a Tensor or None (got {type(tensor).__name__}); "
                "convert it with minitorch_cv.tensor(...)"
            )
        self._buffers[name] = tensor
        (self._non_persistent.discard if persistent else self._non_persistent.add)(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Sets a submodule under a name. Raises as `register_parameter` does."""
        if not isinstance(module, Module) and module is not None:
            raise TypeError(
                f"add_module: {name!r} is a Module or None (got {type(module).__name__})"
            )
        self._judge_name("module", name, self._modules)
        self._modules[name] = module

    register_module = add_module

    def _judge_name(self, kind: str, name: Any, known: dict[str, Any]) -> None:
        if "_parameters" not in self.__dict__:
            raise AttributeError(_too_early(self, kind))
        if not isinstance(name, str):
            raise TypeError(f"{kind}: its name is a string (got {type(name).__name__})")
        if "." in name or not name:
            raise KeyError(f"{kind}: its name is not empty and has no dot (got {name!r})")
        if name not in known and hasattr(self, name):
            raise KeyError(f"{kind}: {type(self).__name__} already has an attribute {name!r}")

    # Attributes.

    def __setattr__(self, name: str, value: Any) -> None:
        own = self.__dict__
        if isinstance(value, Parameter):
            self._replace(name, "_parameters")
            self.register_parameter(name, value)
        elif isinstance(value, Module):
            self._replace(name, "_modules")
            own["_modules"][name] = value
        elif name in own.get("_parameters", ()):
            self._expect(name, value, None.__class__, "Parameter")
            own["_parameters"][name] = value
        elif name in own.get("_modules", ()):
            self._expect(name, value, None.__class__, "Module")
            own["_modules"][name] = value
        elif name in own.get("_buffers", ()):
            self._expect(name, value, (Tensor, None.__class__), "Tensor")
            own["_buffers"][name] = value
        else:
            super().__setattr__(name, value)

    def _replace(self, name: str, kind: str) -> None:
        """Makes room for a parameter or a submodule where the name held something else."""
        own = self.__dict__
        if kind not in own:
            raise AttributeError(_too_early(self, kind.strip("_")))
        own.pop(name, None)
        for other in ("_parameters", "_buffers", "_modules"):
            if other != kind:
                own[other].pop(name, None)
        own["_non_persistent"].discard(name)

    def _expect(self, name: str, value: Any, kinds: Any, wanted: str) -> None:
        if not isinstance(value, kinds):
            raise TypeError(
                f"{type(self).__name__}: {name!r} is a {wanted} or None "
                f"(got {type(value).__name__}); `del` it first to make it something else"
            )

    def __getattr__(self, name: str) -> Any:
        own = self.__dict__
        for kind in ("_parameters", "_buffers", "_modules"):
            if kind in own and name in own[kind]:
                return own[kind][name]
        message = f"{type(self).__name__!r} object has no attribute {name!r}"
        if "_parameters" not in own:
            message += "; call super().__init__() first in its __init__"
        raise AttributeError(message, name=name, obj=self)

    def __delattr__(self, name: str) -> None:
        for kind in ("_parameters", "_buffers", "_modules"):
            if name in self.__dict__.get(kind, ()):
                del self.__dict__[kind][name]
                self._non_persistent.discard(name)
                return
        super().__delattr__(name)

    def __dir__(self) -> list[str]:
        names = {*super().__dir__(), *self._parameters, *self._buffers, *self._modules}
        return sorted(name for name in names if not name[:1].isdigit())

    # Walking.

    def named_modules(
        self, memo: set[Any] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """(name, module) of this module and all below it; a shared one comes once."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                path = f"{prefix}.{name}" if prefix else name
                yield from module.named_modules(memo, path, remove_duplicate)

    def modules(self) -> Iterator[Module]:
        """This module and all below it."""
        return (module for _, module in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """(name, module) of the modules directly below this one; a shared one comes once."""
        seen: set[Module] = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Module]:
        """The modules directly below this one."""
        return (module for _, module in self.named_children())

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """(name, parameter), in the order of registration; a shared one comes once."""
        return self._named_members("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """The parameters, in the order of registration; a shared one comes once."""
        return (param for _, param in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """(name, buffer), in the order of registration; a shared one comes once."""
        return self._named_members("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """The buffers, in the order of registration; a shared one comes once."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def _named_members(self, kind: str, prefix: str, recurse: bool, once: bool) -> Named:
        seen: set[int] = set()
        modules = (
            self.named_modules(prefix=prefix, remove_duplicate=once)
            if recurse
            else iter([(prefix, self)])
        )
        for path, module in modules:
            for name, member in module.__dict__[kind].items():
                if member is None or id(member) in seen:
                    continue
                if once:
                    seen.add(id(member))
                yield (f"{path}.{name}" if path else name), member

    def get_submodule(self, target: str) -> Module:
        """The module of that dotted name. Raises AttributeError where there is none."""
        module: Any = self
        for name in target.split(".") if target else ():
            found = module._modules.get(name)
            if found is None:
                raise AttributeError(
                    f"{type(module).__name__} has no submodule {name!r} (asked for {target!r})"
                )
            module = found
        return module

    def get_parameter(self, target: str) -> Parameter:
        """The parameter of that dotted name. Raises AttributeError where there is none."""
        return self._member("_parameters", "parameter", target)

    def get_buffer(self, target: str) -> Tensor:
        """The buffer of that dotted name. Raises AttributeError where there is none."""
        return self._member("_buffers", "buffer", target)

    def _member(self, kind: str, word: str, target: str) -> Any:
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        found = module.__dict__[kind].get(name)
        if found is None:
            raise AttributeError(
                f"{type(module).__name__} has no {word} {name!r} (asked for {target!r})"
            )
        return found

    # Changing.

    def apply(self: M, fn: Callable[[Module], Any]) -> M:
        """Calls `fn` on every module below this one, then on this one."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def train(self: M, mode: bool = True) -> M:
        """Switches this module and all below it to training (or, with False, to evaluation)."""
        if not isinstance(mode, bool):
            raise ValueError(f"train: mode is True or False (got {mode!r})")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self: M) -> M:
        """Switches this module and all below it to evaluation."""
        return self.train(False)

    # Showing.

    def extra_repr(self) -> str:
        """The arguments that `repr` shows between the brackets."""
        return ""

    def _get_name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        if len(lines) <= 1 and not self._modules:
            return f"{self._get_name()}({extra})"
        lines += [f"({name}): {indented(module)}" for name, module in self._modules.items()]
        return f"{self._get_name()}(\n  " + "\n  ".join(lines) + "\n)"


def indented(module: Any) -> str:
    """The text of a module for the inside of another one's."""
    return repr(module).replace("\n", "\n  ")


def _too_early(module: Module, kind: str) -> str:
    return (
        f"{type(module).__name__}: cannot hold {kind} before Module.__init__ has run; "
        "call super().__init__() first in its __init__"
    )
