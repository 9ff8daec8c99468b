"""Sees that code for a wide instruction set cannot be run on a machine without it.

    python tests/isa_symbols.py BUILD_DIRECTORY

BUILD_DIRECTORY holds the compiled objects (`cmake --build --preset release`). A function that both
a wide and a plain object define, an inline one of a shared header, is kept once by the linker,
perhaps in its wide form. So a wide object may define nothing outside its namespace, and no other
object may use wide registers. Prints `N passed, N failed`.
"""

import re
import subprocess
import sys
from pathlib import Path

WIDE = ("avx2", "avx512")
WIDE_REGISTER = re.compile(r"%[yz]mm\d")


def defined(path: Path) -> list[str]:
    """Demangled names of the functions and data that an object offers to the linker."""
    lines = subprocess.check_output(["nm", "-C", "--defined-only", "-g", path], text=True)
    return [line.split(maxsplit=2)[2] for line in lines.splitlines()]


def outside(names: list[str], isa: str) -> list[str]:
    return [name for name in names if f"kudari::{isa}::" not in name]


def uses_wide_registers(path: Path) -> bool:
    code = subprocess.check_output(["objdump", "-d", "--no-show-raw-insn", path], text=True)
    return WIDE_REGISTER.search(code) is not None


def check(path: Path) -> list[str]:
    isa = path.name.split(".")[0]
    if isa in WIDE and path.parent.name == "isa":
        return [f"defines {name}" for name in outside(defined(path), isa)]
    return ["uses registers of AVX"] if uses_wide_registers(path) else []


def main() -> int:
    objects = sorted(Path(sys.argv[1]).rglob("*.o"))
    names = {path.name.split(".")[0] for path in objects}
    if not names.issuperset({*WIDE, "baseline", "network"}):
        sys.exit(f"expected the compiled objects of the engine below {sys.argv[1]}; found {names}")
    failed = 0
    for path in objects:
        found = check(path)
        failed += bool(found)
        for line in found:
            print(f"{path.name} {line}")
    print(f"{len(objects) - failed} passed, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
