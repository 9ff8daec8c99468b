"""Forks, processes, threads, signals, memory: what a program does around training."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kudari as keras
import toys
from kudari import cpu, layers

HERE = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"


def alone(script: str, *args: str, seconds: int = 100) -> str:
    """What a script prints, in a process of its own: other libraries object to forks."""
    command = [sys.executable, "-W", "ignore", "-c", HERE + script, *args]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds)
    assert done.returncode == 0, done.stderr
    return done.stdout


def trained(seed: int) -> bytes:
    """A net large enough for several threads, trained; its weights and outputs."""
    x, y = toys.classes(600, 100, 5, seed)
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([layers.Dense(300, "relu"), layers.Dense(5, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x, y, 200, epochs=3, verbose=0)
    weights = b"".join(weight.tobytes() for weight in model.get_weights())
    return weights + model.predict(x, verbose=0).tobytes()


PROCESSES = """
import multiprocessing
import test_reliability
from kudari import cpu

if __name__ == "__main__":
    cpu.set_num_threads(2)
    wanted = [test_reliability.trained(seed) for seed in range(4)]
    context = multiprocessing.get_context(sys.argv[1])
    with context.Pool(2) as pool:
        print(pool.map(test_reliability.trained, range(4)) == wanted)
    print([test_reliability.trained(seed) for seed in range(4)] == wanted)
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_processes_train_like_one(tmp_path: Path, method: str) -> None:
    """As a file: spawned processes import it again."""
    script = tmp_path / "script.py"
    script.write_text(HERE + PROCESSES)
    command = [sys.executable, "-W", "ignore", str(script), method]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.stdout.split() == ["True", "True"], done.stderr


NESTED_FORKS = """
import os, threading
import test_reliability
from kudari import cpu

cpu.set_num_threads(2)
wanted = test_reliability.trained(1)
busy = threading.Thread(target=lambda: [test_reliability.trained(2) for _ in range(6)])
busy.start()
children = []
for _ in range(5):  # while another thread is in the engine
    child = os.fork()
    if child == 0:
        grandchild = os.fork()
        same = test_reliability.trained(1) == wanted
        if grandchild:
            same = same and os.waitpid(grandchild, 0)[1] == 0
        os._exit(not same)
    children.append(child)
busy.join()
print([os.waitpid(child, 0)[1] for child in children], test_reliability.trained(1) == wanted)
"""


def test_forks_while_a_thread_trains() -> None:
    assert alone(NESTED_FORKS) == "[0, 0, 0, 0, 0] True\n"


SCIKIT_LEARN = """
import numpy as np
import test_reliability
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import cross_val_score
import kudari as keras
from kudari import layers

class Net(ClassifierMixin, BaseEstimator):
    def fit(self, x, y):
        self.classes_ = np.unique(y)
        keras.utils.set_random_seed(0)
        self.model_ = keras.Sequential([layers.Dense(40, "relu"), layers.Dense(3, "softmax")])
        self.model_.compile("adam", "sparse_categorical_crossentropy")
        self.model_.fit(x, y, epochs=20, verbose=0)
        return self
    def predict(self, x):
        return self.model_.predict(x, verbose=0).argmax(axis=1)

if __name__ == "__main__":
    x, y = test_reliability.toys.classes(300)
    one, two = (cross_val_score(Net(), x, y, cv=4, n_jobs=n) for n in (1, 2))
    print(np.array_equal(one, two), one.min() > 0.8)
"""


def test_jobs_of_scikit_learn(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    script = tmp_path / "script.py"
    script.write_text(HERE + SCIKIT_LEARN)
    command = [sys.executable, "-W", "ignore", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.stdout.split() == ["True", "True"], done.stderr


def test_eight_models_train_at_once() -> None:
    wanted = [trained(seed) for seed in range(8)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(trained, range(8))) == wanted


def test_threads_predict_on_one_model() -> None:
    """Large calls and small ones, in which the engine is and is not left alone."""
    model = toys.softmax_net()
    x, y = toys.classes(3000)
    model.fit(x, y, verbose=0)
    wanted, loss = model.predict(x, verbose=0), model.evaluate(x, y, verbose=0)

    def ask(number: int) -> bool:
        rows = slice(number, number + 1 + number % 7)
        same = np.array_equal(model.predict_on_batch(x[rows]), wanted[rows])
        if number % 50 == 0:
            same &= np.array_equal(model.predict(x, verbose=0), wanted)
            same &= model.evaluate(x, y, verbose=0) == loss
            same &= all(map(np.array_equal, model.get_weights(), model.get_weights()))
        return same

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(6) as pool:
            assert all(pool.map(ask, range(2000)))
    finally:
        sys.setswitchinterval(before)


WAITING = """
import signal, threading, time
import numpy as np
import kudari as keras
from kudari import layers

model = keras.Sequential([layers.Dense(2, input_shape=(3,))])
inside, go = threading.Event(), threading.Event()

class Wait(keras.callbacks.Callback):
    def on_predict_begin(self, logs=None):
        inside.set()
        go.wait()

thread = threading.Thread(target=model.predict, args=(np.ones((5, 3)), None, 0, [Wait()]))
thread.start()
inside.wait()
signal.signal(signal.SIGALRM, signal.default_int_handler)
signal.setitimer(signal.ITIMER_REAL, 0.2)
start = time.monotonic()
try:
    model.predict(np.ones((5, 3)), verbose=0)
except KeyboardInterrupt:
    print(time.monotonic() - start)
go.set()
thread.join()
print(model.predict(np.ones((5, 3)), verbose=0).shape)
"""


def test_an_interrupt_ends_the_wait_for_another_thread() -> None:
    seconds, shape = alone(WAITING).split("\n", 1)
    assert 0.1 < float(seconds) < 10
    assert shape.strip() == "(5, 2)"


def test_many_models_leave_nothing() -> None:
    """Memory after the first 500 models stays where it is, give or take a page per ten models."""
    script = """
import resource
import numpy as np
import kudari as keras
from kudari import layers
x, y = np.ones((64, 20), np.float32), np.arange(64) % 2
def run(count):
    for _ in range(count):
        model = keras.Sequential([layers.Dense(50, "relu"), layers.Dense(1, "sigmoid")])
        model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
        model.fit(x, y, verbose=0)
        model.predict(x, verbose=0)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
first = run(500)
print(run(9500) - first)
"""
    assert int(alone(script)) < 9500 // 10 * 4


MAPPED = """
import resource
import numpy as np
import kudari as keras
from kudari import layers
rows, features = 2_000_000, 40
x = np.memmap(sys.argv[1], np.float32, "w+", shape=(rows, features))
for start in range(0, rows, 100_000):
    x[start : start + 100_000] = np.random.default_rng(start).random((100_000, features))
x.flush()
del x
x = np.memmap(sys.argv[1], np.float32, "r", shape=(rows, features))
y = np.zeros(rows, np.float32)
model = keras.Sequential([layers.Dense(8, "relu", input_shape=(features,)), layers.Dense(1)])
model.compile("adam", "mse")
model.train_on_batch(x[:32], y[:32])

def own():  # memory that is not the file's
    with open("/proc/self/status") as status:
        fields = dict(line.split(":", 1) for line in status)
    return int(fields["RssAnon"].split()[0])

before = own()
peak = 0
class Watch(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        global peak
        peak = max(peak, own() - before)
model.fit(x, y, 1000, verbose=0, callbacks=Watch(), validation_split=0.1)
print(peak * 1024, x.nbytes)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's own figures")
def test_a_mapped_set_is_not_copied(tmp_path: Path) -> None:
    """A set of 320 MB is trained on within a tenth of it: the order of its rows and y."""
    own, size = map(int, alone(MAPPED, str(tmp_path / "x")).split())
    assert size == 320_000_000
    assert own < size // 10


LIMITED = """
import resource
import numpy as np
import kudari as keras
from kudari import layers
small = keras.Sequential([layers.Dense(4, "relu", input_shape=(8,)), layers.Dense(1)])
small.compile("adam", "mse")
x, y = np.ones((64, 8), np.float32), np.ones(64, np.float32)
small.fit(x, y, verbose=0)
weights = [w.copy() for w in small.get_weights()]
resource.setrlimit(resource.RLIMIT_AS, (3 << 29, 3 << 29))

def refused(call):
    try:
        call()
    except MemoryError as error:
        print(str(error))

def large():
    keras.Sequential([layers.Dense(40_000, input_shape=(40_000,))]).build((None, 40_000))

refused(large)
wide = keras.Sequential([layers.Dense(16_000, input_shape=(8,)), layers.Dense(4_000)])
wide.compile("adam", "mse")
refused(lambda: wide.fit(x, np.ones((64, 4_000), np.float32), verbose=0))
assert all(map(np.array_equal, small.get_weights(), weights))
small.fit(x, y, verbose=0)
print("alive")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="limits memory as POSIX systems do")
def test_a_size_beyond_the_limit_is_refused() -> None:
    first, second, alive = alone(LIMITED).strip().split("\n")
    assert "[dense_2] expected at most" in first
    assert "a kernel of shape (40000, 40000), 19.2 GB" in first
    assert "[fit] expected at most" in second
    assert "ulimit -v leaves" in second
    assert alive == "alive"


def test_threads_that_come_and_go() -> None:
    """The number of threads changes while others train."""
    wanted, over = trained(3), threading.Event()
    before = cpu.get_num_threads()

    def change() -> None:
        number = 1
        while not over.wait(0.001):
            number = number % 5 + 1
            cpu.set_num_threads(number)

    thread = threading.Thread(target=change)
    thread.start()
    try:
        assert [trained(3) for _ in range(10)] == [wanted] * 10
    finally:
        over.set()
        thread.join()
        cpu.set_num_threads(before)


def test_numbers_at_the_ends_of_their_range() -> None:
    """Every activation and loss at extremes: no NaN from numbers that are none."""
    for last, loss in (
        ("sigmoid", "bce"),
        (None, "mae"),
        ("tanh", "huber"),
        ("softmax", "categorical_crossentropy"),
    ):
        model = keras.Sequential([layers.Dense(4, last, input_shape=(4,))])
        model.compile("sgd", loss)
        model.set_weights([np.eye(4) * 1e30, np.zeros(4)])
        x = np.array([[1e3, -1e3, 0, 1e-30], [-1e3, 1e3, 1e-30, 0]], np.float32)
        y: Any = np.eye(4)[:2]
        assert np.isfinite(model.predict(x, verbose=0)).all()
        assert np.isfinite(model.evaluate(x, y, verbose=0))
