"""The tree keeps its shape: which way imports run, how long files and functions are."""

import ast
import re
import statistics
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "python" / "kudari"

# From the bottom up: a module imports from its own room or from one below, never in a circle.
PYTHON_ROOMS = (
    {"_core", "checks", "lacking", "memory", "naming", "reference", "samples", "tensors"},
    {"callbacks", "cpu", "data", "identifiers", "nonfinite", "progress", "random", "scales"},
    {"operands"},
    {"kernels"},
    {"activations", "initializers", "optimizers.schedules"},
    {"layers", "losses", "metrics", "optimizers"},
    {"network", "summary", "utils"},
    {"resume", "stack"},
    {"training"},
    {"models"},
    {"__init__"},
    {"validation", "vectorised"},
    {"benchmark", "demo"},
    {"__main__"},
)
CPP_ROOMS = ("simd", "kernels", "isa", "engine", "bind")

MODULES = sorted(PACKAGE.rglob("*.py"))
CPP = sorted(chain((ROOT / "cpp").rglob("*.hpp"), (ROOT / "cpp").rglob("*.cpp")))
FOLDERS = ("python", "cpp", "tests", "bench", "examples", "docs")
SOURCES = sorted(
    path
    for folder in FOLDERS
    for ending in ("py", "cpp", "hpp")
    for path in (ROOT / folder).rglob(f"*.{ending}")
)


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def dotted(path: Path) -> str:
    """`optimizers.adam` for optimizers/adam.py, `optimizers` for its __init__."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


NAMES = {dotted(path) for path in MODULES} | {"_core"}


def room(module: str) -> int:
    """Index of the module's room: its own entry, else that of its package."""
    for name in (module, module.split(".")[0]):
        for index, names in enumerate(PYTHON_ROOMS):
            if name in names:
                return index
    raise AssertionError(f"kudari.{module} has no room: add it to PYTHON_ROOMS")


def imports(tree: ast.AST) -> Iterator[str]:
    """Full names of what is imported: `kudari.losses` for `from kudari import losses`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own_imports(path: Path) -> set[str]:
    """Modules of this package that a module imports."""
    found = set()
    for name in imports(ast.parse(path.read_text("utf-8"))):
        if name.split(".")[0] == "kudari":
            inner = name.removeprefix("kudari").lstrip(".")
            while inner and inner not in NAMES:
                inner = inner.rpartition(".")[0]
            found.add(inner or "__init__")
    return found - {dotted(path)}


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_python_imports_run_one_way(path: Path) -> None:
    above = {name for name in own_imports(path) if room(name) > room(dotted(path))}
    assert not above, f"{relative(path)} imports {above} from a room above its own"


def test_python_imports_have_no_circle() -> None:
    graph = {dotted(path): own_imports(path) for path in MODULES}
    tuple(TopologicalSorter(graph).static_order())


def test_the_reference_stands_alone() -> None:
    for path in MODULES:
        inner = own_imports(path)
        if dotted(path).startswith("reference"):
            assert all(name.startswith("reference") for name in inner), relative(path)
        else:
            uses = any(name.startswith("reference") for name in inner)
            assert not uses or dotted(path) in {"validation", "benchmark"}, relative(path)


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_numpy_is_the_only_import_from_outside(path: Path) -> None:
    """Whatever else is imported is imported when first used, inside a function."""
    top = ast.Module(body=[], type_ignores=[])
    for statement in ast.parse(path.read_text("utf-8")).body:
        if not isinstance(statement, ast.FunctionDef | ast.ClassDef):
            top.body.append(statement)
    outside = {name.split(".")[0] for name in imports(top)} - set(sys.stdlib_module_names)
    assert outside <= {"numpy", "kudari"}


@pytest.mark.parametrize("path", CPP, ids=relative)
def test_cpp_includes_run_one_way(path: Path) -> None:
    text = path.read_text("utf-8")
    level = CPP_ROOMS.index(path.relative_to(ROOT / "cpp").parts[0])
    for included in re.findall(r'#include "([^"]+)"', text):
        assert (ROOT / "cpp" / included).exists(), f"{included}: name the room in every include"
        assert CPP_ROOMS.index(included.split("/")[0]) <= level, f"{relative(path)}: {included}"


@pytest.mark.parametrize("path", CPP, ids=relative)
def test_cpp_rooms_keep_to_their_own(path: Path) -> None:
    """Intrinsics in simd/ alone, pybind11 in bind/ alone, no threads in kernels/ and simd/."""
    text, name = path.read_text("utf-8"), path.relative_to(ROOT / "cpp").parts[0]
    if name != "simd":
        assert not re.search(r"<\w*mmintrin\.h>|<immintrin\.h>|<arm_neon\.h>|\b_mm\d*_\w+", text)
    if name != "bind":
        assert not re.search(r"pybind11|Python\.h", text)
    if name in {"simd", "kernels"}:
        assert not re.search(r"#include <(thread|mutex|atomic|condition_variable)>", text)


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_no_file_is_over_500_lines(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 500


def function_lengths() -> dict[str, int]:
    """Lines of every Python function of the package, without its docstring."""
    lengths = {}
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef):
                first = node.body[0]
                said = ast.get_docstring(node) is not None
                doc = (first.end_lineno or 0) - first.lineno + 1 if said else 0
                length = (node.end_lineno or 0) - node.lineno + 1 - doc
                lengths[f"{relative(path)}:{node.lineno} {node.name}"] = length
    return lengths


def test_functions_are_short() -> None:
    lengths = function_lengths()
    ordered = sorted(lengths.values())
    longest = sorted(lengths.items(), key=lambda item: -item[1])[:5]
    assert statistics.median(ordered) <= 10, longest
    assert ordered[int(0.9 * len(ordered))] <= 30, longest
