"""Named arrays in one file: the safetensors layout, written atomically, with a checksum.

A file is a length (8 bytes, little-endian), so many bytes of JSON, and the arrays one after the
other. The JSON maps each name to its dtype, shape and place, and `__metadata__` to texts, of which
the first is the SHA-256 of the whole file with that digest's digits taken as zeros. Nothing in it
names a class, a module or a path: reading runs no code and touches no other file.
https://github.com/huggingface/safetensors#format
"""

import hashlib
import json
import math
import os
import secrets
import stat
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kudari import checks

Array: TypeAlias = NDArray[Any]

SUFFIX = ".safetensors"
_DTYPES = {"F32": "<f4", "F64": "<f8"}
_NAMES = {np.dtype(code): name for name, code in _DTYPES.items()}
_LONGEST_HEADER = 2**24
_START = b'{"__metadata__":{"sha256":"'
_DIGITS = 64
_DIGEST = slice(8 + len(_START), 8 + len(_START) + _DIGITS)


def write(path: str, tensors: Mapping[str, Array], metadata: Mapping[str, str]) -> None:
    """Write float32 and float64 arrays and texts to `path`, which holds either the old file or all
    of the new one at any moment, also after a crash. OSError where that is not possible."""
    header: dict[str, Any] = {"__metadata__": {"sha256": "0" * _DIGITS, **metadata}}
    at = 0
    for name, array in tensors.items():
        end = at + array.nbytes
        header[name] = {
            "dtype": _NAMES[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [at, end],
        }
        at = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    content = bytearray(len(text).to_bytes(8, "little") + text)
    for array in tensors.values():
        content += np.ascontiguousarray(array).tobytes()
    content[_DIGEST] = hashlib.sha256(content).hexdigest().encode()
    _replace(os.path.realpath(path), content)


def _replace(path: str, content: bytearray) -> None:
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name}.{secrets.token_hex(8)}.tmp")
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(file, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    _sync_folder(folder)


def _sync_folder(folder: str) -> None:
    """Make the new name last; where folders cannot be opened, the system keeps them itself."""
    if os.name != "posix":
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def sweep(path: str) -> None:
    """Remove what writes of `path` that were killed have left beside it."""
    folder, name = os.path.split(os.path.realpath(path))
    for entry in os.listdir(folder):
        if entry.startswith(f".{name}.") and entry.endswith(".tmp"):
            os.unlink(os.path.join(folder, entry))


def read(where: str, path: str, most: int) -> tuple[dict[str, Array], dict[str, str]]:
    """The arrays and texts of a file that `write` made, its arrays of `most` bytes at most.

    ValueError for anything else; a file that is too large is not read. FileNotFoundError where
    there is none.
    """
    content = _content(where, path, most + _LONGEST_HEADER)
    try:
        length = int.from_bytes(content[:8], "little")
        _require(length <= min(len(content) - 8, _LONGEST_HEADER), "its header is cut off")
        _require(content[8 : 8 + len(_START)] == _START, "it has no checksum")
        _verify(content)
        header = json.loads(content[8 : 8 + length])
        metadata = header.pop("__metadata__")
        metadata.pop("sha256")
        _require(all(isinstance(text, str) for text in metadata.values()), "a text is none")
        return _tensors(header, content, 8 + length), metadata
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        fix = "Take another copy of it, or write it again."
        got = f"{path!r}: {error or type(error).__name__}"
        raise ValueError(checks.message(where, got, "an intact file of kudari", fix)) from None


def _content(where: str, path: str, most: int) -> bytes:
    try:
        # Not to wait for a pipe's other end.
        file = os.open(
            path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        )
    except FileNotFoundError:
        fix = "Check the path; the current directory is " + repr(os.getcwd()) + "."
        text = checks.message(where, f"no file {path!r}", "a file to read", fix)
        raise FileNotFoundError(text) from None
    with os.fdopen(file, "rb") as stream:
        status = os.fstat(stream.fileno())
        if not stat.S_ISREG(status.st_mode):
            fix = "Pass the path of a file."
            raise ValueError(checks.message(where, f"{path!r}", "an ordinary file", fix))
        if status.st_size > most:
            fix = "Pass the file of a model like this one."
            got = f"{path!r} of {status.st_size:,} bytes"
            raise ValueError(checks.message(where, got, f"at most {most:,} bytes", fix))
        return stream.read(most)


def _verify(content: bytes) -> None:
    digest = hashlib.sha256(content[: _DIGEST.start])
    digest.update(b"0" * _DIGITS)
    digest.update(memoryview(content)[_DIGEST.stop :])
    _require(
        digest.hexdigest().encode() == content[_DIGEST], "its checksum is wrong: it is damaged"
    )


def _tensors(header: dict[str, Any], content: bytes, start: int) -> dict[str, Array]:
    """The arrays, which must follow each other without a gap and fill the file."""
    found, at = {}, start
    for name, entry in header.items():
        dtype = np.dtype(_DTYPES[entry["dtype"]])
        shape = tuple(entry["shape"])
        _require(all(type(n) is int and n >= 0 for n in shape), f"a wrong shape of {name!r}")
        size = math.prod(shape) * dtype.itemsize
        _require(entry["data_offsets"] == [at - start, at - start + size], f"{name!r} is misplaced")
        _require(at + size <= len(content), f"{name!r} is cut off")
        array = np.frombuffer(content, dtype, math.prod(shape), at) if size else np.empty(0, dtype)
        found[name] = array.reshape(shape)
        at += size
    _require(at == len(content), "there is more after the last array")
    return found


def _require(condition: bool, otherwise: str) -> None:
    if not condition:
        raise ValueError(otherwise)


def require(
    where: str, path: str, found: Mapping[str, Array], wanted: Mapping[str, tuple[int, ...]]
) -> None:
    """ValueError unless the file held arrays of exactly these names and shapes."""
    for name in sorted(found.keys() | wanted.keys()):
        has = found[name].shape if name in found else "no such array"
        needs = wanted.get(name, "no such array")
        if has != needs:
            fix = "Use the file of a model of the same layers."
            got = f"{name} in {path!r}: {has}"
            raise ValueError(checks.message(where, got, f"{name}: {needs}", fix))
