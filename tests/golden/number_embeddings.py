# SPDX-License-Identifier: MIT
"""Cases of numbers as vectors: the formulas of Gorishniy, Rubachev & Babenko 2022, of PyTorch's
tensors, which has no such layers."""

import math

import torch
import torch.nn.functional as F

from book import function, given, gradients, real

# ---- the piecewise linear encoding ---------------------------------------------------------------

# The first feature has three bins, the second one, the third two.
EDGES = [[0.0, 1.0, 3.0, 4.0], [-0.5, 1.5, 1.5, 1.5], [-1.0, -0.75, 2.0, 2.0]]


def bins_of(x, edges):
    """One feature's numbers [...] -> [..., bins], by the paper's equation (1)."""
    count = len(torch.unique(edges)) - 1
    y = []
    for t in range(len(edges) - 1):
        if t >= count:
            y.append(torch.zeros_like(x))
            continue
        low, high = edges[t], edges[t + 1]
        part = (x - low) / (high - low)
        if t > 0:
            part = torch.where(x < low, torch.zeros_like(x), part)
        if t < count - 1:
            part = torch.where(x >= high, torch.ones_like(x), part)
        y.append(part)
    return torch.stack(y, -1)


def encoded(x, edges):
    return torch.stack([bins_of(x[..., f], row) for f, row in enumerate(edges)], -2)


def slopes(x, edges):
    """How much each bin grows with x: one gradient for each bin."""
    x = x.detach().requires_grad_()
    y = encoded(x, edges)
    return torch.stack([gradients(y[..., t], [x], torch.ones_like(x))[0].detach()
                        for t in range(y.shape[-1])], -1)


def bin_ids(x, edges):
    """The bin that each number lies in, as torch.bucketize has it; those of a feature follow those
    of the one before."""
    ids = [torch.bucketize(x[..., f].contiguous(), torch.unique(row)[1:-1], right=True)
           + f * (len(row) - 1) for f, row in enumerate(edges)]
    return torch.stack(ids, -1)


# Where the bins begin and end, below the first and above the last; "somewhere" is within bins, too.
ON_EDGES = [[0.0, -0.5, -1.0], [1.0, 1.5, -0.75], [3.0, 0.5, 2.0], [4.0, 1.5, -0.75]]
OUTSIDE = [[-2.0, -3.5, -1.5], [6.0, 2.5, 4.0]]


def encodings(book):
    numbers = {"vector": real(3), "matrix": real(5, 3, low=-2, high=5), "cube": real(2, 2, 3),
               "on_edges": given(ON_EDGES), "outside": given(OUTSIDE)}
    for label, recipe in numbers.items():
        inputs = {"x": recipe, "edges": given(EDGES)}
        function(book, f"piecewise_linear/{label}", encoded, inputs, fixed=("edges",))
        function(book, f"piecewise_linear_slope/{label}", slopes, inputs, fixed=("x", "edges"))
        function(book, f"number_ids/{label}", bin_ids, inputs, fixed=("x", "edges"))
    function(book, "piecewise_linear/one_bin", encoded,
             {"x": real(4, 1), "edges": given([[-1.0, 0.25]])}, fixed=("edges",))
    for label in ("matrix", "on_edges"):
        function(book, f"piecewise_linear_layer/{label}", lambda x: encoded(x, torch.tensor(
            EDGES, dtype=x.dtype)), {"x": numbers[label]}, edges=sum(EDGES, []))
    fitted(book)


def quantiles(columns, wanted):
    """Edges at the quantiles: those of numpy.quantile and of torch's; equal ones are one edge."""
    rows = [torch.unique(torch.nanquantile(column, torch.linspace(
        0, 1, wanted + 1, dtype=column.dtype))).tolist() for column in columns.T]
    most = max(map(len, rows))
    return torch.tensor([row + row[-1:] * (most - len(row)) for row in rows], dtype=columns.dtype)


def fitted(book):
    """Bins that are fitted to columns of numbers, one of which has a hole, and one few numbers."""
    columns = [[0.5, 1.0, 2.0], [3.25, 1.0, 1.5], [-1.75, 2.0, math.nan], [0.125, 1.0, -3.0],
               [2.5, 1.0, 0.25], [8.0, 1.0, 0.5], [-0.5, 2.0, 4.0]]
    for wanted in (1, 2, 4, 5):
        edges = quantiles(torch.tensor(columns, dtype=torch.float64), wanted)
        function(book, f"piecewise_linear_fit/{wanted}", lambda x, e=edges: encoded(x, e),
                 {"x": real(3, 3, low=-3, high=4)}, columns=sum(columns, []), wanted=wanted)
    binned(book, columns)


def halves(columns, wanted):
    """Edges halfway between the numbers of a column, where there are no more than are wanted."""
    rows = []
    for column in columns.T:
        numbers = torch.unique(column[~column.isnan()])
        inner = (numbers[1:] + numbers[:-1]) / 2
        few = len(numbers) <= wanted
        rows.append(torch.cat([numbers[:1], inner, numbers[-1:]]).tolist() if few else
                    quantiles(column[:, None], wanted)[0].tolist())
    most = max(map(len, rows))
    return torch.tensor([row + row[-1:] * (most - len(row)) for row in rows], dtype=columns.dtype)


def binned(book, columns):
    """A vector for each bin; few numbers have one each."""
    for wanted in (1, 2, 5, 6, 7):
        edges = halves(torch.tensor(columns, dtype=torch.float64), wanted)
        function(book, f"binned_embedding/{wanted}",
                 lambda x, w, e=edges: w[bin_ids(x, e.to(x.dtype))],
                 {"x": real(4, 3, low=-3, high=4), "fc.weight": real(3 * (edges.shape[1] - 1), 2)},
                 fixed=("x",), columns=sum(columns, []), wanted=wanted)


# ---- waves, and layers by feature ----------------------------------------------------------------


def periodic(x, frequency):
    angle = 2 * math.pi * torch.einsum("bf,fk->bfk", x, frequency)
    return torch.cat([angle.sin(), angle.cos()], -1)


def by_feature(x, weight, bias):
    return torch.einsum("bfi,fio->bfo", x, weight) + bias


def linear_numbers(x, weight, bias):
    return torch.einsum("bf,fo->bfo", x, weight) + bias


def waves_of(features, count):
    return {"waves.frequency": real(features, count, low=-1, high=1)}


def layers(book, order=1, label=""):
    for name, (rows, features, inside, width) in {
            "matrix": (4, 3, 2, 2), "one_row": (1, 2, 3, 2), "one_feature": (3, 1, 2, 4),
            "width_one": (3, 2, 1, 1)}.items():
        x = {"x": real(rows, features)}
        own = {"fc.weight": real(features, inside, width), "fc.bias": real(features, width)}
        function(book, f"periodic/{label}{name}", periodic,
                 {**x, "fc.frequency": real(features, inside, low=-1, high=1)}, order=order)
        function(book, f"dense_by_feature/{label}{name}", by_feature,
                 {"x": real(rows, features, inside), **own}, order=order)
        function(book, f"linear_numbers/{label}{name}", linear_numbers,
                 {**x, "fc.weight": real(features, width), "fc.bias": real(features, width)},
                 order=order)
        if order == 2:
            break
    whole(book, order, label)


def whole(book, order, label):
    """Two layers and an activation, by the paper's names."""
    x, edges = {"x": real(3, 3, low=-2, high=4)}, torch.tensor(EDGES, dtype=torch.float64)
    function(book, f"numbers/{label}plr", lambda x, c, w, b:
             torch.relu(by_feature(periodic(x, c), w, b)),
             {**x, **waves_of(3, 2), "fc.weight": real(3, 4, 2), "fc.bias": real(3, 2)},
             order=order)
    function(book, f"numbers/{label}plr_lite", lambda x, c, w, b:
             torch.relu(F.linear(periodic(x, c), w, b)),
             {**x, **waves_of(3, 2), "fc.weight": real(2, 4), "fc.bias": real(2)}, order=order,
             lite=1)
    function(book, f"numbers/{label}ple_lr", lambda x, w, b:
             torch.relu(by_feature(encoded(x, edges), w, b)),
             {**x, "fc.weight": real(3, 3, 2), "fc.bias": real(3, 2)}, order=order,
             edges=sum(EDGES, []))
