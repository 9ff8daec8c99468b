"""Throws bytes at the readers of weights and of backups, guided by coverage.

    python tests/fuzz_tensors.py [FOLDER] [-max_total_time=60] [other options of libFuzzer]

Needs atheris (kudari[fuzz]). Every input is tried as it is and with the checksum that belongs to
it, by `load_weights` and by a resumed `fit`: either an error of ours, or a right file. Anything
else is a crash, which libFuzzer writes to a file.
"""

import os
import sys
import tempfile
from collections.abc import Callable

import atheris

with atheris.instrument_imports(include=["kudari", "json"]):
    import kudari as keras
    from kudari import tensors

import toys
from test_tensors import sealed

X, Y = toys.classes(40)
FOLDER = tempfile.mkdtemp()
WEIGHTS = os.path.join(FOLDER, "w.safetensors")
RUN = os.path.join(FOLDER, "run.safetensors")


def backed_up() -> keras.callbacks.BackupAndRestore:
    return keras.callbacks.BackupAndRestore(FOLDER, delete_checkpoint=False)


def seeds() -> list[bytes]:
    """One good file of each kind, for the fuzzer to start from."""
    model = toys.softmax_net()
    model.fit(X, Y, 16, verbose=0, callbacks=backed_up())
    model.save_weights(WEIGHTS)
    found = []
    for path in (WEIGHTS, RUN):
        with open(path, "rb") as file:
            found.append(file.read())
    return found


def attempt(content: bytes) -> None:
    for path in (WEIGHTS, RUN):
        with open(path, "wb") as file:
            file.write(content)
    model = toys.softmax_net()
    before = toys.state(model)
    if not accepted("[load_weights]", lambda: model.load_weights(WEIGHTS)):
        assert toys.state(model) == before
    backup = backed_up()
    accepted("[BackupAndRestore]", lambda: model.fit(X, Y, 16, 0, verbose=0, callbacks=backup))


def accepted(where: str, call: Callable[[], object]) -> bool:
    """Whether it ran; what it may raise is an error that begins with `where`."""
    try:
        call()
    except ValueError as error:
        if not str(error).startswith(where):
            raise
        return False
    return True


def one_input(content: bytes) -> None:
    attempt(content)
    if len(content) > tensors._DIGEST.stop:
        attempt(sealed(content))


def main() -> None:
    corpus = next((arg for arg in sys.argv[1:] if not arg.startswith("-")), None)
    if corpus is None:
        corpus = tempfile.mkdtemp()
        sys.argv.append(corpus)
    for number, content in enumerate(seeds()):
        with open(os.path.join(corpus, f"seed{number}"), "wb") as file:
            file.write(content)
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
