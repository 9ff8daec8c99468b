"""Breaks the code on purpose, one line at a time, and expects a test to turn red each time.

    python tests/mutations.py [NAME ...]

Works on a copy of the tree. Needs cmake, ninja and pybind11 (kudari[dev]) and what the tests need
(kudari[test]); prints a row per mutation and `N passed, N failed`, where failed means that no test
noticed. Only the baseline instruction set is built, little optimised: the arithmetic is the same.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent


class Mutation(NamedTuple):
    name: str
    file: str
    old: str
    new: str
    tests: str


ADAM_PY = "python/kudari/optimizers/adam.py"
ADAM = "cpp/kernels/optimizers/adam.hpp"
SGD = "cpp/kernels/optimizers/sgd.hpp"
RMSPROP = "cpp/kernels/optimizers/rmsprop.hpp"
BINARY = "cpp/kernels/losses/binary_crossentropy.hpp"
CATEGORICAL = "cpp/kernels/losses/categorical_crossentropy.hpp"
SPARSE = "cpp/kernels/losses/sparse_categorical_crossentropy.hpp"
HUBER = "cpp/kernels/losses/huber.hpp"
PASSES = "cpp/engine/passes.cpp"
STRIPS = "cpp/engine/strips.cpp"
COLUMNS = "cpp/engine/columns_phase.cpp"
KERNELS, OPTIMIZERS = "tests/kernels", "tests/test_optimizers.py"
TRAINER, PARAMETERS = "cpp/engine/trainer.cpp", "cpp/engine/parameters.cpp"
NONFINITE, SAME_BITS = "tests/test_nonfinite.py", "tests/test_same_bits.py"
FIT, ENGINE = "tests/test_fit.py", "tests/test_engine.py"

MUTATIONS = [
    # What a batch's loss is divided by, and the float mode.
    Mutation(
        "weights: those of other rows of the epoch",
        PASSES,
        "rows_.weights) + selection[i], 1)",
        "rows_.weights) + selection.first + i, 1)",
        SAME_BITS,
    ),
    Mutation(
        "weights: those of an earlier batch in evaluate",
        "cpp/engine/network.cpp",
        "reader.scaling(advance(selection, at), size)",
        "reader.scaling(selection, size)",
        SAME_BITS,
    ),
    Mutation(
        "training: in the caller's float mode",
        TRAINER,
        "const DefaultFloatEnvironment environment;",
        "",
        SAME_BITS,
    ),
    # Numbers that are not finite.
    Mutation(
        "nonfinite: the update goes on after an alarm",
        TRAINER,
        "if (alarm_.load(std::memory_order_relaxed)) return;",
        "",
        NONFINITE,
    ),
    Mutation(
        "nonfinite: x is not looked at",
        PASSES,
        "watch(c_.work.stage(0),",
        "if (false) watch(c_.work.stage(0),",
        NONFINITE,
    ),
    Mutation(
        "nonfinite: gradients are not looked at",
        PASSES,
        "if (op == c_.first_trained() + 1)",
        "if (false)",
        NONFINITE,
    ),
    Mutation(
        "nonfinite: slots are not put back",
        PARAMETERS,
        "copy(kept_[1 + s], slots_[s])",
        "(void)s",
        NONFINITE,
    ),
    # The update rules.
    Mutation(
        "adam: betas swapped by the optimizer",
        ADAM_PY,
        "[alpha, 1 - self.beta_1, 1 - self.beta_2, self.epsilon]",
        "[alpha, 1 - self.beta_2, 1 - self.beta_1, self.epsilon]",
        OPTIMIZERS,
    ),
    Mutation(
        "adam: bias correction dropped",
        ADAM_PY,
        "alpha = rates * root / rest",
        "alpha = rates",
        OPTIMIZERS,
    ),
    Mutation(
        "adam: steps counted from 0",
        ADAM_PY,
        "np.arange(first + 1, first + 1 + steps)",
        "np.arange(first, first + steps)",
        OPTIMIZERS,
    ),
    Mutation(
        "adam: kept corrections of other steps",
        ADAM_PY,
        "first - start, _BLOCK",
        "first, _BLOCK",
        OPTIMIZERS,
    ),
    Mutation(
        "labels: only the first block looked at",
        "cpp/bind/dataset.hpp",
        "from += n * std::size_t(values.itemsize());",
        "",
        "tests/test_data.py",
    ),
    Mutation(
        "adam: betas swapped in the kernel",
        ADAM,
        "rest_1(set(s[1])), rest_2(set(s[2]))",
        "rest_1(set(s[2])), rest_2(set(s[1]))",
        KERNELS,
    ),
    Mutation(
        "adam: epsilon inside the root",
        ADAM,
        "(square_root(slot[kSlots - 1]) + epsilon)",
        "square_root(slot[kSlots - 1] + epsilon)",
        KERNELS,
    ),
    Mutation("adam: sign of the step", ADAM, "w = w - (slot[0]", "w = w + (slot[0]", KERNELS),
    Mutation(
        "amsgrad: last v, not the largest", ADAM, "larger(slot[1], slot[2])", "slot[1]", KERNELS
    ),
    Mutation("sgd: sign of the step", SGD, "w = w - rate * g", "w = w + rate * g", KERNELS),
    Mutation(
        "nesterov: plain momentum", SGD, "w = w + (mu * slot[0] - push)", "w = w + slot[0]", KERNELS
    ),
    Mutation(
        "rmsprop: epsilon outside the root",
        RMSPROP,
        "square_root(denominator + epsilon)",
        "(square_root(denominator) + epsilon)",
        KERNELS,
    ),
    Mutation(
        "rmsprop: mean not centred",
        RMSPROP,
        "denominator - slot[1] * slot[1]",
        "denominator + slot[1] * slot[1]",
        KERNELS,
    ),
    # The losses.
    Mutation(
        "sigmoid crossentropy: sign of the gradient",
        BINARY,
        "sigmoid_from_decay(z, decay) - y",
        "y - sigmoid_from_decay(z, decay)",
        KERNELS,
    ),
    Mutation(
        "binary crossentropy: no clip in the gradient",
        BINARY,
        "select(clipped, broadcast_pack<P>(T(0)), slope)",
        "slope",
        KERNELS,
    ),
    Mutation("binary smoothing: towards 0", BINARY, "add(T(0.5) * s)", "add(T(0) * s)", KERNELS),
    Mutation(
        "softmax crossentropy: mass of y forgotten",
        CATEGORICAL,
        "sum_lanes(mass) / total",
        "T(1) / total",
        KERNELS,
    ),
    Mutation(
        "categorical crossentropy: gradient of the sum forgotten",
        CATEGORICAL,
        "(shift - g) * over",
        "(set(T(0)) - g) * over",
        KERNELS,
    ),
    Mutation(
        "sparse crossentropy: label off by one in the gradient",
        SPARSE,
        "grad[k] = (share - T(1)) * factor",
        "grad[k] = share * factor",
        KERNELS,
    ),
    Mutation(
        "huber: no bend", HUBER, "smaller(larger(error, negate(limit)), limit)", "error", KERNELS
    ),
    # The engine.
    Mutation(
        "engine: gradient not divided by the rows",
        PASSES,
        "return {T(1) / rows, T(1)};",
        "return {T(1), T(1)};",
        FIT,
    ),
    Mutation(
        "engine: short last batch divided by a full one's rows",
        PASSES,
        "const T rows = T(count);",
        "const T rows = T(c_.work.capacity());",
        FIT,
    ),
    Mutation("engine: a chunk of rows begins anew", COLUMNS, "row > 0);", "false);", ENGINE),
    Mutation("engine: a panel's rows lie side by side", PASSES, "+ p * d.units", "+ p", ENGINE),
    Mutation(
        "engine: biases never updated",
        STRIPS,
        "if (d.use_bias) out.push_back({&op, 0, 0, 0, d.units});",
        "",
        FIT,
    ),
    Mutation(
        "engine: sample weights ignored in the loss",
        PASSES,
        "if (rows_.weights) a.sample_weight = c_.work.weights() + first;",
        "",
        FIT,
    ),
    Mutation(
        "engine: dropout mask not applied going back",
        PASSES,
        "backward_drop(op, region);",
        "(void)region;",
        FIT,
    ),
]


def run(*command: str, cwd: Path, env: dict[str, str] | None = None) -> tuple[int, str]:
    done = subprocess.run(command, cwd=cwd, env=env, text=True, capture_output=True, check=False)
    return done.returncode, done.stdout + done.stderr


def must(*command: str, cwd: Path) -> None:
    code, output = run(*command, cwd=cwd)
    if code:
        sys.exit(f"{' '.join(command)}\n{output}")


class Copy:
    """A copy of the tree with a build directory of its own."""

    def __init__(self, where: Path) -> None:
        self.tree, self.build_dir = where / "kudari", where / "build"
        files = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines()
        for name in files:
            target = self.tree / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
        pybind11 = [sys.executable, "-m", "pybind11", "--cmakedir"]
        must(
            "cmake", "-G", "Ninja", "-S", str(self.tree), "-B", str(self.build_dir),
            "-DCMAKE_BUILD_TYPE=Release", "-DKUDARI_ISAS=baseline", "-DKUDARI_OPTIMIZE=-O1",
            f"-Dpybind11_DIR={subprocess.check_output(pybind11, text=True).strip()}",
            f"-DPython_EXECUTABLE={sys.executable}", cwd=where,
        )  # fmt: skip

    def build(self) -> None:
        must("cmake", "--build", str(self.build_dir), "-j", "1", cwd=self.tree)
        for module in self.build_dir.glob("_core*.so"):
            shutil.copy2(module, self.tree / "python/kudari" / module.name)

    def tests(self, what: str) -> tuple[int, str]:
        env = {
            **os.environ,
            "PYTHONPATH": str(self.tree / "python"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        env.pop("KUDARI_ISA", None)
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p",
                   "no:cacheprovider", what]  # fmt: skip
        return run(*command, cwd=self.tree, env=env)


def noticed(copy: Copy, mutation: Mutation) -> tuple[bool, str]:
    path = copy.tree / mutation.file
    original = path.read_text()
    if original.count(mutation.old) != 1:
        return False, f"{mutation.file} does not hold the line to break exactly once"
    path.write_text(original.replace(mutation.old, mutation.new))
    try:
        if mutation.file.startswith("cpp/"):
            copy.build()
        code, output = copy.tests(mutation.tests)
    finally:
        path.write_text(original)
    red = [line for line in output.splitlines() if line.startswith("FAILED")]
    return code == 1 and bool(red), red[0] if red else output[-500:]


def pass_unbroken(copy: Copy, mutations: list[Mutation]) -> None:
    for tests in sorted({m.tests for m in mutations}):
        code, output = copy.tests(tests)
        if code:
            sys.exit(f"{tests} must pass before anything is broken\n{output}")


def missed(mutations: list[Mutation], where: Path) -> int:
    """How many of the mutations no test notices; prints a row for each."""
    copy = Copy(where)
    copy.build()
    pass_unbroken(copy, mutations)
    count = 0
    for mutation in mutations:
        found, why = noticed(copy, mutation)
        count += not found
        print(f"{'noticed' if found else 'MISSED '}  {mutation.name}: {why}", flush=True)
    return count


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="only mutations whose name holds one of these")
    names = parser.parse_args().names
    chosen = [m for m in MUTATIONS if not names or any(n in m.name for n in names)]
    workers = min(os.cpu_count() or 1, len(chosen))
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(workers) as pool:
        parts = [chosen[i::workers] for i in range(workers)]
        folders = [Path(folder, str(i)) for i in range(workers)]
        for path in folders:
            path.mkdir()
        failed = sum(pool.map(missed, parts, folders))
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
