# SPDX-License-Identifier: MIT
"""Cases of losses."""

import torch
import torch.nn.functional as F

from book import function, generator, given, gradients, positive, real

# ---- cross-entropy, and what else has no weights for rows ----------------------------------------

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


# ---- losses with weights for rows ----------------------------------------------------------------
# They are all a number for each element and one mean. PyTorch's reductions know no weights for
# rows, so where a case has some the mean is written out, over PyTorch's numbers for the elements.


def mean(elements, weights=None):
    if weights is None:
        return elements.mean()
    return (elements.reshape(len(elements), -1).mean(1) * weights).sum() / weights.sum()


def weighted(book, name, elements, inputs, order=1, fixed=(), **settings):
    """elements(*inputs) is the loss before its mean. A case with weights for rows, and one without;
    they move too, but for a loss in which no one asks for that."""
    rows = len(next(iter(inputs.values()))(generator(name)))
    function(book, name, lambda *x: mean(elements(*x)), inputs, order=order, fixed=fixed,
             **settings)
    function(book, f"{name}_weights", lambda *x: mean(elements(*x[:-1]), x[-1]),
             {**inputs, "weights": positive(rows)}, order=order, fixed=fixed, **settings)


def softmax_focal(gamma):
    """Lin et al. 2017; PyTorch has none."""
    def f(logits, labels):
        log_p = F.log_softmax(logits, -1).gather(-1, labels[:, None])[:, 0]
        return -(1 - log_p.exp()) ** gamma * log_p
    return f


def focal_losses(book, order=1, label=""):
    """`order` and `label` for the gradients of gradients."""
    inputs = {"logits": real(5, CLASSES), "labels": given([2, 0, 3, 3, 1])}
    for gamma in (0, 0.5, 2) if order == 1 else (2,):
        f = softmax_focal(gamma)
        weighted(book, f"focal_loss/{label}{gamma}", f, inputs, order, gamma=gamma)
        # Each class's weight counts above and below the line, as in cross_entropy.
        function(book, f"focal_loss/{label}{gamma}_class_weights",
                 lambda x, t, w, f=f: mean(f(x, t), w[t]),
                 {**inputs, "class_weights": positive(CLASSES)}, order=order,
                 fixed=("class_weights",), gamma=gamma)
        function(book, f"focal_loss/{label}{gamma}_both_weights",
                 lambda x, t, w, v, f=f: mean(f(x, t), w[t] * v),
                 {**inputs, "class_weights": positive(CLASSES), "weights": positive(5)},
                 order=order, fixed=("class_weights",), gamma=gamma)


def binary_focal(gamma, alpha):
    """torchvision.ops.sigmoid_focal_loss, which is no part of PyTorch itself, as it is defined."""
    def f(logits, targets):
        p = torch.sigmoid(logits)
        right = p * targets + (1 - p) * (1 - targets)
        loss = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
        loss = loss * (1 - right) ** gamma
        return loss if alpha == 0 else loss * (alpha * targets + (1 - alpha) * (1 - targets))
    return f


YES_NO = [[1.0, 0.0, 1.0], [0.0, 0.0, 1.0], [1.0, 1.0, 0.0], [0.0, 1.0, 0.0]]


def yes_and_no(book, order=1, label=""):
    """Of hard targets the gradient is never asked: fixed."""
    fixed = ("targets",)
    hard = {"logits": real(4, 3, low=-4, high=4), "targets": given(YES_NO)}
    soft = {"logits": real(4, 3, low=-4, high=4), "targets": real(4, 3, low=0, high=1)}
    for gamma, alpha in ((2, 0.25), (0, 0), (0.5, 0), (1.5, 0.75))[:4 if order == 1 else 1]:
        weighted(book, f"binary_focal_loss/{label}{gamma}_{alpha}", binary_focal(gamma, alpha),
                 hard, order, fixed, gamma=gamma, alpha=alpha)

    def plain(x, t, p=None):
        return F.binary_cross_entropy_with_logits(x, t, pos_weight=p, reduction="none")
    weighted(book, f"binary_cross_entropy_with/{label}soft", plain, soft, order, fixed)
    for name, size in (("scalar", ()), ("labels", (3,))):
        weighted(book, f"binary_cross_entropy_with/{label}positive_{name}", plain,
                 {**soft, "positive_weight": positive(*size)}, order,
                 fixed + ("positive_weight",))
    weighted(book, f"multi_label_loss/{label}hard", lambda x, t:
             F.multilabel_soft_margin_loss(x, t, reduction="none"), hard, order, fixed)


def quantile(share):
    """Pinball loss (Koenker & Bassett 1978); PyTorch has none."""
    return lambda x, t: torch.maximum(share * (t - x), (share - 1) * (t - x))


def numbers(book, order=1, label=""):
    for shape_label, shape in (("vector", (5,)), ("matrix", (4, 3))):
        inputs = {"prediction": real(*shape), "target": real(*shape)}
        weighted(book, f"mean_absolute_error/{label}{shape_label}",
                 lambda x, t: F.l1_loss(x, t, reduction="none"), inputs, order)
        for delta in (0.4, 1, 10) if order == 1 and shape_label == "vector" else (0.7,):
            weighted(book, f"huber_loss/{label}{shape_label}_{delta}", lambda x, t, d=delta:
                     F.huber_loss(x, t, reduction="none", delta=d), inputs, order, delta=delta)
        for share in (0.1, 0.5, 0.9) if order == 1 and shape_label == "vector" else (0.3,):
            weighted(book, f"quantile_loss/{label}{shape_label}_{share}", quantile(share), inputs,
                     order, quantile=share)
        if order == 2:
            return
    weighted(book, "weighted_mean/cube", lambda x: x, {"elements": real(3, 2, 2)})


def divergence(mean_p, log_var_p, mean_q=None, log_var_q=None):
    p = torch.distributions.Normal(mean_p, (log_var_p / 2).exp())
    zero = torch.zeros_like(mean_p)
    q = torch.distributions.Normal(zero if mean_q is None else mean_q,
                                   (zero if log_var_q is None else log_var_q / 2).exp())
    return torch.distributions.kl_divergence(p, q).sum(-1)


def distributions(book, order=1, label=""):
    for shape_label, shape in (("matrix", (4, 3)), ("cube", (3, 2, 2))):
        p = {"mean_p": real(*shape), "log_var_p": real(*shape)}
        q = {"mean_q": real(*shape), "log_var_q": real(*shape)}
        weighted(book, f"gaussian_kl/{label}{shape_label}", divergence, {**p, **q}, order)
        weighted(book, f"gaussian_kl/{label}standard_{shape_label}", divergence, p, order)
        if order == 2:
            return


def own_loss(book, order=1, label=""):
    def bread(baked, wanted):
        e = baked - wanted
        return (e ** 2 / (e ** 2 + 1) * torch.where(e < 0, -4 * e, e)).mean()
    for shape_label, shape in (("vector", (6,)), ("matrix", (3, 4))):
        function(book, f"own_loss/{label}{shape_label}", bread,
                 {"baked": real(*shape), "wanted": real(*shape)}, order=order)
