# SPDX-License-Identifier: MIT
"""Cases of layers: dense, lookup, normalization, recurrence, places in time."""

import torch
import torch.nn.functional as F

from book import function, given, positive, real
from embeddings import IDS

# ---- dense, lookup -------------------------------------------------------------------------------


def dense(book):
    for label, shape in (("matrix", (5, 3)), ("cube", (2, 4, 3)), ("deep", (2, 2, 2, 3))):
        x, weight, bias = real(*shape), real(4, 3), real(4)
        function(book, f"dense/{label}", F.linear, {"x": x, "fc.weight": weight, "fc.bias": bias})
        function(book, f"dense/{label}_no_bias", F.linear, {"x": x, "fc.weight": weight}, no_bias=1)
    function(book, "dense/one_unit", F.linear,
             {"x": real(4, 3), "fc.weight": real(1, 3), "fc.bias": real(1)})
    function(book, "dense/relu", lambda x, w, b: torch.relu(F.linear(x, w, b)),
             {"x": real(6, 5), "fc.weight": real(7, 5), "fc.bias": real(7)}, relu=1)
    # The layer's weight is the table that its input was looked up in.
    function(book, "dense/tied", lambda i, w, bias: F.linear(F.embedding(i, w), w, bias),
             {"ids": given([4, 0, 4]), "table.weight": real(5, 3), "fc.bias": real(5)})
    function(book, "dense/tied_no_bias", lambda i, w: F.linear(F.embedding(i, w), w),
             {"ids": given([[1, 3], [0, 1]]), "table.weight": real(4, 2)}, no_bias=1)
    for label, recipe in IDS.items():
        function(book, f"embedding_layer/{label}", lambda i, w: F.embedding(i, w),
                 {"ids": recipe, "fc.weight": real(6, 3)})
    for label, shape in (("matrix", (4, 3)), ("cube", (2, 2, 3))):
        function(book, f"residual/{label}", lambda x, w, b: x + torch.tanh(F.linear(x, w, b)),
                 {"x": real(*shape), "fc.weight": real(3, 3), "fc.bias": real(3)})


# ---- normalization -------------------------------------------------------------------------------


def layer_norm(epsilon):
    return lambda x, w, b: F.layer_norm(x, x.shape[-1:], w, b, eps=epsilon)


def batch_norm(epsilon):
    """In training: by the batch's own mean and variance."""
    def f(x, w, b):
        rows = x.reshape(-1, x.shape[-1])
        return F.batch_norm(rows, None, None, w, b, training=True, eps=epsilon).reshape(x.shape)
    return f


def known_norm(epsilon):
    """Outside: by the running ones."""
    def f(x, w, b, mean, variance):
        rows = x.reshape(-1, x.shape[-1])
        return F.batch_norm(rows, mean, variance, w, b, eps=epsilon).reshape(x.shape)
    return f


def learned(width):
    return {"fc.weight": real(width), "fc.bias": real(width)}


def normalization(book):
    shapes = {"matrix": (5, 4), "cube": (2, 3, 4), "deep": (2, 2, 2, 3)}
    for label, shape in shapes.items():
        inputs = {"x": real(*shape), **learned(shape[-1])}
        known = {"fc.running_mean": real(shape[-1]), "fc.running_var": positive(shape[-1])}
        for ending, epsilon in (("", 1e-5), ("_epsilon", 0.25))[:2 if label == "matrix" else 1]:
            settings = {"epsilon": epsilon} if ending else {}
            function(book, f"layer_norm/{label}{ending}", layer_norm(epsilon), inputs, **settings)
            function(book, f"batch_norm/training_{label}{ending}", batch_norm(epsilon), inputs,
                     training=1, **settings)
            function(book, f"batch_norm/outside_{label}{ending}", known_norm(epsilon),
                     {**inputs, **known}, fixed=tuple(known), **settings)
    # Without a spread epsilon is all there is: an epsilon that is wrong by a billionth shows. In
    # float the rounding of the mean counts as much as it.
    flat = given([[1.0, 1.0, 1.0], [0.5, 0.5, 0.50390625]])
    function(book, "layer_norm/hardly_any_spread", layer_norm(1e-5), {"x": flat, **learned(3)},
             tolerance=(1e-12, 5e-5))
    function(book, "layer_norm/vector", layer_norm(1e-5), {"x": real(6), **learned(6)})
    function(book, "layer_norm/width_one", layer_norm(1e-5), {"x": real(4, 1), **learned(1)})
    function(book, "layer_norm/wide", layer_norm(1e-5), {"x": real(2, 37), **learned(37)})
    function(book, "batch_norm/three_rows", batch_norm(1e-5), {"x": real(3, 3), **learned(3)},
             training=1)


# ---- places in time ------------------------------------------------------------------------------


def waves(x):
    """Vaswani et al. 2017; PyTorch has none."""
    time, width = x.shape[1:]
    place = torch.arange(time, dtype=x.dtype)[:, None]
    pair = torch.arange(width) // 2 * 2
    angle = place / 10000 ** (pair.to(x.dtype) / width)
    return x + torch.where(torch.arange(width) % 2 == 0, angle.sin(), angle.cos())


def places(book):
    for label, shape in (("even", (2, 5, 4)), ("odd", (2, 3, 5)), ("one", (3, 1, 2))):
        function(book, f"position_embedding/{label}", torch.add,
                 {"x": real(*shape), "fc.weight": real(*shape[1:])})
        function(book, f"position_waves/{label}", waves, {"x": real(*shape)})


# ---- recurrence ----------------------------------------------------------------------------------


def gru(last=False, own_first=False):
    """torch.gru is what torch.nn.GRU calls, with parameters of that layout."""
    def f(x, *more):
        first, weights = (more[0], more[1:]) if own_first else (None, more)
        if first is None:
            first = torch.zeros(len(x), weights[1].shape[1], dtype=x.dtype)
        y, h = torch.gru(x, first[None], list(weights), True, 1, 0.0, False, False, True)
        return h[0] if last else y
    return f


def gates(inputs, units):
    return {"fc.weight_ih_l0": real(3 * units, inputs, low=-1, high=1),
            "fc.weight_hh_l0": real(3 * units, units, low=-1, high=1),
            "fc.bias_ih_l0": real(3 * units), "fc.bias_hh_l0": real(3 * units)}


def recurrence(book):
    for label, batch, time, inputs, units in (("plain", 2, 4, 3, 2), ("one_place", 3, 1, 2, 3),
                                              ("one_unit", 2, 3, 2, 1), ("long", 1, 9, 1, 2)):
        x, first = {"x": real(batch, time, inputs)}, {"first": real(batch, units)}
        own = gates(inputs, units)
        function(book, f"gru/{label}", gru(), {**x, **own})
        function(book, f"gru/{label}_first_last", gru(True, True), {**x, **first, **own}, last=1)
        if label == "plain":
            function(book, f"gru/{label}_first", gru(own_first=True), {**x, **first, **own})
            function(book, f"gru/{label}_last", gru(last=True), {**x, **own}, last=1)


# ---- gradients of gradients ----------------------------------------------------------------------


def second_order(book):
    normal = {"x": real(3, 3), **learned(3)}
    known = {"fc.running_mean": real(3), "fc.running_var": positive(3)}
    function(book, "layer_norm/second", layer_norm(1e-5), normal, order=2)
    function(book, "batch_norm/second_training", batch_norm(1e-5), normal, order=2, training=1)
    function(book, "batch_norm/second_outside", known_norm(1e-5), {**normal, **known}, order=2,
             fixed=tuple(known))
    function(book, "residual/second", lambda x, w, b: x + torch.tanh(F.linear(x, w, b)),
             {"x": real(3, 2), "fc.weight": real(2, 2), "fc.bias": real(2)}, order=2)
    function(book, "dense/second_tied",
             lambda i, w, bias: F.linear(torch.tanh(F.embedding(i, w)), w, bias),
             {"ids": given([2, 0, 2]), "table.weight": real(3, 2), "fc.bias": real(3)}, order=2,
             tanh=1)
    function(book, "gru/second", gru(own_first=True),
             {"x": real(2, 3, 2), "first": real(2, 2), **gates(2, 2)}, order=2)
