"""Fits the polynomial of the expm1 kernel (crates/core/policy/src/kernels/activation.rs).

    python scripts/fit_expm1.py

The kernel evaluates expm1(r) = r + r^2 q(r) for |r| <= ln(2)/2. This finds q as the minimax polynomial in the
relative error of expm1 (Lawson's iteration: least squares, reweighted by the error until it levels out), rounds
its coefficients to float32 from the lowest up, refitting the rest each time, and prints them for the code.
Needs numpy only.
"""

import math

import numpy as np

DEGREE = 4
# The reduced argument may pass ln(2)/2 by a rounding error; fit a little wider.
BOUND = 0.5 * math.log(2.0) * (1.0 + 1e-5)


def q_exact(r):
    """(expm1(r) - r) / r^2 by its series, free of cancellation near zero."""
    return sum(r**k / math.factorial(k + 2) for k in range(18))


def lawson(r, target, importance, powers):
    """Minimax coefficients of sum c_p r^p ~ target, in the error times importance."""
    basis = np.stack([r**p for p in powers], axis=1)
    weight = np.ones_like(r)
    best, best_error = None, np.inf
    for _ in range(400):
        root = np.sqrt(weight) * importance
        fitted = np.linalg.lstsq(basis * root[:, None], target * root, rcond=None)[0]
        error = np.abs((basis @ fitted - target) * importance)
        if error.max() < best_error:
            best, best_error = fitted, error.max()
        weight *= error / error.max() + 1e-12
        weight /= weight.sum()
    return best, best_error


def main():
    nodes = np.cos(np.pi * (np.arange(2000) + 0.5) / 2000)
    r = BOUND * nodes
    target = q_exact(r)
    importance = np.abs(r * r / np.expm1(r))

    rounded = []
    for power in range(DEGREE + 1):
        known = sum(c * r**p for p, c in enumerate(rounded))
        fitted, _ = lawson(r, target - known, importance, range(power, DEGREE + 1))
        rounded.append(float(np.float32(fitted[0])))

    left = np.abs((sum(c * r**p for p, c in enumerate(rounded)) - target) * importance).max()
    print(f"// relative error of the polynomial with rounded coefficients: {left:.2e} (half an ulp is {2**-24:.2e})")
    for power, c in enumerate(rounded):
        bits = np.float32(c).view(np.uint32)
        print(f"const Q{power}: f32 = f32::from_bits(0x{bits:08x}); // {c:.9e}")
    high = float(np.uint32(np.float32(math.log(2.0)).view(np.uint32) & 0xFFFFFE00).view(np.float32))
    low = np.float32(math.log(2.0) - high)
    print(f"const LN2_HIGH: f32 = f32::from_bits(0x{np.float32(high).view(np.uint32):08x}); // {high:.12f}")
    print(f"const LN2_LOW: f32 = f32::from_bits(0x{low.view(np.uint32):08x}); // {low:.9e}")


if __name__ == "__main__":
    main()
