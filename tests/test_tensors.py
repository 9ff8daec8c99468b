"""Files of weights: what is written is read again, and nothing but that is."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kudari as keras
import toys
from kudari import layers, tensors

ARRAYS = {
    "a": np.arange(6, dtype=np.float32).reshape(2, 3),
    "b": np.array([np.pi, np.nan, -0.0]),
    "none": np.zeros((0, 4), np.float32),
}
MOST = 1000


@pytest.fixture
def path(tmp_path: Path) -> str:
    file = str(tmp_path / "file.safetensors")
    tensors.write(file, ARRAYS, {"what": "a test"})
    return file


def sealed(content: bytes) -> bytes:
    """`content` with the checksum that belongs to it: what a stranger can make too."""
    import hashlib

    digest = hashlib.sha256(
        content[: tensors._DIGEST.start] + b"0" * 64 + content[tensors._DIGEST.stop :]
    )
    return (
        content[: tensors._DIGEST.start]
        + digest.hexdigest().encode()
        + content[tensors._DIGEST.stop :]
    )


def file_of(header: Any, data: bytes = b"") -> bytes:
    """A file of any header, its checksum right."""
    text = (
        header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    )
    return sealed(len(text).to_bytes(8, "little") + text + data)


def test_arrays_come_back_as_they_were(path: str) -> None:
    found, metadata = tensors.read("here", path, MOST)
    assert metadata == {"what": "a test"}
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        assert found[name].tobytes() == array.tobytes()


def test_the_layout_is_that_of_safetensors(path: str) -> None:
    library = pytest.importorskip("safetensors.numpy")
    found = library.load_file(path)
    assert {name: array.tobytes() for name, array in found.items()} == {
        name: array.tobytes() for name, array in ARRAYS.items()
    }


def test_every_flipped_bit_and_every_cut_is_seen(path: str) -> None:
    content = Path(path).read_bytes()
    for at in range(8 * len(content)):
        changed = bytearray(content)
        changed[at // 8] ^= 1 << at % 8
        Path(path).write_bytes(changed)
        with pytest.raises(ValueError, match=r"\[here\] expected an intact file"):
            tensors.read("here", path, MOST)
    for length in range(len(content)):
        Path(path).write_bytes(content[:length])
        with pytest.raises(ValueError, match=r"\[here\] expected an intact file"):
            tensors.read("here", path, MOST)
    Path(path).write_bytes(content + b"\0")
    with pytest.raises(ValueError, match="intact"):
        tensors.read("here", path, MOST)


ZEROS = {"sha256": "0" * 64}


def entry(dtype: Any = "F32", shape: Any = (2,), offsets: Any = (0, 8)) -> dict[str, Any]:
    return {"__metadata__": ZEROS, "x": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}


@pytest.mark.parametrize("content", [
    file_of({"__metadata__": ZEROS, "x": 3}, bytes(8)),
    file_of({"__metadata__": ZEROS, "x": {}}, bytes(8)),
    file_of({"__metadata__": ZEROS | {"n": 3}}),
    file_of(b'{"__metadata__":{"sha256":"' + b"0" * 64 + b'"},' + b'"a":' + b"[" * 100_000),
    file_of(b'{"__metadata__":{"sha256":"' + b"0" * 64 + b'"}}{}'),
    file_of(b'{"__metadata__":{"sha256":"' + b"0" * 64 + b'"},"x":' + b"9" * 9999 + b"}"),
    file_of(b'{"__metadata__":{"sha256":"' + b"0" * 64 + b'"},"\xff":1}'),
    file_of(entry("F16"), bytes(8)),
    file_of(entry(["F32"]), bytes(8)),
    file_of(entry(shape=(3,)), bytes(8)),
    file_of(entry(shape=(-2,)), bytes(8)),
    file_of(entry(shape=(-1, -2)), bytes(8)),
    file_of(entry(shape=(True, 2)), bytes(8)),
    file_of(entry(shape=(2.0,)), bytes(8)),
    file_of(entry(shape=(10**30,), offsets=(0, 4 * 10**30)), bytes(8)),
    file_of(entry(shape=(2**61,), offsets=(0, 2**63)), bytes(8)),
    file_of(entry(shape=(0, 10**30), offsets=(0, 0))),
    file_of(entry(shape=[1] * 100 + [2]), bytes(8)),
    file_of(entry(offsets=(4, 12)), bytes(12)),
    file_of(entry(offsets=(-8, 0)), bytes(8)),
    file_of(entry(), bytes(12)),
    file_of(entry(), bytes(4)),
    file_of({"__metadata__": {"format": "pt"}}),
    b"", b"\0" * 7, b"\xff" * 200, b"PK\3\4" + bytes(200),
], ids=lambda content: str(content[8:60]))  # fmt: skip
def test_a_file_from_a_stranger_is_refused(path: str, content: bytes) -> None:
    """Each with a right checksum, where there is room for one."""
    Path(path).write_bytes(content)
    with pytest.raises(ValueError, match="expected an intact file of kudari"):
        tensors.read("here", path, MOST)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="current directory"):
        tensors.read("here", str(tmp_path / "nothing"), MOST)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for other in (str(pipe), "/dev/zero"):
        with pytest.raises(ValueError, match="an ordinary file"):
            tensors.read("here", other, MOST)
    with pytest.raises(OSError, match="directory"):
        tensors.read("here", str(tmp_path), MOST)


LARGE = """
import sys, resource
import kudari as keras
from kudari import layers
model = keras.Sequential([layers.Dense(3, input_shape=(4,))])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    model.load_weights(sys.argv[1])
except ValueError as error:
    assert "at most" in str(error), error
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    large = tmp_path / "large.safetensors"
    with large.open("wb") as file:
        file.truncate(1 << 40)  # a terabyte, none of it on the disk
    command = [sys.executable, "-c", LARGE, str(large)]
    kilobytes = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert int(kilobytes.stdout) < 20_000


def test_a_failed_write_leaves_the_old_file_and_nothing_else(path: str) -> None:
    """The size of files is limited for the time, as on a disk that is full."""
    content, limit = Path(path).read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    import signal

    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limit[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            tensors.write(path, {"a": np.zeros(10_000)}, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, before)
    assert Path(path).read_bytes() == content
    assert os.listdir(os.path.dirname(path)) == [os.path.basename(path)]


def test_a_link_is_followed_and_names_touch_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there" / "x.safetensors", tmp_path / "x.safetensors"
    link.symlink_to(target)
    tensors.write(str(link), {"../../evil": np.zeros(1)}, {"/etc/passwd": "../x"})
    assert link.is_symlink()
    assert list(tensors.read("here", str(link), MOST)[0]) == ["../../evil"]
    assert sorted(p.name for p in tmp_path.rglob("*")) == [
        "there",
        "x.safetensors",
        "x.safetensors",
    ]


# Models


def test_weights_of_a_model_come_back(tmp_path: Path) -> None:
    x, y = toys.classes()
    model, other = toys.softmax_net(), toys.softmax_net(seed=9)
    model.fit(x, y, verbose=0)
    model.save_weights(tmp_path / "w.safetensors")
    other.load_weights(str(tmp_path / "w.safetensors"))
    assert other.predict(x, verbose=0).tobytes() == model.predict(x, verbose=0).tobytes()
    found, _ = tensors.read("", str(tmp_path / "w.safetensors"), 10**6)
    assert list(found) == ["0.kernel", "0.bias", "2.kernel", "2.bias"]


def test_what_does_not_fit_changes_nothing(tmp_path: Path) -> None:
    path = str(tmp_path / "w.safetensors")
    toys.softmax_net().save_weights(path)
    for model in (toys.softmax_net(features=9), toys.line_net()):
        before = toys.state(model)
        with pytest.raises(ValueError, match=r"\[load_weights\].*layers"):
            model.load_weights(path)
        assert toys.state(model) == before
    model = toys.softmax_net()
    with pytest.raises(FileExistsError, match="overwrite=True"):
        model.save_weights(path, overwrite=False)
    for wrong in ("w.weights.h5", "w", b"w.safetensors"):
        with pytest.raises(ValueError, match=r"ends in \.safetensors"):
            model.save_weights(wrong)
    with pytest.raises(TypeError):
        model.load_weights(3)
    with pytest.raises(ValueError, match="built"):
        keras.Sequential([layers.Dense(1)]).save_weights(path)
    with pytest.raises(FileNotFoundError):
        model.save_weights(tmp_path / "no" / "folder.safetensors")
