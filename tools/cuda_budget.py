"""What each CUDA kernel takes of a GPU, as NVIDIA's assembler reports it, held against a budget.

python tools/cuda_budget.py            compare with kernels/cuda/budget.json; exit 1 where over it
python tools/cuda_budget.py --write    write the budget anew; refused where a kernel spills

Registers and shared memory decide how many blocks an SM can hold at once. A spill, a register's
value put away in memory for want of registers, has no budget: there may be none. Needs nvcc, and
no GPU.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from minitorch_cv.kernels.cuda.launch import HERE, Source

BUDGET = HERE / "budget.json"
RENEW = "python tools/cuda_budget.py --write"
ARCHITECTURES = ("sm_75", "sm_90", "sm_120")  # the oldest, the H200's, the newest
GRAIN = 8  # registers are given out by eights, so a budget in between would say nothing

# Of an SM of compute capability 9.0: the CUDA programming guide, "technical specifications per
# compute capability". A block's shared memory has 1 KB more that the system keeps for itself.
REGISTERS, WARPS, BLOCKS, SHARED, SYSTEM = 65536, 64, 32, 228 << 10, 1 << 10

_ENTRY = re.compile(r"Compiling entry function '(\w+)' for '(sm_\w+)'")
_FRAME = re.compile(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")
_USED = re.compile(r"Used (\d+) registers")
_SHARED = re.compile(r"(\d+) bytes smem")


class Use(NamedTuple):
    """What one kernel takes on one architecture. Bytes, but for the registers of a thread.

    stack: memory of each thread for arrays whose index is not known when compiling.
    shared: of a block, without the dynamic part, which the launch gives.
    """

    registers: int
    shared: int
    stack: int
    spilled: int


Uses = dict[str, dict[str, Use]]  # kernel → architecture → use


def find_nvcc() -> str | None:
    """The compiler, or None where there is none."""
    return shutil.which("nvcc")


def cuda_files() -> list[str]:
    """Every .cu file, below kernels/cuda."""
    return sorted(path.relative_to(HERE).as_posix() for path in HERE.rglob("*.cu"))


def measure(source: Source, architectures: Iterable[str] = ARCHITECTURES) -> Uses:
    """Compiles a file for some architectures. Raises RuntimeError where it does not compile."""
    nvcc = find_nvcc()
    if nvcc is None:
        raise RuntimeError("the resource report needs nvcc; install NVIDIA's CUDA toolkit")
    targets = [
        f"-gencode=arch=compute_{name[3:]},code={name}" for name in architectures
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as work:
        file = Path(work) / "kernels.cu"
        file.write_text(source.text, encoding="utf-8")
        flags = ["-fatbin", "-std=c++17", "-Xptxas", "-v", *targets]
        done = subprocess.run(
            [nvcc, *flags, str(file), "-o", f"{work}/out"], capture_output=True, text=True
        )
    if done.returncode:
        raise RuntimeError(f"{source.path} does not compile:\n{done.stderr}")
    return read(done.stdout + done.stderr)


def read(report: str) -> Uses:
    """What `ptxas -v` has printed: a line with the kernel, one on its stack, one on the rest."""
    uses: Uses = {}
    kernel = architecture = ""
    stack = spilled = 0
    for line in report.splitlines():
        if entry := _ENTRY.search(line):
            kernel, architecture = entry.groups()
        elif frame := _FRAME.search(line):
            stack, spilled = int(frame[1]), int(frame[2]) + int(frame[3])
        elif (used := _USED.search(line)) and kernel:
            shared = _SHARED.search(line)
            use = Use(int(used[1]), int(shared[1]) if shared else 0, stack, spilled)
            uses.setdefault(kernel, {})[architecture] = use
            kernel = ""
    return uses


def as_budget(uses: Uses) -> dict[str, dict[str, object]]:
    """The entry of a file: kernel → shared, stack, and for each architecture its registers."""
    return {
        kernel: {
            "shared": max(use.shared for use in by.values()),
            "stack": max(use.stack for use in by.values()),
            "registers": {name: -(-use.registers // GRAIN) * GRAIN for name, use in by.items()},
        }
        for kernel, by in sorted(uses.items())
    }


def complaints(file: str, uses: Uses, budget: dict[str, dict]) -> list[str]:
    """Where a file's kernels take more than their budget, have none, or spill."""
    found = []
    granted = budget.get(file, {})
    for kernel, by in sorted(uses.items()):
        for architecture, use in by.items():
            if use.spilled:
                found.append(
                    f"{kernel}: spills {use.spilled} bytes on {architecture}; give each thread "
                    "less to hold, or a smaller __launch_bounds__"
                )
        if kernel not in granted:
            found.append(f"{kernel}: has no budget; once its numbers are what you want: {RENEW}")
        else:
            found += _over(kernel, by, granted[kernel])
    found += [f"{k}: is in the budget but not in {file}; {RENEW}" for k in granted.keys() - uses]
    return found


def _over(kernel: str, by: dict[str, Use], granted: dict) -> list[str]:
    found = []
    for architecture, use in by.items():
        limits = {
            "registers": (use.registers, granted["registers"].get(architecture, 0)),
            "bytes of shared memory": (use.shared, granted["shared"]),
            "bytes of stack": (use.stack, granted["stack"]),
        }
        found += [
            f"{kernel}: takes {taken} {what} on {architecture} (budget: {most}); take less, or "
            f"grant it: {RENEW}"
            for what, (taken, most) in limits.items()
            if taken > most
        ]
    return found


def resident_warps(use: Use, threads: int) -> int:
    """How many warps an SM of an H200 holds at once, of the 64 that it has room for."""
    warps = -(-threads // 32)
    per_warp = -(-use.registers // GRAIN) * GRAIN * 32
    by_registers = REGISTERS // (per_warp * warps)
    by_shared = SHARED // (use.shared + SYSTEM)
    return min(by_registers, by_shared, WARPS // warps, BLOCKS) * warps


def load(path: Path = BUDGET) -> dict[str, dict]:
    """The committed budget: file → kernel → what it may take."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def table(file: str, uses: Uses) -> str:
    """A line for each kernel: registers by architecture, shared memory, resident warps."""
    signatures, lines = Source(file).kernels, [file]
    for kernel, by in sorted(uses.items()):
        registers = " ".join(f"{by[name].registers:5}" for name in by)
        use = by.get("sm_90", next(iter(by.values())))
        warps = resident_warps(use, signatures[kernel].threads)
        lines.append(f"  {kernel:36} {registers} {use.shared:8} {use.spilled:6} {warps:6}")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write the budget anew")
    parser.add_argument("files", nargs="*", help="below kernels/cuda; all where none is named")
    arguments = parser.parse_args()
    if find_nvcc() is None:
        print("the resource report needs nvcc; install NVIDIA's CUDA toolkit", file=sys.stderr)
        return 1
    budget, wrong = load(), []
    print(f"{'registers of a thread on':39}{' '.join(a[3:].rjust(5) for a in ARCHITECTURES)}"
          f"{'shared':>9}{'spills':>7}{'warps':>7}")  # fmt: skip
    for file in arguments.files or cuda_files():
        uses = measure(Source(file))
        print(table(file, uses), flush=True)
        if arguments.write and not any(u.spilled for by in uses.values() for u in by.values()):
            budget[file] = as_budget(uses)
        wrong += complaints(file, uses, budget)
    if arguments.write:
        kept = {file: budget[file] for file in cuda_files() if file in budget}
        BUDGET.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    print("\n".join(["", *wrong] if wrong else ["", "within the budget"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
