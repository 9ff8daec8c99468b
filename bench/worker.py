"""A peer's process: `python -m bench.worker PEER CORE…` reads a JSON line, answers with one.

{"do": "prepare", …a job…} makes the runner and gives its answer; {"do": "time", "seconds": s} runs
a stretch. In between it waits in a read, and takes no processor.
"""

import importlib
import json
import os
import sys
from typing import Any

from bench.peers import LIMITS, PEERS
from bench.runner import Runner, UnfitError, stretch


class Peer:
    """Holds the runner of the last job."""

    def __init__(self, name: str) -> None:
        self.module = importlib.import_module(f"bench.peers.{(PEERS | LIMITS)[name].module}")
        self.runner: Runner | None = None

    def prepare(self, job: dict[str, Any]) -> dict[str, Any]:
        self.runner = None  # its arrays go before new ones come
        make = getattr(self.module, job["kind"], None)
        if make is None:
            raise UnfitError(f"has no {job['kind']}")
        self.runner = make(job)
        return {"answer": self.runner.answer, "note": self.runner.note}

    def time(self, job: dict[str, Any]) -> dict[str, Any]:
        assert self.runner is not None
        return {"seconds": stretch(self.runner, job["seconds"])}


def reply(peer: Peer, job: dict[str, Any]) -> dict[str, Any]:
    """The answer to one line; whatever goes wrong is told, not raised."""
    try:
        return peer.prepare(job) if job["do"] == "prepare" else peer.time(job)
    except UnfitError as reason:
        return {"unfit": str(reason)}
    except Exception as error:
        text = str(error).strip().splitlines() or [""]
        return {"failed": f"{type(error).__name__}: {text[0]}"}


def main() -> None:
    name, *cores = sys.argv[1:]
    os.sched_setaffinity(0, map(int, cores))  # before the peer counts its threads
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever libraries print stays out of the answers
    peer = Peer(name)
    for line in sys.stdin:
        print(json.dumps(reply(peer, json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
