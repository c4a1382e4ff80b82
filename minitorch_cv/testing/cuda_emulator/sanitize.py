"""CUDA kernels under g++'s sanitizers: which threads race, and what lies outside its array?

    report = sanitize("thread", Source("teaching/gemm.cu"), "gemm_tiled", grid, block, args)

"thread": two threads touch one place, one of them writes, and nothing orders them (a barrier that
is missing, a sum that is not atomic). "address": an access beyond an array, which lie apart here.
The kernel runs in a program of its own; the answer is what the sanitizer wrote, "" where all is
well.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ...backend.cuda_kernels import Source, three
from .emulator import EmulatorError, build

_KINDS = {
    "thread": ("TSAN_OPTIONS", "exitcode=0:halt_on_error=0:atexit_sleep_ms=0"),
    "address": ("ASAN_OPTIONS", "exitcode=0:detect_leaks=0:detect_stack_use_after_return=0"),
}

# Reads sizes and arguments from a file, each array into memory of its own, and launches.
_MAIN = """
int main(int, char** given) {
    FILE* file = fopen(given[1], "rb");
    unsigned head[9];  // grid, block, shared, backward, number of arguments
    void* args[64];
    void* values[64];
    if (!file || fread(head, 4, 9, file) != 9) return 3;
    for (unsigned k = 0; k < head[8]; k++) {
        long long size[2];  // is it an array? how many bytes?
        if (fread(size, 8, 2, file) != 2) return 3;
        values[k] = malloc(size[1] ? size[1] : 1);
        if (fread(values[k], 1, size[1], file) != (size_t)size[1]) return 3;
        args[k] = size[0] ? &values[k] : values[k];
    }
    long long place[3];  // an array behind an address: the argument, the word of it, the bytes
    while (fread(place, 8, 3, file) == 3) {
        void* array = malloc(place[2] ? place[2] : 1);
        if (fread(array, 1, place[2], file) != (size_t)place[2]) return 3;
        ((void**)values[place[0]])[place[1]] = array;
    }
    const char* error = "there is no such kernel";
    TRY_EACH
    if (error) { fprintf(stderr, "%s\\n", error); return 4; }
    return 0;
}
"""


def sanitize(
    kind: str, source: Source | str, name: str, grid: int | Sequence[int],
    block: int | Sequence[int], args: Sequence[Any], shared: int = 0, backward: bool = False,
    behind: Sequence[tuple[int, int, np.ndarray]] = (),
) -> str:  # fmt: skip
    """What the sanitizer ("thread" or "address") says of one launch; args as in Emulated.launch.

    behind: (argument, place, array): the word there becomes the address of a copy of the array.
    Raises EmulatorError where the program ends otherwise, or cannot be built.
    """
    own = Source("text", source) if isinstance(source, str) else source
    calls = "\n    ".join(
        f'if (!strcmp(given[2], "{kernel}")) error = launch_{kernel}(head, head[6], head[7], args);'
        for kernel in own.kernels
    )
    main = _MAIN.replace("TRY_EACH", calls)
    program = build(own, f"-fsanitize={kind}", "-g", "-O1", "-Wno-error", main=main)
    variable, options = _KINDS[kind]
    with tempfile.TemporaryDirectory() as work:
        file = Path(work) / "arguments"
        head = (*three(grid), *three(block), shared, backward, len(args))
        values = [_packed(v) for v in own.kernels[name].cast(args)]
        values += [struct.pack("<3q", k, at, a.nbytes) + a.tobytes() for k, at, a in behind]
        file.write_bytes(struct.pack("<9I", *head) + b"".join(values))
        command, env = [str(program), str(file), name], {**os.environ, variable: options}
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=env)
        if "unexpected memory mapping" in done.stderr and shutil.which("setarch"):
            # Old sanitizers know fewer places that the system may put memory at.
            command = ["setarch", "-R", *command]
            done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=env)
    if done.returncode:
        raise EmulatorError(f"{name}: ends with {done.returncode}\n{done.stderr}")
    lines = done.stderr.splitlines(keepends=True)
    return "".join(line for line in lines if "makecontext/swapcontext" not in line)  # a notice


@cache
def can_sanitize(kind: str) -> bool:
    """Is there a compiler with this sanitizer, and does what it makes run here?"""
    text = 'extern "C" __global__ void __launch_bounds__(32)\nf(int* x) { x[0] = 1; }'
    try:
        return sanitize(kind, text, "f", 1, 1, (np.zeros(1, np.int32),)) == ""
    except (EmulatorError, RuntimeError):
        return False


def _packed(value: Any) -> bytes:
    """is it an array? · bytes · content; None is a null pointer."""
    is_array = isinstance(value, np.ndarray)
    content = bytes(8) if value is None else np.asarray(value).tobytes()
    return struct.pack("<2q", is_array, len(content)) + content
