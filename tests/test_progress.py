"""The text of a run, character by character where no time stands in it."""

import io
import re
import sys

import pytest

import toys
from kudari import progress
from kudari.progress import Progress

X, Y = toys.classes(90)
TIME = r"\d+s - \d+(us|ms|s)/step"
NUMBER = r"\d\.\d{4}(e-\d\d)?"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    """Call it to print to a terminal from then on (pytest sets its own stream after fixtures)."""

    def start():
        stream = Terminal()
        monkeypatch.setattr(sys, "stdout", stream)
        return stream

    return start


def test_one_line_per_epoch(capsys):
    model = toys.softmax_net()
    model.fit(X, Y, epochs=2, verbose=2, validation_split=0.2)
    lines = capsys.readouterr().out.splitlines()
    values = f"accuracy: {NUMBER} - loss: {NUMBER} - val_accuracy: {NUMBER} - val_loss: {NUMBER}"
    assert lines[0] == "Epoch 1/2"
    assert lines[2] == "Epoch 2/2"
    assert all(re.fullmatch(f"3/3 - {TIME} - {values}", line) for line in (lines[1], lines[3]))


def test_a_bar_is_for_terminals_only(capsys):
    model = toys.softmax_net()
    model.fit(X, Y, verbose=1)
    model.evaluate(X, Y, verbose="auto")
    model.predict(X)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all(re.match(f"3/3 - {TIME}( - accuracy: |$)", line) for line in lines)


def test_verbose_0_is_silent(terminal):
    stream = terminal()
    model = toys.softmax_net()
    model.fit(X, Y, epochs=2, verbose=0, validation_split=0.1)
    model.evaluate(X, Y, verbose=0)
    model.predict(X, verbose=0)
    assert stream.getvalue() == ""


def test_the_bar_of_fit(terminal):
    stream = terminal()
    toys.softmax_net().fit(X, Y, epochs=2)
    text = stream.getvalue()
    assert text.startswith("Epoch 1/2\n\r\x1b[1m")
    last = text.rstrip("\n").rsplit("\r", 1)[1]
    full = "\x1b[1m3/3\x1b[0m \x1b[32m" + "━" * 20 + "\x1b[0m\x1b[37m\x1b[0m \x1b[1m0s\x1b[0m "
    assert last.startswith(full)
    assert re.fullmatch(
        f"\\d+(us|ms)/step - accuracy: {NUMBER} - loss: {NUMBER} *", last[len(full) :]
    )


def test_the_bar_erases_what_it_drew(terminal, monkeypatch):
    stream = terminal()
    clock = iter([0.0, 10.0, 10.01, 20.0, 30.0])
    monkeypatch.setattr(progress.time, "perf_counter", lambda: next(clock))
    line = Progress(1, 100)
    line.update(5, {"loss": 0.5})
    line.update(6, {"loss": 0.4})
    line.update(10, {"loss": 2e-5})
    line.end({"loss": 0.1})
    first = "\r\x1b[1m  5/100\x1b[0m \x1b[32m━\x1b[0m\x1b[37m" + "━" * 19
    first += "\x1b[0m \x1b[1m3:10\x1b[0m 2s/step - loss: 0.5000"
    second = "\r\x1b[1m 10/100\x1b[0m \x1b[32m━━\x1b[0m\x1b[37m" + "━" * 18
    second += "\x1b[0m \x1b[1m3:00\x1b[0m 2s/step - loss: 2.0000e-05"
    third = "\r\x1b[1m100/100\x1b[0m \x1b[32m" + "━" * 20
    third += "\x1b[0m\x1b[37m\x1b[0m \x1b[1m30s\x1b[0m 300ms/step - loss: 0.1000  \n"
    widths = [
        len("  5/100 ") + 20 + len(" 3:10 2s/step - loss: 0.5000") + extra for extra in (0, 4)
    ]
    expected = first + "\b" * widths[0] + second + "\b" * widths[1] + third
    assert stream.getvalue() == expected


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s/step"), (2.4, "2s/step"), (0.0154, "15ms/step"), (0.000677, "677us/step")],
)
def test_pace(seconds, text):
    assert progress.pace(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.9, "0s"), (60, "60s"), (61, "1:01"), (185, "3:05"), (3760, "1:02:40")]
)
def test_remaining(seconds, text):
    assert progress.remaining(seconds) == text


def test_values():
    logs = {"a": 0.5, "b": 0.001, "c": -0.25, "d": float("nan"), "e": 123.45678}
    text = " - a: 0.5000 - b: 1.0000e-03 - c: -0.2500 - d: nan - e: 123.4568"
    assert progress.values(logs) == text


def test_narrow_encodings_lose_the_bar_but_not_the_run(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, "ascii"))
    progress.write("━ 1/1\n")
    assert raw.getvalue() == b"? 1/1\n"


def test_no_stdout_at_all(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    toys.softmax_net().fit(X, Y)
