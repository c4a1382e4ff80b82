"""How a module is called: pre-hooks, forward, hooks, and the hooks of the backward pass."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

from ...autograd.function import Function
from ...autograd.tensor import Handle, Tensor


class Hook(NamedTuple):
    call: Callable[..., Any]
    with_kwargs: bool = False
    always: bool = False


class Calling:
    """Mixin: `module(...)` and its hooks."""

    _forward_pre_hooks: OrderedDict[int, Hook]
    _forward_hooks: OrderedDict[int, Hook]
    _backward_pre_hooks: OrderedDict[int, Hook]
    _backward_hooks: OrderedDict[int, Hook]
    forward: Callable[..., Any]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if (
            self._forward_hooks or self._forward_pre_hooks
            or self._backward_hooks or self._backward_pre_hooks
        ):  # fmt: skip
            return _call_with_hooks(self, args, kwargs)
        try:
            return self.forward(*args, **kwargs)
        except TypeError as error:
            _explain_devices(self, error)
            raise

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> Handle:
        """Calls `hook(module, args)` before forward; an answer replaces the arguments.

        with_kwargs: `hook(module, args, kwargs)` answers None or `(args, kwargs)`.
        Returns a handle whose `remove()` takes the hook off again.
        """
        return _register(self._forward_pre_hooks, Hook(hook, with_kwargs), prepend)

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> Handle:
        """Calls `hook(module, args, output)` after forward; an answer replaces the output.

        with_kwargs: `hook(module, args, kwargs, output)`. always_call: also when forward raised
        (the output is then None). Returns a handle.
        """
        return _register(self._forward_hooks, Hook(hook, with_kwargs, always_call), prepend)

    def register_full_backward_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> Handle:
        """Calls `hook(module, grad_output)` before the module's backward; an answer replaces
        grad_output. Returns a handle."""
        return _register(self._backward_pre_hooks, Hook(hook), prepend)

    def register_full_backward_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> Handle:
        """Calls `hook(module, grad_input, grad_output)` once the gradients with respect to the
        module's inputs are known; an answer replaces grad_input. Returns a handle.

        grad_input has an entry for each positional argument, None for those that are no tensors.
        """
        return _register(self._backward_hooks, Hook(hook), prepend)


def _explain_devices(module: Any, error: TypeError) -> None:
    """Adds to an op's words about two devices where the module lies, for it can move as a whole."""
    words = str(error)
    if "lie on different devices" not in words or "; or move the module" in words:
        return
    tensors = [*module.parameters(), *module.buffers()]
    if tensors:
        name, places = type(module).__name__, sorted({str(t.device) for t in tensors})
        error.args = (
            f"{words}; or move the module: {name} lies on {' and '.join(places)}, "
            "module.to(input.device) brings it to its input",
        )


def _register(hooks: OrderedDict[int, Any], hook: Hook, prepend: bool) -> Handle:
    handle = Handle(hooks, hook)
    if prepend:
        hooks.move_to_end(handle.key, last=False)
    return handle


def _call_with_hooks(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    called: set[int] = set()
    result = None
    try:
        for hook in list(module._forward_pre_hooks.values()):
            args, kwargs = _before(hook, module, args, kwargs)
        watch = None
        if module._backward_hooks or module._backward_pre_hooks:
            watch = _Watch(module)
            args = watch.inputs(args)
        result = module.forward(*args, **kwargs)
        for key, hook in list(module._forward_hooks.items()):
            called.add(key)
            result = _after(hook, module, args, kwargs, result)
        return result if watch is None else watch.outputs(result)
    except Exception:
        for key, hook in list(module._forward_hooks.items()):
            if hook.always and key not in called:
                _after_failure(hook, module, args, kwargs, result)
        raise


def _before(hook: Hook, module: Any, args: Any, kwargs: Any) -> tuple[Any, Any]:
    if not hook.with_kwargs:
        answer = hook.call(module, args)
        if answer is None:
            return args, kwargs
        return (answer if isinstance(answer, tuple) else (answer,)), kwargs
    answer = hook.call(module, args, kwargs)
    if answer is None:
        return args, kwargs
    if not isinstance(answer, tuple) or len(answer) != 2:
        raise RuntimeError(
            f"forward pre-hook: answers None or (args, kwargs) (got {type(answer).__name__})"
        )
    return answer


def _after(hook: Hook, module: Any, args: Any, kwargs: Any, result: Any) -> Any:
    if hook.with_kwargs:
        answer = hook.call(module, args, kwargs, result)
    else:
        answer = hook.call(module, args, result)
    return result if answer is None else answer


def _after_failure(hook: Hook, module: Any, args: Any, kwargs: Any, result: Any) -> None:
    """Calls a hook although forward raised; an error of its own is a warning beside that one."""
    try:
        _after(hook, module, args, kwargs, result)
    except Exception as error:
        warnings.warn(f"forward hook: raised {error!r} after forward had failed", stacklevel=4)


class _Watch:
    """The backward hooks of one call: one boundary of the tape before forward, one after.

    The gradients that reach the boundary after forward are grad_output; those that reach the one
    before it are grad_input, and the hooks are called with both.
    """

    def __init__(self, module: Any) -> None:
        self.module = module
        self.places: list[int] | None = None  # of the tensors among the arguments
        self.count = 0
        self.grad_output: tuple[Any, ...] = ()

    def inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        self.count = len(args)
        places = [i for i, value in enumerate(args) if isinstance(value, Tensor)]
        fresh = _cross(self._at_inputs, [args[i] for i in places])
        if not any(tensor._requires_grad for tensor in fresh):
            return args
        self.places = places
        return _put(args, places, fresh)

    def outputs(self, result: Any) -> Any:
        outputs = result if isinstance(result, tuple) else (result,)
        places = [i for i, value in enumerate(outputs) if isinstance(value, Tensor)]

        def arrived(gradients: tuple[Any, ...]) -> tuple[Any, ...]:
            full = _put((None,) * len(outputs), places, gradients)
            replaced = self._at_outputs(full)
            return tuple(replaced[i] for i in places)

        outputs = _put(outputs, places, _cross(arrived, [outputs[i] for i in places]))
        return outputs if isinstance(result, tuple) else outputs[0]

    def _at_outputs(self, grad_output: tuple[Any, ...]) -> tuple[Any, ...]:
        for hook in list(self.module._backward_pre_hooks.values()):
            answer = hook.call(self.module, grad_output)
            if answer is not None:
                grad_output = _as_tuple(answer, len(grad_output), "grad_output")
        self.grad_output = grad_output
        if self.places is None:
            self._call(((None,) * self.count), replaceable=False)
        return grad_output

    def _at_inputs(self, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
        places = self.places or []
        grad_input = self._call(_put((None,) * self.count, places, gradients), replaceable=True)
        return tuple(grad_input[i] for i in places)

    def _call(self, grad_input: tuple[Any, ...], replaceable: bool) -> tuple[Any, ...]:
        for hook in list(self.module._backward_hooks.values()):
            answer = hook.call(self.module, grad_input, self.grad_output)
            if answer is None:
                continue
            if not replaceable and any(g is not None for g in _as_tuple(answer, None, "")):
                raise RuntimeError(
                    "full backward hook: no input of the module requires grad, so there is no "
                    "grad_input to replace; return None"
                )
            grad_input = _as_tuple(answer, len(grad_input), "grad_input")
        self.grad_output = ()
        return grad_input


def _as_tuple(answer: Any, count: int | None, name: str) -> tuple[Any, ...]:
    values = answer if isinstance(answer, tuple) else (answer,)
    if count is not None and len(values) != count:
        raise RuntimeError(
            f"backward hook: answers {count} gradients for {name} (got {len(values)})"
        )
    return values


def _put(values: tuple[Any, ...], places: list[int], fresh: Any) -> tuple[Any, ...]:
    full = list(values)
    for place, value in zip(places, fresh, strict=True):
        full[place] = value
    return tuple(full)


def _cross(seen: Callable[..., Any], tensors: list[Any]) -> tuple[Any, ...]:
    return _Boundary.apply(seen, *tensors) if tensors else ()


class _Boundary(Function):
    """The identity; its backward shows the gradients to `seen` and passes on what that answers."""

    @staticmethod
    def forward(ctx: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG004
        ctx.seen = args[0]
        ctx.set_materialize_grads(False)
        return args[1:]

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        return (None, *ctx.seen(grads))
