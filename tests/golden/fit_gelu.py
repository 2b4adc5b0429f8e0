#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The coefficients of grove_tail_of (lib/base/functions.h): for 0 <= x <= 15

    Phi(-x) = exp(-x^2 / 2) * A(x) / B(x),     A of degree 4, B of degree 5, B(0) = 1

fitted for the least largest relative error by least squares whose weights follow the errors
(Lawson's method), with B taken from the round before as a weight, which makes each round linear.
Needs numpy. Prints the error and the coefficients, the lowest power first, and what is left of the
error when they are floats."""

import math

import numpy as np

ABOVE, BELOW, LARGEST, POINTS, ROUNDS = 4, 5, 15.0, 600, 300


def ratio(x):
    """Phi(-x) * exp(x^2 / 2): from x = 4 on by the continued fraction of Laplace."""
    if x < 4:
        return math.erfc(x / math.sqrt(2)) * math.exp(x * x / 2) / 2
    tail = 0.0
    for k in range(120, 0, -1):
        tail = k / (x + tail)
    return 1 / (x + tail) / math.sqrt(2 * math.pi)


def value(coefficients, x):
    return np.polyval(coefficients[::-1], x)


def main():
    least = 2 / (2 + LARGEST)
    places = np.cos(np.pi * (np.arange(POINTS) + 0.5) / POINTS)
    x = 2 * (1 / ((least + 1) / 2 + (1 - least) / 2 * places) - 1)
    wanted = np.array([ratio(point) for point in x])
    powers = np.vander(x, BELOW + 1, increasing=True)
    weights, below, best = np.ones(POINTS), (1 + x / 2) ** BELOW, (math.inf,)
    for _ in range(ROUNDS):
        scale = np.sqrt(weights) / (wanted * below)
        rows = np.hstack([powers[:, : ABOVE + 1], -wanted[:, None] * powers[:, 1:]])
        rows *= scale[:, None]
        sizes = np.linalg.norm(rows, axis=0)
        found = np.linalg.lstsq(rows / sizes, wanted * scale, rcond=None)[0] / sizes
        a, b = found[: ABOVE + 1], np.append(1, found[ABOVE + 1 :])
        below = value(b, x)
        errors = np.abs(value(a, x) / below / wanted - 1)
        best = min(best, (errors.max(), a, b), key=lambda one: one[0])
        weights *= errors / errors.max() + 1e-3
        weights /= weights.mean()
    error, a, b = best
    floats = [part.astype(np.float32).astype(float) for part in (a, b)]
    rounded = np.abs(value(floats[0], x) / value(floats[1], x) / wanted - 1).max()
    print(f"largest relative error {error:.1e}, with floats {rounded:.1e}")
    for name, part in (("A", a), ("B", b)):
        print(name, " ".join(f"{coefficient:.9e}f" for coefficient in part))


main()
