"""Tables in Markdown, and where they stand on a page."""

from collections.abc import Sequence
from pathlib import Path

Row = Sequence[str]


def markdown(head: Row, rows: Sequence[Row]) -> str:
    """A table; the first column to the left, the others to the right."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def replace(path: Path, begin: str, end: str, text: str) -> None:
    """Put `text` between the marks of the page; ValueError where they are not there."""
    page = path.read_text("utf-8")
    before, mark, rest = page.partition(begin)
    _, close, after = rest.partition(end)
    if not (mark and close):
        raise ValueError(
            f"[{path.name}] expected the marks {begin.strip()} and {end.strip()}; they are not "
            "there. Put them where the table is to stand."
        )
    path.write_text(f"{before}{begin}\n{text}\n{end}{after}", "utf-8")
