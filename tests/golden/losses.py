# SPDX-License-Identifier: MIT
"""Cases of losses and layers, and of the gradients of gradients."""

import torch
import torch.nn.functional as F

from book import function, given, gradients, positive, real
from ops import ELEMENTWISE, IDS, matmul

# ---- losses --------------------------------------------------------------------------------------

CLASSES = 4


def cross_entropy(reduction, ignored, smoothing):
    def f(logits, labels, weights=None):
        return F.cross_entropy(logits, labels, weights, reduction=reduction,
                               ignore_index=-100 if ignored is None else ignored,
                               label_smoothing=smoothing)
    return f


def combinations():
    """All ways to weigh, ignore and smooth; each with its name and settings."""
    for weighted in (False, True):
        for ignored in (None, -1, 3):
            for smoothing in (0, 0.1, 0.6):
                label = "_".join(filter(None, [weighted and "weights",
                                               ignored is not None and f"ignore_{ignored}",
                                               smoothing and f"smooth_{smoothing}"])) or "plain"
                settings = {} if ignored is None else {"ignored": ignored}
                if smoothing:
                    settings["smoothing"] = smoothing
                yield label, weighted, ignored, smoothing, settings


def cross_entropies(book):
    for label, weighted, ignored, smoothing, settings in combinations():
        options = (ignored, smoothing)
        labels = given([2, 0, 3, -1, 1, 3] if ignored == -1 else [2, 0, 3, 3, 1, 0])
        inputs = {"logits": real(6, CLASSES), "labels": labels}
        inputs.update({"weights": positive(CLASSES)} if weighted else {})
        rows = cross_entropy("none", *options)
        function(book, f"cross_entropy_rows/{label}", rows, inputs, fixed=("weights",), **settings)
        function(book, f"cross_entropy/{label}", cross_entropy("mean", *options), inputs,
                 fixed=("weights",), **settings)

        def slope(dy, logits, labels, *weights, rows=rows):
            return gradients(rows(logits, labels, *weights), [logits], dy)[0]
        function(book, f"cross_entropy_gradient/{label}", slope, {"dy_in": real(6), **inputs},
                 fixed=("weights",), **settings)
    far = given([[800.0, 0.0, -800.0], [-90.0, 30.0, 10.0]])
    function(book, "cross_entropy/far", cross_entropy("mean", None, 0),
             {"logits": far, "labels": given([1, 0])})
    function(book, "cross_entropy/sure", cross_entropy("mean", None, 0),
             {"logits": given([[14.0, 0.0, -2.0]]), "labels": given([0])}, fixed=("logits",))
    function(book, "cross_entropy/one_row", cross_entropy("mean", None, 0),
             {"logits": real(1, 3), "labels": given([1]), "weights": positive(3)},
             fixed=("weights",))
    label_weights(book)


def label_weights(book):
    def weigh(ignored):
        def f(labels, weights=torch.ones(CLASSES, dtype=torch.float64)):
            counted = torch.ones_like(labels) if ignored is None else labels != ignored
            return weights[labels.clamp(min=0)] * counted
        return f
    for weighted in (False, True):
        for ignored in (None, -1, 2):
            labels = [2, 0, 3, 1] + ([-1] if ignored == -1 else [])
            inputs = {"labels": given(labels)}
            inputs.update({"weights": positive(CLASSES)} if weighted else {})
            function(book, f"label_weights/{'weights' if weighted else 'ones'}_ignore_{ignored}",
                     weigh(ignored), inputs, fixed=("weights",), classes=CLASSES,
                     **({} if ignored is None else {"ignored": ignored}))


def other_losses(book):
    """Binary cross-entropy and the squared error, element by element and as a mean."""
    # PyTorch's loss is linear in the target, whose gradient is minus the logit.
    for label, shape in (("vector", (5,)), ("matrix", (3, 4))):
        inputs = {"logits": real(*shape, low=-4, high=4), "targets": real(*shape, low=0, high=1)}
        for reduction, name in (("none", "binary_cross_entropy_elements"),
                                ("mean", "binary_cross_entropy")):
            function(book, f"{name}/{label}", lambda x, t, r=reduction:
                     F.binary_cross_entropy_with_logits(x, t, reduction=r), inputs)
    hard = {"logits": given([-40.0, -3.0, 0.0, 2.0, 40.0, 90.0]),
            "targets": given([0.0, 1.0, 1.0, 0.0, 1.0, 0.0])}
    function(book, "binary_cross_entropy_elements/hard", lambda x, t:
             F.binary_cross_entropy_with_logits(x, t, reduction="none"), hard, fixed=("targets",))
    # PyTorch 1.13 adds exp(-14) to 1 before it takes the logarithm, and so is wrong by 2e-10 here;
    # grove agrees with 5.68715323548737336786e-7, computed with 40 digits.
    function(book, "binary_cross_entropy/sure", F.binary_cross_entropy_with_logits,
             {"logits": given([14.0, -15.0]), "targets": given([1.0, 0.0])},
             fixed=("logits", "targets"), tolerance=(1e-9, 2e-6))
    for label, shape in (("vector", (5,)), ("matrix", (3, 4)), ("cube", (2, 2, 3))):
        function(book, f"mean_squared_error/{label}", F.mse_loss,
                 {"prediction": real(*shape), "target": real(*shape)})


# ---- layers --------------------------------------------------------------------------------------


def layers(book):
    for label, shape in (("matrix", (5, 3)), ("cube", (2, 4, 3)), ("deep", (2, 2, 2, 3))):
        x, weight, bias = real(*shape), real(4, 3), real(4)
        function(book, f"dense/{label}", F.linear, {"x": x, "fc.weight": weight, "fc.bias": bias})
        function(book, f"dense/{label}_no_bias", F.linear, {"x": x, "fc.weight": weight}, no_bias=1)
    function(book, "dense/one_unit", F.linear,
             {"x": real(4, 3), "fc.weight": real(1, 3), "fc.bias": real(1)})
    function(book, "dense/relu", lambda x, w, b: torch.relu(F.linear(x, w, b)),
             {"x": real(6, 5), "fc.weight": real(7, 5), "fc.bias": real(7)}, relu=1)
    for label, recipe in IDS.items():
        function(book, f"embedding_layer/{label}", lambda i, w: F.embedding(i, w),
                 {"ids": recipe, "fc.weight": real(6, 3)})


# ---- gradients of gradients ----------------------------------------------------------------------


def second_order(book):
    for name, recipe, f, settings in ELEMENTWISE:
        function(book, f"{name}/second", f, {"x": recipe(3, 4)}, order=2, **settings)
    for exponent in (-1, 0.5, 2, 3):
        function(book, f"pow/second_{exponent}", lambda x, e=exponent: torch.pow(x, e),
                 {"x": positive(3, 4)}, order=2, exponent=exponent)
    function(book, "mul/second", torch.mul, {"a": real(3, 4), "b": real(4)}, order=2)
    function(book, "div/second", torch.div, {"a": real(3, 4), "b": positive(4)}, order=2)
    for ta, tb in ((0, 0), (0, 1), (1, 0), (1, 1)):
        matmul(book, f"matmul/second_{ta}{tb}", (), (), 3, 4, 2, ta, tb, order=2)
    matmul(book, "matmul/second_batched", (2,), (2,), 3, 2, 2, 0, 0, order=2)
    function(book, "mean/second", lambda x: torch.mean(x, 1), {"x": real(3, 4)}, order=2, axes=(1,))
    function(book, "max/second", lambda x: torch.amax(x, 1), {"x": real(3, 4)}, order=2, axes=(1,))
    for name, f in (("softmax", F.softmax), ("log_softmax", F.log_softmax)):
        function(book, f"{name}/second", lambda x, f=f: f(x, -1), {"x": real(3, 4)}, order=2)
    function(book, "embedding/second", lambda w, i: F.embedding(i, w),
             {"table": real(6, 3), "ids": given([2, 0, 2])}, order=2)
    for label, weighted, ignored, smoothing, settings in combinations():
        if ignored == 3:
            continue
        inputs = {"logits": real(3, CLASSES),
                  "labels": given([2, -1 if ignored == -1 else 0, 3])}
        inputs.update({"weights": positive(CLASSES)} if weighted else {})
        function(book, f"cross_entropy/second_{label}",
                 cross_entropy("mean", ignored, smoothing), inputs, order=2,
                 fixed=("weights",), **settings)
    function(book, "binary_cross_entropy/second", F.binary_cross_entropy_with_logits,
             {"logits": real(5), "targets": real(5, low=0, high=1)}, order=2, fixed=("targets",))
    function(book, "mean_squared_error/second", F.mse_loss,
             {"prediction": real(3, 4), "target": real(3, 4)}, order=2)
    function(book, "dense/second", F.linear,
             {"x": real(5, 3), "fc.weight": real(4, 3), "fc.bias": real(4)}, order=2)
