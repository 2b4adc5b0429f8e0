# SPDX-License-Identifier: MIT
"""Cases of losses of very many classes: cross-entropy that writes no logits, and losses that hold
the label against draws, which are given here."""

import torch
import torch.nn.functional as F

from book import function, given, gradients, positive, real
from losses import CLASSES, combinations, cross_entropy, weighted

# ---- cross-entropy of a linear layer -------------------------------------------------------------

WIDTH = 2


def rows_of(ignored, smoothing):
    """[n, 2]: the loss of each row, and the logarithm of its sum of exps."""
    losses = cross_entropy("none", ignored, smoothing)

    def f(x, weight, bias, labels, class_weights=None):
        logits = F.linear(x, weight, bias)
        return torch.stack([losses(logits, labels, class_weights), logits.logsumexp(1)], 1)
    return f


def passed(ignored, smoothing, with_mean):
    """The same, and the mean of the weight's rows by the softmax."""
    def f(x, weight, bias, labels, class_weights=None):
        found = [rows_of(ignored, smoothing)(x, weight, bias, labels, class_weights)]
        if with_mean:
            found.append(F.softmax(F.linear(x, weight, bias), 1) @ weight)
        return torch.cat(found, 1)
    return f


def of_x(rows):
    return lambda dy, x, weight, bias, labels, *more: gradients(
        rows(x, weight, bias, labels, *more), [x], dy)[0]


def of_weight(rows):
    """In one, the weight's gradient and behind it the bias's, filled up with zeros."""
    def f(dy, x, weight, bias, labels, *more):
        found = gradients(rows(x, weight, bias, labels, *more),
                          [weight] if bias is None else [weight, bias], dy)
        flat = torch.cat([g.reshape(-1) for g in found])
        return F.pad(flat, (0, -len(flat) % WIDTH)).reshape(-1, WIDTH)
    return f


def without_bias(f, before):
    """f, called without the bias that stands behind `before` other inputs."""
    return lambda *x: f(*x[:before], None, *x[before:])


def linear_cases():
    """Ways to weigh, ignore and smooth, some without a bias: name, options, inputs, settings."""
    for label, by_class, ignored, smoothing, settings in combinations():
        if smoothing == 0.1:
            continue
        labels = given([2, -1, 3, 0] if ignored == -1 else [2, 0, 3, 3])
        bias = label in ("plain", "weights_ignore_-1_smooth_0.6")
        for biased in (True, False)[:2 if bias else 1]:
            inputs = {"x": real(4, WIDTH), "weight": real(CLASSES, WIDTH),
                      **({"bias": real(CLASSES)} if biased else {}), "labels": labels,
                      **({"weights": positive(CLASSES)} if by_class else {})}
            yield label if biased else f"{label}_no_bias", (ignored, smoothing), inputs, settings


def linear_case(book, name, f, inputs, before=2, fixed=("weights",), **others):
    """`before`: how many inputs of f stand before the bias, which the case may lack."""
    f = f if "bias" in inputs else without_bias(f, before)
    function(book, name, f, inputs, fixed=fixed, **others)


def linear_losses(book, order=1, prefix=""):
    for label, options, inputs, settings in linear_cases():
        label, rows = prefix + label, rows_of(*options)

        def loss(x, weight, bias, *more, mean=cross_entropy("mean", *options)):
            return mean(F.linear(x, weight, bias), *more)
        if order == 2 and "ignore_3" in label:
            continue
        for name, f in (("linear_cross_entropy", loss), ("linear_cross_entropy_rows", rows)):
            linear_case(book, f"{name}/{label}", f, inputs, order=order, **settings)
        if order == 1:
            linear_adjoints(book, label, rows, inputs, settings)
        if order == 1 and "ignore_3" not in label:
            for ending, with_mean in (("", True), ("_lean", False)):
                linear_case(book, f"linear_cross_entropy_pass{ending}/{label}",
                            passed(*options, with_mean), inputs, fixed=tuple(inputs), **settings)
    if order == 1:
        blocks(book)


def linear_adjoints(book, label, rows, inputs, settings):
    """Their gradients are gradients of gradients, with the tolerance of those."""
    for ending, f in (("gradient", of_x(rows)), ("weight_gradient", of_weight(rows))):
        linear_case(book, f"linear_cross_entropy_{ending}/{label}", f,
                    {"dy_in": real(4, 2), **inputs}, 3, tolerance=(1e-12, 2e-5), **settings)


def blocks(book):
    """More rows, and more classes, than the kernels take at once; a training plan; far logits."""
    def loss(x, weight, bias, labels):
        return F.cross_entropy(F.linear(x, weight, bias), labels)
    for label, rows, classes, width, training in (("rows", 130, 3, 1, 0), ("classes", 2, 514, 1, 0),
                                                  ("training", 3, 4, 2, 1)):
        labels = given([(classes - 1 - 5 * i) % classes for i in range(rows)])
        function(book, f"linear_cross_entropy/{label}", loss,
                 {"x": real(rows, width), "weight": real(classes, width), "bias": real(classes),
                  "labels": labels}, **({"training": 1} if training else {}))
    far = {"x": given([[800.0, 0.5], [-90.0, 30.0]]), "labels": given([1, 0]),
           "weight": given([[1.0, 0.25], [-1.0, 0.5], [0.5, 2.0]]), "bias": real(3)}
    function(book, "linear_cross_entropy/far", lambda x, t, w, b: loss(x, w, b, t), far)


# ---- samplers ------------------------------------------------------------------------------------


def log_q(sampler, ids, classes, counts=None, power=0.75):
    k = ids.double()
    if sampler == "uniform":
        return torch.full_like(k, 1 / classes).log()
    if sampler == "unigram":
        q = torch.tensor(counts, dtype=k.dtype) ** power
        return (q / q.sum()).log()[ids]
    q = torch.log1p(1 / (k + 1)) / torch.tensor(classes + 1.0, dtype=k.dtype).log()
    return q.log()


KINDS = 7
COUNTS = [9.0, 4.0, 0.5, 1.0, 2.0, 6.0, 1.0]
# label: the sampler, what its maker is given, what the builder is told
SAMPLERS = {
    "log_uniform": ("log_uniform", {}, {}),
    "uniform": ("uniform", {}, {}),
    "unigram": ("unigram", {"counts": COUNTS}, {"counts": COUNTS}),
    "unigram_1": ("unigram", {"counts": COUNTS, "power": 1}, {"counts": COUNTS, "power": 1}),
}


def samplers(book):
    for label, (kind, how, settings) in SAMPLERS.items():
        for shape, asked in (("vector", [0, 6, 3, 3, 1]), ("matrix", [[2, 5], [4, 0]])):
            function(book, f"sampler_log_q/{label}_{shape}",
                     lambda i, k=kind, how=how: log_q(k, i, KINDS, **how), {"ids": given(asked)},
                     classes=KINDS, **{kind: 1}, **settings)
    for kind in ("log_uniform", "uniform"):
        function(book, f"sampler_log_q/{kind}_many", lambda i, k=kind: log_q(k, i, 10 ** 6),
                 {"ids": given([0, 999, 999999])}, classes=10 ** 6, **{kind: 1})
    # Written to files, and so no infinity.
    function(book, "sampler_log_q/never", lambda i: torch.full(i.shape, -1e30, dtype=torch.float64),
             {"ids": given([1])}, classes=3, unigram=1, counts=[2.0, 0.0, 1.0])


# ---- losses over draws ---------------------------------------------------------------------------


def scores(x, weight, bias):
    """Of all classes, for one row."""
    return F.linear(x, weight, None if bias is None else bias[:, 0])


def each_row(loss, sampler, removed):
    """loss(scores [classes], log(S q) [classes], label, draws) of each row, its hits removed."""
    kind, how, _ = SAMPLERS[sampler]

    def f(x, weight, labels, drawn, bias=None):
        classes = len(weight)
        expected = log_q(kind, torch.arange(classes), classes, **how) + torch.tensor(
            float(len(drawn)), dtype=x.dtype).log()
        found = []
        for row, label in zip(x, labels.tolist()):
            others = [y for y in drawn.tolist() if not removed or y != label]
            found.append(loss(scores(row, weight, bias), expected, label, others))
        return torch.stack(found)
    return f


def sampled_softmax(way):
    """Bengio & Senecal 2008. The way: "", "uncorrected" or "label_corrected"."""
    def f(s, expected, label, others):
        own = s[[label]] - (expected[[label]] if way == "label_corrected" else 0)
        rest = s[others] - (0 if way == "uncorrected" else expected[others])
        return F.cross_entropy(torch.cat([own, rest])[None], torch.tensor([0]))
    return f


def told_apart(corrected):
    """Logistic regression: the label is a yes, each draw a no."""
    def f(s, expected, label, others):
        d = s - expected if corrected else s
        answers = torch.tensor([1.0] + [0.0] * len(others), dtype=s.dtype)
        return F.binary_cross_entropy_with_logits(d[[label] + others], answers, reduction="sum")
    return f


LOSSES = {
    "sampled_softmax_loss": (sampled_softmax(""), True),
    "noise_contrastive_loss": (told_apart(True), False),
    "negative_sampling_loss": (told_apart(False), True),
}


def draws(labels=(2, 0, 3, 6), drawn=(0, 5, 3, 0, 1), bias=True):
    return {"x": real(len(labels), 2), "weight": real(KINDS, 2), "labels": given(list(labels)),
            "drawn": given(list(drawn)), **({"bias": real(KINDS, 1)} if bias else {})}


def told(sampler, hits):
    kind, _, settings = SAMPLERS[sampler]
    return {kind: 1, **settings, hits: 1}


def sampled_losses(book, order=1, prefix=""):
    for name, (loss, removes) in LOSSES.items():
        for sampler in SAMPLERS if order == 1 else ("unigram",):
            weighted(book, f"{name}/{prefix}{sampler}", each_row(loss, sampler, removes), draws(),
                     order, **told(sampler, "by_loss"))
        for hits in ("removed", "kept"):
            sampler = "log_uniform" if hits == "kept" else "unigram"
            function(book, f"{name}/{prefix}{hits}",
                     lambda *x, f=each_row(loss, sampler, hits == "removed"): f(*x).mean(), draws(),
                     order=order, **told(sampler, hits))
    for way in ("uncorrected", "label_corrected"):
        for hits in ("removed", "kept"):
            weighted(book, f"sampled_softmax_loss/{prefix}{way}_{hits}",
                     each_row(sampled_softmax(way), "unigram", hits == "removed"), draws(), order,
                     **{way: 1}, **told("unigram", hits))
    if order == 1:
        odd_draws(book)


def odd_draws(book):
    """Without a bias; with the sampler that is there where none is asked for; one draw; draws that
    all are hits, in some rows and in all."""
    for name, (loss, removes) in LOSSES.items():
        def mean(*x, loss=loss, removes=removes):
            return each_row(loss, "log_uniform", removes)(*x).mean()
        usual = told("log_uniform", "by_loss")
        function(book, f"{name}/no_bias", mean, draws(bias=False), **usual)
        function(book, f"{name}/usual_sampler", mean, draws(), usual_sampler=1, **usual)
        function(book, f"{name}/one_draw", mean, draws(drawn=(5,)), **usual)
        function(book, f"{name}/some_all_hits", mean, draws(labels=(4, 2, 4), drawn=(4, 4)),
                 **usual)
        function(book, f"{name}/all_hits", mean, draws(labels=(4, 4), drawn=(4, 4)), **usual)
