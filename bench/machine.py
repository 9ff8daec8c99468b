"""What the machine can do, by limits.cpp: compiled on the spot, loaded with ctypes."""

import ctypes
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from bench.runner import UnfitError
from bench.tasks import Array
from kudari import cpu

SOURCE = Path(__file__).with_name("limits.cpp")
_FLAGS = {
    "avx512": ("-mavx512f", "-mfma", "-mprefer-vector-width=512", "-DVECTOR_BYTES=64"),
    "avx2": ("-mavx2", "-mfma", "-DVECTOR_BYTES=32"),
}
_Pointer = ctypes.POINTER(ctypes.c_float)


def compiled() -> ctypes.CDLL:
    """limits.cpp for kudari's active instruction set; UnfitError without a compiler."""
    compiler = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")
    if not compiler:
        raise UnfitError("needs g++ or clang++, or the compiler that CXX names")
    flags = _FLAGS.get(cpu.active(), ("-DVECTOR_BYTES=16",))
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "limits.so"
        common = ["-O3", "-std=c++20", "-ffp-contract=fast", "-shared", "-fPIC"]
        subprocess.run([compiler, *common, *flags, SOURCE, "-o", target], check=True)
        library = ctypes.CDLL(str(target))
    library.multiply_add.argtypes = [ctypes.c_long]
    long, integer = ctypes.c_long, ctypes.c_int
    library.traffic.argtypes = [ctypes.POINTER(_Pointer), *[integer] * 3, *[long] * 3]
    return library


class Machine:
    """Both measurements, on a number of threads."""

    def __init__(self, threads: int) -> None:
        self.library, self.threads = compiled(), threads
        cores = sorted(os.sched_getaffinity(0))[:threads]
        self._team = [ThreadPoolExecutor(1, initializer=_pin, initargs=(core,)) for core in cores]

    def _all(self, work: Callable[[int], object]) -> None:
        """work(thread) on every thread; ctypes lets them run side by side."""
        running = [member.submit(work, thread) for thread, member in enumerate(self._team)]
        for future in running:
            future.result()

    def multiply_add(self, rounds: int) -> float:
        """Floating-point operations of `rounds` on every thread, which have been done."""
        self._all(lambda _: self.library.multiply_add(rounds))
        return 2.0 * int(self.library.multiply_add_width()) * rounds * self.threads

    def traffic(self, reads: int, in_place: int, outputs: int, size: int) -> Callable[[int], None]:
        """Passes over as many arrays of `size` floats, shared between the threads."""
        arrays = [np.ones(size, np.float32) for _ in range(reads + in_place + outputs)]
        pointers = (_Pointer * len(arrays))(*map(_pointer, arrays))
        edges = [size * part // self.threads for part in range(self.threads + 1)]

        def passes(repeats: int, _keep: list[Array] = arrays) -> None:
            def work(thread: int) -> None:
                part = edges[thread], edges[thread + 1]
                self.library.traffic(pointers, reads, in_place, outputs, *part, repeats)

            self._all(work)

        return passes


def _pin(core: int) -> None:
    """Keep the calling thread on a core of its own: left free, two often share one."""
    os.sched_setaffinity(0, {core})


def _pointer(array: Array) -> "ctypes._Pointer[ctypes.c_float]":
    return array.ctypes.data_as(_Pointer)
