"""`python -m bench`: kudari beside its peers, every answer checked before anything is timed.

Each peer is a process of its own; within a row they run in turn, round after round, and the least
time of each counts. Peers that are not installed are named and left out. Ends with 1 where a
peer's answer is refused. Install the peers with pip install ".[bench]".
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import groupby
from pathlib import Path

from bench import calls, kernels, picture, report, training
from bench.conditions import conditions, sentence
from bench.peers import PEERS
from bench.protocol import Outcome, Pool, Row, measure
from kudari import benchmark

ROWS = (*training.ROWS, *kernels.ROWS, *calls.ROWS)
QUICK = ("spam/32", "mnist/128", "house/32", "adam/1e6", "*/4096x10", "*batch*", "fit-*")
ROUNDS, QUICK_ROUNDS = 5, 2


def _arguments() -> argparse.Namespace:
    cores = len(os.sched_getaffinity(0))
    default = [name for name, peer in PEERS.items() if peer.by_default]
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="kudari beside its peers, in one run"
    )
    add = parser.add_argument
    add("--rows", nargs="+", metavar="PATTERN", help="rows or groups, such as 'mnist/*' or updates")
    add("--peers", nargs="+", choices=PEERS, default=default, metavar="PEER", help=", ".join(PEERS))
    add("--threads", nargs="+", type=int, choices=range(1, cores + 1), default=sorted({1, cores}))
    add("--rounds", type=int, help=f"that count, of each row ({ROUNDS}; quick {QUICK_ROUNDS})")
    add("--quick", action="store_true", help="few rows, short stretches; under two minutes")
    add("--json", type=benchmark.file, metavar="FILE", help="every round's figures")
    add("--plot", metavar="FILE", help="the ratios as a picture")
    add("--readme", action="store_true", help="rewrite the block of README.md")
    options = parser.parse_args()
    if options.plot:
        benchmark.picture("bench", options.plot)
    return options


def chosen(patterns: Sequence[str]) -> list[Row]:
    """Rows whose name or group fits a pattern; ValueError where a pattern fits none."""
    for pattern in patterns:
        if not any(_fits(row, pattern) for row in ROWS):
            groups = ", ".join(dict.fromkeys(row.group for row in ROWS))
            raise ValueError(
                f"[bench] expected a pattern of rows such as mnist/32, or of groups ({groups}); "
                f"received {pattern!r}, which fits none. Quote patterns that contain a star."
            )
    return [row for row in ROWS if any(_fits(row, pattern) for pattern in patterns)]


def _fits(row: Row, pattern: str) -> bool:
    return fnmatchcase(row.name, pattern) or fnmatchcase(row.group, pattern)


def outcomes(options: argparse.Namespace, rows: Sequence[Row]) -> Iterator[Outcome]:
    """Every row at every number of threads, printed as it comes."""
    rounds = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS)
    for threads in options.threads:
        with Pool(threads) as pool, tempfile.TemporaryDirectory() as folder:
            for group, members in groupby(rows, lambda row: row.group):
                of_group = list(members)
                table = report.Columns([p for p in options.peers if p in of_group[0].peers])
                print(f"\n{table.header(group)}", flush=True)
                for row in of_group:
                    outcome = measure(pool, row, table.peers, rounds, Path(folder), options.quick)
                    print(table.line(outcome), flush=True)
                    yield outcome


def main() -> int:
    options = _arguments()
    rows = chosen(options.rows or (QUICK if options.quick else ("*",)))
    found = conditions(options.peers)
    print(f"{sentence(found)}\n{report.LEGEND}")
    done = list(outcomes(options, rows))
    print(f"\n{report.notes(done)}")
    if options.json:
        report.save(done, found, Path(options.json))
    if options.plot:
        picture.draw(done, f"{found['processor']}, {found['isa']}", Path(options.plot))
    if options.readme:
        report.write_readme(done, found)
    return 1 if any(outcome.refused for outcome in done) else 0


if __name__ == "__main__":
    sys.exit(main())
