"""What the numbers belong to: the GPU, its driver, the libraries."""

from __future__ import annotations

import contextlib
import datetime
import platform
from importlib import metadata
from typing import Any

from ..timing import cpu_name
from .place import Place

_PACKAGES = ("cupy", "cupy-cuda12x", "cupy-cuda13x", "numpy", "torch", "nvidia-cudnn-cu13",
             "nvidia-cudnn-cu12", "nvidia-cudnn-frontend")  # fmt: skip


def environment(place: Place, only: Any = ()) -> dict[str, Any]:  # noqa: ARG001 (every part has it)
    """Everything that a reader needs to read the other parts."""
    runtime = place.cupy.cuda.runtime
    properties = runtime.getDeviceProperties(0)
    name = properties["name"]
    found = {
        "passed": True,
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        if hasattr(datetime, "UTC") else datetime.datetime.utcnow().isoformat(timespec="seconds"),
        "gpu": name.decode() if isinstance(name, bytes) else str(name),
        "compute": f"{properties['major']}.{properties['minor']}",
        "processors": properties["multiProcessorCount"],
        "cache_bytes": properties.get("l2CacheSize"),
        "memory_bytes": runtime.memGetInfo()[1],
        "driver": runtime.driverGetVersion(),
        "runtime": runtime.runtimeGetVersion(),
        "cupy": place.cupy.__version__,
        "cpu": cpu_name(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "packages": {},
    }  # fmt: skip
    for package in _PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found["packages"][package] = metadata.version(package)
    return found
