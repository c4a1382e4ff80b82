"""`minitorch-cv gradcheck`: the gradient check on functions in a file of the user's.

minitorch-cv gradcheck mylayers.py:conv_forward,conv_backward --shapes x=2,3,5,4 w=4,3,3,3 b=4
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import json
import sys
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ..tasks.errors import TaskError

PASSED, FAILED, UNDECIDED = 0, 1, 2


def gradcheck(arguments: Any) -> int:
    """Runs the check and prints its report; answers 0 for PASS, 1 for FAIL, 2 for UNDECIDED."""
    from ..testing import gradcheck as check

    path, names = _target(arguments.target)
    functions = _functions(path, names)
    try:
        inputs, params = _inputs(functions[0], arguments)
        target: Any = functions
        given: list[Any] = list(inputs.values())
        if len(functions) == 1:
            target, given = _on_tensors(functions[0], inputs)
        result = check(target, given, params=params, names=_floats(inputs), seed=arguments.seed)
    except TaskError:
        raise
    except Exception as error:
        raise TaskError(_told(error, path)) from error
    if arguments.json:
        print(json.dumps(result.to_dict(), indent=1, ensure_ascii=False, default=str))
    else:
        print(result)
    return {"PASS": PASSED, "FAIL": FAILED}.get(result.verdict, UNDECIDED)


# The file and its functions.


def _target(text: str) -> tuple[Path, list[str]]:
    """FILE.py:FORWARD,BACKWARD or FILE.py:FUNCTION."""
    file, colon, names = text.rpartition(":")
    found = [name.strip() for name in names.split(",")]
    if not colon or len(found) > 2 or not all(found):
        raise TaskError(
            f"gradcheck: expects FILE.py:FORWARD,BACKWARD or FILE.py:FUNCTION (got {text!r})"
        )
    return Path(file), found


def _functions(path: Path, names: list[str]) -> tuple[Callable[..., Any], ...]:
    """The named functions of a Python file, which is run as an import would run it."""
    if not path.is_file():
        raise TaskError(f"gradcheck: there is no file {path}")
    name = f"_checked_{path.stem}"  # a name that hides no other module
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise TaskError(f"gradcheck: {path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(path.resolve().parent))  # for what the file imports from beside it
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise TaskError(f"{path} cannot be imported: {_told(error, path)}") from error
    return tuple(_function(module, path, wanted) for wanted in names)


def _function(module: Any, path: Path, name: str) -> Callable[..., Any]:
    found = getattr(module, name, None)
    if callable(found):
        return found
    own = [
        n
        for n, f in vars(module).items()
        if inspect.isfunction(f) and f.__module__ == module.__name__
    ]
    there = ", ".join(own) if own else "no function"
    raise TaskError(f"gradcheck: {path} has no function {name!r}; there is: {there}")


# The inputs.


def _inputs(
    forward: Callable[..., Any], arguments: Any
) -> tuple[dict[str, np.ndarray], dict[str, Any] | None]:
    """Random inputs in the order of the function's parameters, and what --param gives."""
    rng = np.random.default_rng(arguments.seed)
    made: dict[str, np.ndarray] = {}
    for name, text in _pairs("--shapes", arguments.shapes):
        made[name] = np.asarray(rng.normal(size=_shape(name, text))).astype(arguments.dtype)
    for name, text in _pairs("--labels", arguments.labels):
        shape, colon, classes = text.rpartition(":")
        if not colon or not classes.isdecimal() or int(classes) < 1:
            raise TaskError(f"gradcheck: --labels expects {name}=COUNT:CLASSES (got {text!r})")
        made[name] = rng.integers(0, int(classes), _shape(name, shape))
    params = {name: _value(text) for name, text in _pairs("--param", arguments.param)}
    return _ordered(forward, made, params), params or None


def _ordered(
    forward: Callable[..., Any], made: dict[str, np.ndarray], params: dict[str, Any]
) -> dict[str, np.ndarray]:
    """The inputs in the order of the signature. Raises TaskError for names that do not fit."""
    what = getattr(forward, "__name__", "the function")
    words = _positional(forward)
    if words is None:  # *args: the order in which they were given
        return made
    wrong = [name for name in made if name not in words]
    if wrong:
        raise TaskError(
            f"gradcheck: {what} has no argument {wrong[0]!r}; it takes {', '.join(words)}"
        )
    last = max((k for k, w in enumerate(words) if w in made), default=-1)
    missing = [
        w
        for k, (w, needed) in enumerate(words.items())
        if w not in made and (k < last or (needed and w not in params))
    ]
    if len(missing) > bool(params):
        raise TaskError(
            f"gradcheck: {what} also needs {missing[0]}; give --shapes {missing[0]}=2,3 if it is "
            f"an array, or --param NAME=VALUE if it is a dictionary of settings"
        )
    return {w: made[w] for w in words if w in made}


def _positional(forward: Callable[..., Any]) -> dict[str, bool] | None:
    """The positional parameters and whether each is needed; None where any number is taken."""
    try:
        parameters = inspect.signature(forward).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(p.kind == p.VAR_POSITIONAL for p in parameters):
        return None
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return {p.name: p.default is p.empty for p in parameters if p.kind in kinds}


def _pairs(option: str, given: Iterable[str] | None) -> Iterable[tuple[str, str]]:
    seen = set()
    for text in given or ():
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            raise TaskError(f"gradcheck: {option} expects NAME=VALUE (got {text!r})")
        if name in seen:
            raise TaskError(f"gradcheck: {option} gives {name} twice")
        seen.add(name)
        yield name, value


def _shape(name: str, text: str) -> tuple[int, ...]:
    """2,3,5,4 → (2, 3, 5, 4); nothing at all is a single number."""
    parts = [part.strip() for part in text.strip("()").split(",") if part.strip()]
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise TaskError(
            f"gradcheck: the shape of {name} is whole numbers ≥ 1, such as {name}=2,3,5,4 "
            f"(got {text!r})"
        )
    return tuple(int(part) for part in parts)


def _value(text: str) -> Any:
    """2 → 2, (1, 2) → (1, 2), same → "same"."""
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text


def _floats(inputs: dict[str, np.ndarray]) -> list[str]:
    return [name for name, x in inputs.items() if x.dtype.kind == "f"]


def _on_tensors(
    function: Callable[..., Any], inputs: dict[str, np.ndarray]
) -> tuple[Callable[..., Any], list[Any]]:
    """The function of its float inputs alone, with the labels filled in, and those inputs."""
    from .. import from_numpy

    tensors = {name: from_numpy(x) for name, x in inputs.items()}
    floats = _floats(inputs)

    def call(*given: Any, **params: Any) -> Any:
        return function(*{**tensors, **dict(zip(floats, given, strict=True))}.values(), **params)

    return call, [tensors[name] for name in floats]


def _told(error: Exception, path: Path) -> str:
    """An exception in one line, with the place in the user's file where there is one."""
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}: {error.msg}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if Path(f.filename).resolve() == path.resolve()]
    if own:
        text = f"{type(error).__name__}: {error}"
        return f"{text} (in {own[-1].name}, {path}:{own[-1].lineno})"
    text = str(error)
    return text if text.startswith("gradcheck: ") else f"gradcheck: {text or type(error).__name__}"
