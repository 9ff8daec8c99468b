"""Tables on the terminal, a file in JSON, and the block of the README."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.conditions import sentence
from bench.page import markdown, replace
from bench.protocol import ROOT, Outcome

BEGIN, END = "<!-- bench -->\n", "<!-- /bench -->\n"
README = ROOT / "README.md"
LEGEND = """\
Microseconds a step or call, the least of the rounds. ratio: the best peer's time over kudari's;
below 1 the peer is ahead. share: the time at the machine's limit over kudari's, and over that of
kudari-avx2 at the limit of AVX2."""


def number(value: float) -> str:
    """Three or four digits."""
    return f"{value:.0f}" if value >= 1000 else f"{value:.3g}" if value < 100 else f"{value:.1f}"


def time(outcome: Outcome, peer: str) -> str:
    return number(outcome.best(peer) * 1e6) if outcome.times.get(peer) else "-"


def ratio(outcome: Outcome) -> str:
    return "-" if outcome.ratio is None else f"{outcome.ratio:.2f}"


def share(outcome: Outcome, peer: str = "kudari") -> str:
    value = outcome.share(peer)
    return "-" if value is None else f"{100 * value:.0f}%"


@dataclass
class Columns:
    """A table of one group whose lines are printed as they come."""

    peers: Sequence[str]

    @property
    def _ours(self) -> list[str]:
        """Those that have a share of a limit."""
        return [name for name in self.peers if name in ("kudari", "kudari-avx2")]

    def header(self, group: str) -> str:
        names = "".join(f"{name:>{self._width(name)}}" for name in self.peers)
        shares = "".join(f"{'share' + name.removeprefix('kudari'):>12}" for name in self._ours)
        return f"{group:<38}{'threads':>7}{names}{'best peer':>15}{'ratio':>7}{shares}"

    def line(self, outcome: Outcome) -> str:
        times = "".join(f"{time(outcome, name):>{self._width(name)}}" for name in self.peers)
        shares = "".join(f"{share(outcome, name):>12}" for name in self._ours)
        rival = outcome.rival or "-"
        name = f"{outcome.name:<38}{outcome.threads:>7}"
        return f"{name}{times}{rival:>15}{ratio(outcome):>7}{shares}"

    @staticmethod
    def _width(name: str) -> int:
        return max(9, len(name) + 1)


def notes(outcomes: Sequence[Outcome]) -> str:
    """What the peers had to say; one line for each note with its rows."""
    rows: dict[tuple[str, str], list[str]] = defaultdict(list)
    for outcome in outcomes:
        for peer, note in outcome.notes.items():
            rows[peer, note].append(f"{outcome.name} ({outcome.threads})")
    return "\n".join(
        f"{peer}: {note} [{', '.join(where) if len(where) < 4 else f'{len(where)} rows'}]"
        for (peer, note), where in rows.items()
    )


def _record(outcome: Outcome) -> dict[str, Any]:
    micro = {
        peer: {
            "minimum": outcome.best(peer) * 1e6,
            "median": outcome.middle(peer) * 1e6,
            "rounds": [seconds * 1e6 for seconds in times],
        }
        for peer, times in outcome.times.items()
    }
    return {
        "group": outcome.group,
        "row": outcome.name,
        "threads": outcome.threads,
        "microseconds": micro,
        "best_peer": outcome.rival,
        "ratio": outcome.ratio,
        "share": {peer: outcome.share(peer) for peer in ("kudari", "kudari-avx2")},
        "notes": outcome.notes,
        "refused": outcome.refused,
    }


def save(outcomes: Sequence[Outcome], found: dict[str, Any], path: Path) -> None:
    """Conditions and every round's figures."""
    rows = [_record(outcome) for outcome in outcomes]
    path.write_text(json.dumps({"conditions": found, "rows": rows}, indent=1), "utf-8")


def _table(outcomes: Sequence[Outcome]) -> str:
    """A line a row; for each number of threads kudari, its best peer, ratio and share."""
    threads = sorted({outcome.threads for outcome in outcomes})
    by_row: dict[str, dict[int, Outcome]] = defaultdict(dict)
    for outcome in outcomes:
        by_row[outcome.name][outcome.threads] = outcome
    head = [outcomes[0].group]
    for count in threads:
        head += [f"µs, {count} thr.", "best peer", "µs", "ratio", "share"]
    return markdown(head, [[row, *_cells(found, threads)] for row, found in by_row.items()])


def _cells(found: dict[int, Outcome], threads: Sequence[int]) -> list[str]:
    cells = []
    for count in threads:
        if outcome := found.get(count):
            rival = outcome.rival
            other = time(outcome, rival) if rival else "-"
            cells += [time(outcome, "kudari"), rival or "-", other, ratio(outcome), share(outcome)]
        else:
            cells += ["-"] * 5
    return cells


def block(outcomes: Sequence[Outcome], found: dict[str, Any]) -> str:
    """A table of each group, all but the first folded, with command and conditions."""
    groups = {
        outcome.group: [o for o in outcomes if o.group == outcome.group] for outcome in outcomes
    }
    parts = [LEGEND.replace("\n", " "), f"`{found['command']}` on {sentence(found)}"]
    for index, (group, rows) in enumerate(groups.items()):
        table = _table(rows)
        folded = f"<details><summary>{group}</summary>\n\n{table}\n</details>"
        parts.append(folded if index else table.rstrip())
    return "\n\n".join(parts) + "\n"


def write_readme(outcomes: Sequence[Outcome], found: dict[str, Any]) -> None:
    replace(README, BEGIN, END, block(outcomes, found))
