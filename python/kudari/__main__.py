"""`python -m kudari info | validate | bench | demo`."""

import argparse
import os
import platform
import subprocess
import sys
from collections.abc import Sequence

import numpy as np

from kudari import _core, cpu

# The kernels run on one thread, and so must the NumPy they are compared with. Its matrix product
# reads these when it is loaded; left alone it also stalls whenever something else wants a core.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def info() -> str:
    """Versions, how the extension was compiled, instruction sets, threads."""
    build = _core.build_info()
    facts = {
        "kudari": build.pop("version"),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "platform": platform.platform(),
        **{name.replace("_", " "): value for name, value in build.items()},
        "isa available": ", ".join(cpu.available()),
        "isa active": cpu.active(),
        "threads": str(cpu.get_num_threads()),
    }
    return "\n".join(f"{name + ':':<15}{value}" for name, value in facts.items())


def _validate(arguments: argparse.Namespace) -> int:
    from kudari import validation

    results = validation.run(arguments.isa)
    print(validation.report(results))
    return 0 if all(result.passed for result in results) else 1


def _bench(arguments: argparse.Namespace, words: Sequence[str]) -> int:
    if not ONE_THREAD.items() <= os.environ.items():
        command = [sys.executable, "-m", "kudari", *words]
        return subprocess.run(command, env={**os.environ, **ONE_THREAD}, check=False).returncode
    from kudari import benchmark

    timings = benchmark.run(arguments.sizes or benchmark.SIZES)
    if arguments.json:
        benchmark.save(timings, arguments.json)
        print(f"wrote {arguments.json}")
    if arguments.plot:
        benchmark.plot(timings, arguments.plot)
        print(f"wrote {arguments.plot}")
    return 0


def _size(text: str) -> int:
    """A number of elements, such as 1000 or 1e6."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not (value >= 10 and value.is_integer()):
        wanted = "a whole number of at least 10, such as 1000 or 1e6"
        raise argparse.ArgumentTypeError(f"expected {wanted}; received {text}")
    return int(value)


def _picture(text: str) -> str:
    from kudari import benchmark

    return benchmark.picture("plot", text)


def _file(text: str) -> str:
    from kudari import benchmark

    return benchmark.file(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m kudari")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("info", help="versions, compiler, instruction sets, threads")
    validate = commands.add_parser("validate", help="kernels against the NumPy reference")
    validate.add_argument("--isa", nargs="+", choices=cpu.available(), help="default: all")
    bench = commands.add_parser("bench", help="kernels against vectorised NumPy")
    bench.add_argument("--sizes", nargs="+", type=_size, metavar="N", help="elements")
    bench.add_argument("--plot", type=_picture, metavar="FILE.png", help="draw the table")
    bench.add_argument("--json", type=_file, metavar="FILE", help="write the numbers")
    commands.add_parser("demo", help="train three models on real data", add_help=False)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one sub-command; its exit code: 2 for words or variables that cannot be meant, 1 where a
    package is missing or a kernel is not validated."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        cpu.active(), cpu.get_num_threads()  # these read the environment
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        return _run(words)
    except ImportError as error:
        print(error, file=sys.stderr)
        return 1


def _run(words: Sequence[str]) -> int:
    if words[:1] == ["demo"]:
        from kudari import demo

        return demo.main(words[1:])
    arguments = _parser().parse_args(words)
    if arguments.command == "info":
        print(info())
        return 0
    if arguments.command == "validate":
        return _validate(arguments)
    return _bench(arguments, words)


if __name__ == "__main__":
    sys.exit(main())
