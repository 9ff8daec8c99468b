"""Derive the constants of cpp/kernels/math.hpp and cpp/kernels/power.hpp, and print them as C++.

    python docs/derive_coefficients.py            # needs mpmath; takes a few seconds

Each function of math.hpp reduces its argument to a small interval and evaluates one polynomial q
there. The polynomials are minimax: a Remez exchange on Chebyshev-spaced points finds the q whose
largest weighted error is least, the weight turning an error of q into a relative error of the
function. The coefficients must be numbers of the lane type, so they are rounded one at a time,
lowest power first (it weighs most), and after each rounding the others are fitted anew, which lets
them make up for it. The last line of each block states the relative error that is left.

    exp            exp(r) = 1 + r + r^2 q(r),              |r| <= ln(2)/2
    log, float     log(1 + f) = f + f^2 q(f),              sqrt(1/2) <= 1 + f <= sqrt(2)
    log, double    log(1 + f) = f - h + s (h + z q(z)),    the same interval,
                   h = f^2 / 2, s = f / (2 + f), z = s^2:  q(z) = 2/3 + 2/5 z + 2/7 z^2 + ...
    tanh           tanh(x) = x + x z q(z), z = x^2,        |x| <= 0.6
"""

from collections.abc import Callable, Sequence

from mpmath import mp, mpf

Function = Callable[[mpf], mpf]

mp.prec = 200
BITS = {"float": 24, "double": 53}
POINTS = 600
EXCHANGES = 30


def round_to(value: mpf, bits: int) -> mpf:
    """`value` rounded to nearest at `bits` significant bits."""
    with mp.workprec(bits):
        return +value


def hex_literal(value: mpf, bits: int) -> str:
    """`value`, a number of `bits` significant bits, as a C++ hexadecimal literal."""
    sign, mantissa, exponent, _ = round_to(value, bits)._mpf_
    literal = float.hex(float(mp.ldexp(mpf(int(mantissa)), exponent)))
    head, power = literal.split("p")
    suffix = "f" if bits == 24 else ""
    return f"{'-' if sign else ''}{head.rstrip('0').rstrip('.')}p{power}{suffix}"


def evaluate(coefficients: Sequence[mpf], x: mpf) -> mpf:
    """The polynomial with `coefficients`, lowest power first, at `x`."""
    return mp.polyval(list(reversed(coefficients)), x)


def grid(low: mpf, high: mpf) -> list[mpf]:
    """Chebyshev-spaced points of [low, high]; an even count, so that never the middle."""
    middle, half = (low + high) / 2, (high - low) / 2
    return [middle - half * mp.cos(mp.pi * (i + mpf(1) / 2) / POINTS) for i in range(POINTS)]


def extrema(errors: Sequence[mpf], count: int) -> list[int]:
    """Indices of `count` extrema of `errors` with alternating signs."""
    peaks = [0]
    for i in range(1, len(errors)):
        if (errors[i] > 0) != (errors[peaks[-1]] > 0):
            peaks.append(i)
        elif abs(errors[i]) > abs(errors[peaks[-1]]):
            peaks[-1] = i
    while len(peaks) > count:
        drop_lowest(peaks, errors, len(peaks) - count)
    return peaks


def drop_lowest(peaks: list[int], errors: Sequence[mpf], excess: int) -> None:
    """Take out the lowest peak, an inner one with its lower neighbour: signs still alternate."""
    ends = (0, len(peaks) - 1)
    candidates = ends if excess == 1 else range(len(peaks))
    lowest = min(candidates, key=lambda i: abs(errors[peaks[i]]))
    if lowest not in ends:
        neighbour = min(lowest - 1, lowest + 1, key=lambda i: abs(errors[peaks[i]]))
        del peaks[max(lowest, neighbour)]
        lowest = min(lowest, neighbour)
    del peaks[lowest]


def solve(xs: Sequence[mpf], values: Sequence[mpf], weights: Sequence[mpf]) -> list[mpf]:
    """Coefficients of the polynomial whose weighted errors at `xs` alternate at one height."""
    count = len(xs)
    rows = [
        [x**k for k in range(count - 1)] + [(-1) ** i / w]
        for i, (x, w) in enumerate(zip(xs, weights, strict=True))
    ]
    return list(mp.lu_solve(mp.matrix(rows), mp.matrix(values)))[:-1]


def remez(
    xs: Sequence[mpf], values: Sequence[mpf], weights: Sequence[mpf], terms: int
) -> list[mpf]:
    """Minimax polynomial of `terms` coefficients through the weighted `values` at `xs`."""
    step = len(xs) / (terms + 1)
    reference = [int((i + 0.5) * step) for i in range(terms + 1)]
    coefficients: list[mpf] = []
    for _ in range(EXCHANGES):
        coefficients = solve(
            [xs[i] for i in reference],
            [values[i] for i in reference],
            [weights[i] for i in reference],
        )
        errors = [
            w * (evaluate(coefficients, x) - v) for x, v, w in zip(xs, values, weights, strict=True)
        ]
        found = extrema(errors, terms + 1)
        if found == reference:
            break
        reference = found
    return coefficients


def fit(
    function: Function, weight: Function, interval: tuple[mpf, mpf], terms: int, bits: int
) -> tuple[list[mpf], mpf]:
    """Rounded minimax coefficients of `function` and their largest weighted error."""
    xs = grid(*interval)
    targets = [function(x) for x in xs]
    weights = [abs(weight(x)) for x in xs]
    rest, rest_weights = targets, weights
    rounded: list[mpf] = []
    for left in range(terms, 0, -1):
        rounded.append(round_to(remez(xs, rest, rest_weights, left)[0], bits))
        rest = [(v - rounded[-1]) / x for x, v in zip(xs, rest, strict=True)]
        rest_weights = [w * abs(x) for x, w in zip(xs, rest_weights, strict=True)]
    errors = [
        w * abs(evaluate(rounded, x) - v) for x, v, w in zip(xs, targets, weights, strict=True)
    ]
    return rounded, max(errors)


def show(
    name: str,
    kind: str,
    terms: int,
    function: Function,
    weight: Function,
    interval: tuple[mpf, mpf],
) -> None:
    """Print one polynomial, highest power first, as it is evaluated."""
    bits = BITS[kind]
    coefficients, error = fit(function, weight, interval, terms, bits)
    print(f"// {name}, {kind}")
    for value in reversed(coefficients):
        print(f"    {hex_literal(value, bits)},")
    print(f"// relative error {mp.nstr(error * mpf(2) ** (bits - 1), 3)} ulp\n")


def show_parts(name: str, value: mpf, widths: Sequence[int], bits: int) -> None:
    """Print `value` as a sum of parts, part i having at most widths[i] significant bits."""
    for i, width in enumerate(widths):
        part = round_to(value, width)
        print(f"{name}[{i}] = {hex_literal(part, bits)}")
        value -= part


def exp_quotient(r: mpf) -> mpf:
    """q of exp."""
    return (mp.expm1(r) - r) / r**2


def exp_weight(r: mpf) -> mpf:
    """An error of q, relative to exp(r)."""
    return r**2 / mp.exp(r)


def log_quotient(f: mpf) -> mpf:
    """q of log, float."""
    return (mp.log1p(f) - f) / f**2


def log_weight(f: mpf) -> mpf:
    """An error of q, relative to log(1 + f)."""
    return f**2 / mp.log1p(f)


def atanh_quotient(z: mpf) -> mpf:
    """q of log, double: 2 atanh(s) = 2 s + s z q(z) with z = s^2."""
    s = mp.sqrt(z)
    return (2 * mp.atanh(s) - 2 * s) / (s * z)


def atanh_weight(z: mpf) -> mpf:
    """An error of q, relative to 2 atanh(s)."""
    s = mp.sqrt(z)
    return s * z / (2 * mp.atanh(s))


def tanh_quotient(z: mpf) -> mpf:
    """q of tanh."""
    x = mp.sqrt(z)
    return (mp.tanh(x) - x) / (x * z)


def tanh_weight(z: mpf) -> mpf:
    """An error of q, relative to tanh(x)."""
    x = mp.sqrt(z)
    return x * z / mp.tanh(x)


def main() -> None:
    """Print every constant."""
    half_ln2 = mp.ln2 / 2 * mpf("1.0001")  # the rounded quotient may pass the middle a little
    around_zero = (-half_ln2, half_ln2)
    around_one = (mp.sqrt(mpf(1) / 2) - 1, mp.sqrt(2) - 1)
    squares = (mpf(0), (around_one[1] / (2 + around_one[1])) ** 2)
    show("exp", "float", 5, exp_quotient, exp_weight, around_zero)
    show("exp", "double", 10, exp_quotient, exp_weight, around_zero)
    show("log", "float", 9, log_quotient, log_weight, around_one)
    show("log", "double", 7, atanh_quotient, atanh_weight, squares)
    show("tanh", "float", 5, tanh_quotient, tanh_weight, (mpf(0), mpf("0.6") ** 2))
    show("tanh", "double", 11, tanh_quotient, tanh_weight, (mpf(0), mpf("0.6") ** 2))
    show_parts("ln2 of log, float", mp.ln2, (24, 24), 24)
    show_parts("ln2 of log, double", mp.ln2, (53, 53), 53)
    show_parts("ln2 of exp, float", mp.ln2, (16, 24), 24)
    show_parts("ln2 of exp, double", mp.ln2, (42, 53), 53)
    show_parts("sqrt(1/2), float", mp.sqrt(mpf(1) / 2), (24,), 24)
    show_parts("sqrt(1/2), double", mp.sqrt(mpf(1) / 2), (53,), 53)
    show_parts("1/ln2, float", 1 / mp.ln2, (24,), 24)
    show_parts("1/ln2, double", 1 / mp.ln2, (53,), 53)


if __name__ == "__main__":
    main()
