"""Writes docs/onnx.md: which functions of ours each operator case of the ONNX project runs on.

python tools/pages/page_onnx.py            write it
python tools/pages/page_onnx.py --check    exit code 1 where the file is not what would be written

The cases are run (their data must be there), and the names that they use are noted: the table
cannot tell of a function that was not called.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import minitorch_cv

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "onnx"))

from mapping import LEFT_OUT, ONE_FUNCTION, Library, run  # noqa: E402
from reader import LOST, ROUNDED, Case, read_cases  # noqa: E402
from writing import write  # noqa: E402 (lies beside this file)

PAGE = ROOT / "docs" / "onnx.md"
HEAD = """# The operator cases of ONNX

Written by `python tools/pages/page_onnx.py`; change `tests/onnx/mapping*.py` instead. The ONNX
project publishes small graphs with inputs and outputs (onnx/onnx, Apache-2.0). Each operator is
translated to our public functions there, and `tests/onnx` demands that the outputs agree to 1e-5 of
the larger of 1 and the expected value, in the case's dtype.

`mt` is `minitorch_cv`, `F` is `minitorch_cv.nn.functional`, `optim` is `minitorch_cv.optim`,
`detection` is `minitorch_cv.detection`.
"""


def page(engine: Any = minitorch_cv) -> str:
    """The whole page."""
    cases = read_cases()
    kept = [case for name, case in cases.items() if name not in LEFT_OUT]
    rows = [(case, functions(case, engine)) for case in kept]
    names = {name for _, used in rows for name in used}
    operators = {node.op for case in kept for node in case.nodes}
    text = [
        HEAD,
        f"{len(cases)} cases: **{len(kept)} mapped** ({len(operators)} operators of ONNX on "
        f"{len(names)} functions of ours), **{len(LEFT_OUT)} left out**.\n",
        f"## Left out\n\n{_table('why', [(cases[n], why) for n, why in LEFT_OUT.items()])}",
        f"## Mapped\n\n{_table('runs on', [(case, _code(used)) for case, used in rows])}",
        f"## By function\n\n{_by_function(rows)}",
        _notes(),
    ]
    return "\n".join(text)


def functions(case: Case, engine: Any) -> list[str]:
    """The names of ours that a case uses, in the order of their first use."""
    lib = Library(engine)
    run(case, engine, lib)
    if case.name in ONE_FUNCTION:
        ONE_FUNCTION[case.name](lib, *map(engine.tensor, case.inputs.values()))
    return lib.used


def _code(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "–"


def _table(title: str, rows: list[tuple[Case, str]]) -> str:
    lines = [f"| case | operators of ONNX | {title} |", "| --- | --- | --- |"]
    for case, text in rows:
        operators = _code(list(dict.fromkeys(node.op for node in case.nodes)))
        lines.append(f"| {case.name.removeprefix('test_')} | {operators} | {text} |")
    return "\n".join(lines) + "\n"


def _by_function(rows: list[tuple[Case, list[str]]]) -> str:
    """How many cases each function has part in."""
    count: dict[str, int] = {}
    for _, used in rows:
        for name in used:
            count[name] = count.get(name, 0) + 1
    lines = ["| function | cases |", "| --- | ---: |"]
    return "\n".join([*lines, *(f"| `{name}` | {count[name]} |" for name in sorted(count))]) + "\n"


def _notes() -> str:
    """Where a case needs a word."""
    lost = [
        f"- {name.removeprefix('test_')}: the stored graph lacks {attribute}; the outputs were "
        f"made with {value}.\n"
        for name, attributes in LOST.items()
        for attribute, value in attributes.items()
    ]
    lost += [
        f"- {name.removeprefix('test_')}: the stored outputs have {digits} digits after the dot.\n"
        for name, digits in ROUNDED.items()
    ]
    return f"""## Where ONNX and PyTorch differ

We follow PyTorch; the mapping bridges the difference.

- Batch norm in training: ONNX keeps the biased variance of the batch, we the unbiased one.
- Adam: ONNX counts steps from 0, corrects no bias in the first, and adds ε before the correction.
- Hard sigmoid: ONNX has the slope 0.2, we 1/6; SELU: ONNX may choose α and γ.
- Average pooling: ours has no dilation, and pads both ends alike by half a window at most.
- Resize: coordinates that `F.interpolate` does not have are an affine grid, sampled by
  `F.grid_sample`; ONNX rounds halves down, `nearest-exact` up.
- Non-maximum suppression: ONNX goes through images and classes, limits how many boxes of each are
  kept, and leaves out low scores; `detection.nms` does one image and class.
- Space to depth: ONNX lists a block's channels together, `F.pixel_unshuffle` a channel's block.
{"".join(lost)}"""


def main(arguments: list[str]) -> int:
    """Writes the page, or compares with `--check`."""
    return write(PAGE, page(), arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
