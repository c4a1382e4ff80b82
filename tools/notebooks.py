"""Runs the notebooks from top to bottom and keeps their outputs.

python tools/notebooks.py            run all, write the outputs into the files
python tools/notebooks.py --check    run all, write nothing; exit 1 where a cell fails
python tools/notebooks.py NAME …     only these, by their file names
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"


def run(path: Path, keep: bool) -> bool:
    """Runs one notebook; True where every cell ran."""
    start = time.perf_counter()
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(FOLDER)}})
    try:
        client.execute()
    except CellExecutionError as error:
        print(f"{path.name}: {error}", file=sys.stderr)
        return False
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:02d}"  # stable, so that a second run changes nothing
        cell.metadata.pop("execution", None)
        if "outputs" in cell:
            cell["outputs"] = _joined(cell["outputs"])
    notebook.metadata.get("language_info", {}).pop("version", None)
    if keep:
        nbformat.write(notebook, path)
    print(f"{path.name}: {len(notebook.cells)} cells in {time.perf_counter() - start:.1f} s")
    return True


def _joined(outputs: list[Any]) -> list[Any]:
    """Text that arrived in pieces as one output."""
    joined: list[Any] = []
    for output in outputs:
        last = joined[-1] if joined else None
        if last and last.get("name") and last.get("name") == output.get("name"):
            last["text"] += output["text"]
        else:
            joined.append(output)
    return joined


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="run, but write nothing")
    parser.add_argument("names", nargs="*", help="file names; all where none is given")
    arguments = parser.parse_args()
    paths = [FOLDER / name for name in arguments.names] or sorted(FOLDER.glob("*.ipynb"))
    results = [run(path, not arguments.check) for path in paths]
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
