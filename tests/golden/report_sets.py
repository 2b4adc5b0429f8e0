#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What scikit-learn says of made-up answers of several classes a row, for tests/test_sets.c.

    report_sets.py            writes report_sets.txt beside it
    report_sets.py --check    makes it again and compares

As report.py, whose resamples, percentiles and Wilson's interval it takes. The two curves are means
over the columns for which scikit-learn has them.

Lines: case NAME ROWS CLASSES THRESHOLD RESAMPLES SEED (the threshold in 1024ths); a row each, its
truth as 0 or 1 and its probabilities in 1024ths; measure NAME VALUE LOW HIGH; class SUPPORT
PRECISION RECALL F1 ROC_AUC AVERAGE_PRECISION, one each; temperature T, that which makes the binary
cross-entropy least.
"""

import math
import pathlib
import random
import sys
import warnings

from report import FLOAT_ROUNDING, WHOLE, np, or_nan, percentiles, resample, sk, sklearn, wilson

RESAMPLES = 40

# ---- the measures -------------------------------------------------------------------------------


def column_means(function, y, p, defined):
    values = [function(y[:, c], p[:, c]) for c in range(y.shape[1]) if defined(y[:, c])]
    return float(np.mean(values)) if values else math.nan


def log_loss(y, p):
    kept = np.clip(np.where(y == 1, p, 1 - p), FLOAT_ROUNDING, 1)
    return float(np.mean(-np.log(kept)))


def measures(y, p, threshold):
    said = (p >= threshold).astype(int)
    found = {"accuracy": sk.accuracy_score(y, said), "hamming_loss": sk.hamming_loss(y, said)}
    for average in "micro", "macro", "weighted", "samples":
        found["f1_" + average] = sk.f1_score(y, said, average=average, zero_division=0)
    found["jaccard_samples"] = sk.jaccard_score(y, said, average="samples", zero_division=0)
    for name, function in ("precision", sk.precision_score), ("recall", sk.recall_score):
        for average in "micro", "macro":
            found[f"{name}_{average}"] = function(y, said, average=average, zero_division=0)
    found["roc_auc_macro"] = column_means(sk.roc_auc_score, y, p, lambda c: 0 < c.sum() < len(c))
    found["average_precision_macro"] = column_means(sk.average_precision_score, y, p,
                                                    lambda c: c.sum() > 0)
    found["label_ranking_average_precision"] = sk.label_ranking_average_precision_score(y, p)
    found["coverage_error"] = sk.coverage_error(y, p)
    found["log_loss"] = log_loss(y, p)
    return found


def intervals(y, p, threshold, seed, values):
    drawn = [resample(seed, number, len(y)) for number in range(RESAMPLES)]
    again = [measures(y[rows], p[rows], threshold) for rows in drawn]
    found = {}
    for name, value in values.items():
        if name == "accuracy":
            found[name] = wilson(value, len(y))
        elif math.isnan(value):
            found[name] = math.nan, math.nan
        else:
            found[name] = percentiles([one[name] for one in again])
    return found


def temperature(y, p):
    """By golden sections in log T: another way than grove's."""
    one = np.maximum(p, 2.0 ** -126)
    z = np.log(one) - np.log(np.maximum(1 - p, FLOAT_ROUNDING / 2))
    loss = lambda log_t: float(np.sum(np.logaddexp(0, np.where(y == 1, -z, z) / math.exp(log_t))))
    low, high, share = math.log(0.05), math.log(20), (math.sqrt(5) - 1) / 2
    for _ in range(120):
        a, b = high - share * (high - low), low + share * (high - low)
        low, high = (low, b) if loss(a) < loss(b) else (a, high)
    return math.exp((low + high) / 2)


# ---- the cases ----------------------------------------------------------------------------------


def made(name, rows, classes, share=0.3, skill=1.0, coarse=1):
    r = random.Random(name)
    y = [[int(r.random() < share * (1.5 if c == 0 else 1)) for c in range(classes)]
         for _ in range(rows)]
    steps = WHOLE // coarse
    p = [[min(WHOLE, round(steps * min(1, max(0, 0.25 + 0.4 * skill * t + r.gauss(0, 0.22)))) *
              coarse) for t in row] for row in y]
    return y, p


def cases():
    yield "two", WHOLE // 2, *made("two", 80, 2)
    yield "five", WHOLE // 2, *made("five", 120, 5)
    yield "five_above_a_third", 341, *made("third", 60, 5)
    yield "ties", WHOLE // 2, *made("ties", 50, 4, coarse=256)
    yield "of_chance", WHOLE // 2, *made("chance", 40, 3, skill=0)
    yield "rare", WHOLE // 2, *made("rare", 60, 6, share=0.04)
    y, p = made("absent", 30, 4)
    yield "a_class_that_no_row_has", WHOLE // 2, [[a, 0, c, d] for a, _, c, d in y], p
    yield "a_class_that_all_have", WHOLE // 2, [[a, 1, c, d] for a, _, c, d in y], p
    yield "no_row_has_any", WHOLE // 2, [[0, 0]] * 6, made("none", 6, 2)[1]
    yield "all_rows_have_all", WHOLE // 2, [[1, 1]] * 6, made("all", 6, 2)[1]
    yield "all_right", WHOLE // 2, *[[[1, 0, 1], [0, 0, 0], [0, 1, 0]],
                                     [[WHOLE, 0, WHOLE], [0, 0, 0], [0, WHOLE, 0]]]
    yield "all_wrong", WHOLE // 2, *[[[1, 0], [0, 1], [0, 0]], [[0, WHOLE], [WHOLE, 0],
                                                                [WHOLE, WHOLE]]]
    yield "at_the_threshold", 256, [[1, 0], [0, 1], [1, 1]], [[256, 255], [257, 256], [255, 0]]
    yield "one_row", WHOLE // 2, [[1, 0, 1]], [[700, 600, 300]]


def text_of(number, name, threshold, truth, parts):
    y, p = np.array(truth), np.array(parts, dtype=float) / WHOLE
    share, seed = threshold / WHOLE, number * 0x100000001 + 7
    values = measures(y, p, share)
    bounds = intervals(y, p, share, seed, values)
    own = sk.precision_recall_fscore_support(y, (p >= share).astype(int), zero_division=0,
                                             labels=range(y.shape[1]))
    yield f"case {name} {len(y)} {y.shape[1]} {threshold} {RESAMPLES} {seed}"
    for row, part in zip(truth, parts):
        yield " ".join(map(str, row + part))
    for key, value in values.items():
        yield f"measure {key} {value:.15g} {bounds[key][0]:.15g} {bounds[key][1]:.15g}"
    for c, (precision, recall, f1, support) in enumerate(zip(*own)):
        some, both = y[:, c].sum() > 0, 0 < y[:, c].sum() < len(y)
        area = or_nan(sk.roc_auc_score, y[:, c], p[:, c]) if both else math.nan
        curve = sk.average_precision_score(y[:, c], p[:, c]) if some else math.nan
        yield f"class {support} {precision:.15g} {recall:.15g} {f1:.15g} {area:.15g} {curve:.15g}"
    yield f"temperature {temperature(y, p):.9g}"


def same(a, b):
    """But for the last digits."""
    a, b = a.split(), b.split()
    try:
        return len(a) == len(b) and all(x == y or abs(float(x) - float(y)) < 1e-7
                                        for x, y in zip(a, b))
    except ValueError:
        return False


def main():
    warnings.filterwarnings("ignore")
    path = pathlib.Path(__file__).with_name("report_sets.txt")
    lines = ["# Made by report_sets.py; not to be changed by hand."]
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
    print("the same" if good else "report_sets.txt is not what report_sets.py makes")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
