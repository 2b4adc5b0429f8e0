#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What scikit-learn says of some made-up answers, for tests/test_report.c.

    report.py            writes report.txt beside it
    report.py --check    makes it again and compares

Needs scikit-learn; report.txt was made with Debian 12's python3-sklearn, 1.2.1. Four things it does
not have, and they are worked out here in another way than grove does: the calibration error, in
fractions; the Brier score of more than two classes; Wilson's interval, by bisection; the bootstrap,
whose resamples are made of Philox4x32-10 as its paper tells and given to scikit-learn row by row.

Lines: case NAME ROWS CLASSES TOP_K RESAMPLES SEED; a row each, its label and its probabilities in
1024ths; measure NAME VALUE LOW HIGH; class SUPPORT PRECISION RECALL F1, one each; confusion COUNTS.
"""

import math
import pathlib
import random
import sys
import warnings
from fractions import Fraction

try:
    import numpy as np
    import sklearn
    from sklearn import metrics as sk
except ImportError:
    print("skipped: there is no scikit-learn")
    sys.exit(77)

WHOLE = 1024
RESAMPLES = 100
FLOAT_ROUNDING = 2.0 ** -23

# ---- the resamples ------------------------------------------------------------------------------

M32 = 0xFFFFFFFF
M64 = 0xFFFFFFFFFFFFFFFF


def philox(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        left, right = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(right >> 32) ^ c[1] ^ k[0], right & M32, (left >> 32) ^ c[3] ^ k[1], left & M32]
        k = [(k[0] + 0x9E3779B9) & M32, (k[1] + 0xBB67AE85) & M32]
    return c


def hash_name(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) & M64
    value = ((value ^ (value >> 32)) * 0xD6E8FEB86659FD93) & M64
    return value ^ (value >> 32)


def resample(seed, number, rows):
    stream = hash_name("bootstrap") & M32
    words = []
    for block in range((rows + 3) // 4):
        words += philox((block, 0, stream, number), (seed & M32, seed >> 32))
    return np.array([word * rows >> 32 for word in words[:rows]])


# ---- the measures -------------------------------------------------------------------------------


def or_nan(function, *arguments, **more):
    try:
        return float(function(*arguments, **more))
    except ValueError:  # "only one class"
        return math.nan


def calibration_error(y, p, answers):
    bins = [[Fraction(0), 0] for _ in range(15)]
    for label, row, answer in zip(y, p, answers):
        top = Fraction(float(row.max()))
        found = next(b for b in range(15) if top <= Fraction(b + 1, 15))
        bins[found][0] += top
        bins[found][1] += int(label == answer)
    return float(sum(abs(right - top) for top, right in bins) / len(y))


def top_k(y, p, k):
    """By scikit-learn where no class ties with another, which it ranks the other way round."""
    classes = p.shape[1]
    order = np.argsort(-p, axis=1, kind="stable")[:, :k]
    own = float(np.mean([label in row for label, row in zip(y, order)]))
    if classes > 2 and all(len(set(row)) == classes for row in p):
        assert own == sk.top_k_accuracy_score(y, p, k=k, labels=range(classes))
    return own


def measures(y, p, k):
    classes = p.shape[1]
    answers = p.argmax(axis=1)
    two = classes == 2
    own = dict(zero_division=0)
    one_hot = np.eye(classes)[y]
    area = or_nan(sk.roc_auc_score, y, p[:, 1]) if two else math.nan
    return {
        "accuracy": sk.accuracy_score(y, answers),
        "balanced_accuracy": sk.balanced_accuracy_score(y, answers),
        "top_k_accuracy": top_k(y, p, k),
        "f1_macro": sk.f1_score(y, answers, average="macro", **own),
        "f1_micro": sk.f1_score(y, answers, average="micro", **own),
        "f1_weighted": sk.f1_score(y, answers, average="weighted", **own),
        "precision_macro": sk.precision_score(y, answers, average="macro", **own),
        "recall_macro": sk.recall_score(y, answers, average="macro", **own),
        "roc_auc": area,
        "roc_auc_ovr": area if classes <= 2 else or_nan(
            sk.roc_auc_score, y, p, multi_class="ovr", labels=range(classes)),
        "average_precision": or_nan(sk.average_precision_score, y, p[:, 1])
        if two and any(y == 1) else math.nan,
        "log_loss": sk.log_loss(y, p, labels=range(classes), eps=FLOAT_ROUNDING)
        if classes > 1 else 0.0,
        "brier_score_loss": sk.brier_score_loss(y, p[:, 1], pos_label=1) if two
        else float(np.mean(((p - one_hot) ** 2).sum(axis=1))),
        "matthews_corrcoef": sk.matthews_corrcoef(y, answers),
        "ece_15": calibration_error(y, p, answers),
    }


# ---- intervals ----------------------------------------------------------------------------------


def wilson(share, rows):
    """Where |share - q| = z sqrt(q (1 - q) / rows), on both sides of the share."""
    def bound(inside, outside):
        for _ in range(200):
            q = (inside + outside) / 2
            near = abs(share - q) <= 1.959963984540054 * math.sqrt(q * (1 - q) / rows)
            inside, outside = (q, outside) if near else (inside, q)
        return inside
    return bound(share, 0.0), bound(share, 1.0)


def percentiles(values):
    defined = [v for v in values if not math.isnan(v)]
    if 2 * len(defined) < len(values):
        return math.nan, math.nan
    return tuple(np.quantile(defined, [0.025, 0.975]))


def intervals(y, p, k, seed, values):
    drawn = [resample(seed, number, len(y)) for number in range(RESAMPLES)]
    again = [measures(y[rows], p[rows], k) for rows in drawn]
    found = {}
    for name, value in values.items():
        if name in ("accuracy", "f1_micro", "top_k_accuracy"):
            found[name] = wilson(value, len(y))
        elif math.isnan(value):
            found[name] = math.nan, math.nan
        else:
            found[name] = percentiles([one[name] for one in again])
    return found


# ---- the cases ----------------------------------------------------------------------------------


def row_of(r, classes, label, coarse, skill):
    """Parts of WHOLE, in steps of `coarse`; the label's class is likelier, as skill says."""
    steps = WHOLE // coarse
    weight = [r.random() ** 2 + (skill * r.random() if c == label else 0) for c in range(classes)]
    parts = [int(steps * w / sum(weight)) for w in weight]
    parts[max(range(classes), key=lambda c: weight[c])] += steps - sum(parts)
    return [part * coarse for part in parts]


def made(name, rows, classes, labels=None, coarse=1, skill=1.0):
    r = random.Random(name)
    y = [r.choice(labels or range(classes)) for _ in range(rows)]
    return y, [row_of(r, classes, label, coarse, skill) for label in y]


def cases():
    yield "two", 2, *made("two", 90, 2, labels=[0, 0, 0, 1])
    yield "two_with_ties", 1, *made("two_with_ties", 61, 2, coarse=128)
    yield "two_of_chance", 2, *made("two_of_chance", 40, 2, skill=0)
    yield "three", 2, *made("three", 120, 3)
    yield "three_with_ties", 2, *made("three_with_ties", 50, 3, coarse=256)
    yield "ten", 3, *made("ten", 150, 10, skill=2)
    yield "ten_of_which_some_are_absent", 4, *made("absent", 40, 10, labels=[1, 4, 7])
    y, p = made("never", 30, 3)
    yield "a_class_never_answered", 2, y, [[max(a, c), b, min(a, c)] if b < WHOLE // 3
                                           else [a + b, 0, c] for a, b, c in p]
    yield "always_the_same", 2, [0, 1, 1, 0, 1], [[256, 768]] * 5
    yield "one_label", 2, *made("one_label", 20, 2, labels=[0])
    yield "the_other_label", 2, *made("the_other_label", 20, 2, labels=[1])
    yield "a_rare_label", 2, [0] * 11 + [1], made("rare", 12, 2)[1]
    yield "all_right", 2, [0, 1, 2, 1], [[WHOLE * (c == y) for c in range(3)] for y in [0, 1, 2, 1]]
    yield "all_wrong", 2, [0, 1, 0, 1], [[0, WHOLE], [WHOLE, 0], [0, WHOLE], [WHOLE, 0]]
    yield "edges_of_bins", 1, [0, 1] * 4, [[512, 512], [1024, 0], [0, 1024], [1023, 1],
                                           [614, 410], [615, 409], [683, 341], [682, 342]]
    yield "one_row", 2, [1], [[300, 724]]
    yield "one_class", 2, [0] * 3, [[WHOLE]] * 3


def text_of(number, name, k, labels, parts):
    y, p = np.array(labels), np.array(parts, dtype=float) / WHOLE
    classes, seed = p.shape[1], number * 0x100000001
    values = measures(y, p, k)
    bounds = intervals(y, p, k, seed, values)
    answers = p.argmax(axis=1)
    own = sk.precision_recall_fscore_support(y, answers, labels=range(classes), zero_division=0)
    yield f"case {name} {len(y)} {classes} {k} {RESAMPLES} {seed}"
    for label, row in zip(labels, parts):
        yield f"{label} {' '.join(map(str, row))}"
    for key, value in values.items():
        yield f"measure {key} {value:.15g} {bounds[key][0]:.15g} {bounds[key][1]:.15g}"
    for precision, recall, f1, support in zip(*own):
        yield f"class {support} {precision:.15g} {recall:.15g} {f1:.15g}"
    counts = sk.confusion_matrix(y, answers, labels=range(classes))
    yield f"confusion {' '.join(map(str, counts.ravel()))}"


def same(a, b):
    """But for the last digits."""
    a, b = a.split(), b.split()
    try:
        return len(a) == len(b) and all(x == y or abs(float(x) - float(y)) < 1e-12
                                        for x, y in zip(a, b))
    except ValueError:
        return False


def main():
    warnings.filterwarnings("ignore")
    path = pathlib.Path(__file__).with_name("report.txt")
    lines = ["# Made by report.py; not to be changed by hand."]
    for number, one in enumerate(cases()):
        lines += text_of(number, *one)
    if "--check" not in sys.argv[1:]:
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return 0
    if sklearn.__version__ != "1.2.1":
        print("skipped: this is another scikit-learn than made the file")
        return 77
    stored = path.read_text(encoding="utf-8").splitlines()
    good = len(stored) == len(lines) and all(map(same, stored, lines))
    print("the same" if good else "report.txt is not what report.py makes")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
