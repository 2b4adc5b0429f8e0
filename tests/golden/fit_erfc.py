#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The coefficients of grove_erfc_of (lib/base/functions.h): with t = 2 / (2 + x), 0 <= x <= 11,

    erfc(x) = exp(-x^2) * t * Q(t),     Q of degree 10

Q is fitted for the least largest relative error by least squares whose weights follow the errors
(Lawson's method). Needs numpy. Prints the error and the coefficients, the highest power first."""

import math

import numpy as np

DEGREE, LARGEST, POINTS, ROUNDS = 10, 11.0, 400, 60


def scaled(x):
    """erfc(x) * exp(x^2): from x = 3 on by the continued fraction of Laplace."""
    if x < 3:
        return math.erfc(x) * math.exp(x * x)
    tail = 0.0
    for k in range(80, 0, -1):
        tail = k / 2 / (x + tail)
    return 1 / (x + tail) / math.sqrt(math.pi)


def main():
    least = 2 / (2 + LARGEST)
    places = np.cos(np.pi * (np.arange(POINTS) + 0.5) / POINTS)
    t = (least + 1) / 2 + (1 - least) / 2 * places
    wanted = np.array([scaled(x) for x in 2 * (1 / t - 1)]) / t
    weights = np.full(POINTS, 1 / POINTS)
    for _ in range(ROUNDS):
        scale = np.sqrt(weights) / wanted
        rows = np.vander(t, DEGREE + 1) * scale[:, None]
        found = np.linalg.lstsq(rows, wanted * scale, rcond=None)[0]
        errors = np.abs(np.polyval(found, t) / wanted - 1)
        weights *= errors / errors.max() + 1e-9
        weights /= weights.sum()
    print(f"largest relative error {errors.max():.1e}")
    for coefficient in found:
        print(f"{coefficient:.9e}")


main()
