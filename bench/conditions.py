"""Where and with what the figures were made."""

import os
import platform
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

from bench.peers import PEERS
from kudari import _core, cpu

_CACHES = Path("/sys/devices/system/cpu/cpu0/cache")
_DISTRIBUTIONS = {"sklearn": "scikit-learn"}


def _processor() -> str:
    """Its name, as the system has it."""
    info = Path("/proc/cpuinfo")
    text = info.read_text("utf-8") if info.exists() else ""
    found = re.search(r"model name\s*: (.+)", text)
    return found[1] if found else platform.processor() or platform.machine()


def _caches() -> list[str]:
    """Level, kind and size of each cache of the first core."""

    def entry(folder: Path) -> str:
        level, kind, size = (
            (folder / name).read_text("utf-8").strip() for name in ("level", "type", "size")
        )
        return f"L{level} {kind.lower()} {size}"

    return [entry(folder) for folder in sorted(_CACHES.glob("index*"))]


def _version(package: str) -> str:
    try:
        return metadata.version(_DISTRIBUTIONS.get(package, package))
    except metadata.PackageNotFoundError:
        return "not installed"


def _compiler() -> str:
    try:
        command = [os.environ.get("CXX", "g++"), "--version"]
        return subprocess.run(command, capture_output=True, text=True).stdout.split("\n")[0]
    except OSError:
        return "none"


def conditions(peers: Iterable[str]) -> dict[str, Any]:
    """The command, the machine, and the versions of everything measured."""
    packages = dict.fromkeys(package for name in peers for package in PEERS[name].packages)
    build = _core.build_info()
    return {
        "command": shlex.join(["python", "-m", "bench", *sys.argv[1:]]),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "caches": _caches(),
        "isa": cpu.active(),
        "python": platform.python_version(),
        "kudari_compiler": build["compiler"],
        "limits_compiler": _compiler(),
        "versions": {name: _version(name) for name in ("kudari", *packages) if name != "kudari"}
        | {"kudari": build["version"]},
    }


def sentence(found: dict[str, Any]) -> str:
    """The conditions in one line."""
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    caches = ", ".join(found["caches"])
    return (
        f"{found['processor']}, {found['cores']} cores ({caches}), {found['isa']}; "
        f"Python {found['python']}, {versions}; {found['kudari_compiler']}."
    )
