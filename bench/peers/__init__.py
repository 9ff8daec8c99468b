"""The peers: a module each, with a function for every kind of job that it can do."""

import os
from dataclasses import dataclass, field
from importlib import util


@dataclass(frozen=True)
class Peer:
    """Where the worker finds the peer, what must be installed, and its environment."""

    module: str
    packages: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    by_default: bool = True

    @property
    def installed(self) -> bool:
        return all(util.find_spec(package) is not None for package in self.packages)


PEERS = {
    "kudari": Peer("kudari", ("kudari",)),
    "kudari-avx2": Peer("kudari", ("kudari",), {"KUDARI_ISA": "avx2"}),
    "kudari-baseline": Peer("kudari", ("kudari",), {"KUDARI_ISA": "baseline"}, by_default=False),
    # A build with another KUDARI_SUMS, in the folder that the variable names.
    "kudari-reordered": Peer(
        "kudari",
        ("kudari",),
        {"PYTHONPATH": os.environ.get("KUDARI_REORDERED", "")},
        by_default=False,
    ),
    "jax": Peer("jax", ("jax",)),
    "jax-scan": Peer("jax_scan", ("jax",)),
    "jax-step": Peer("jax_step", ("jax",)),
    "torch": Peer("torch", ("torch",)),
    "torch-compile": Peer("torch_compile", ("torch",)),
    "keras": Peer("keras", ("keras", "jax"), {"KERAS_BACKEND": "jax"}),
    "sklearn": Peer("sklearn", ("sklearn",)),
    "onnxruntime": Peer("onnxruntime", ("onnxruntime", "onnx")),
    "numpy": Peer("numpy", ("numpy",)),
}
# What the machine could do; measured in the same rounds, not a peer.
LIMITS = {
    "limit": Peer("limit", ("kudari",)),
    "limit-avx2": Peer("limit", ("kudari",), {"KUDARI_ISA": "avx2"}),
}
OURS = ("kudari", "kudari-avx2", "kudari-baseline", "kudari-reordered")
