# SPDX-License-Identifier: MIT
"""Cases of ops: elementwise, products, reductions, form, softmax."""

import torch
import torch.nn.functional as F

from book import function, given, gradients, positive, real

# ---- element by element --------------------------------------------------------------------------

SHAPES = {"scalar": (), "vector": (7,), "matrix": (3, 5), "cube": (2, 3, 4)}


def gradient_of(f):
    """The op that is f's adjoint, as a function of dy and x."""
    return lambda dy, x: gradients(f(x), [x], dy)[0]


def leaky(slope):
    return lambda x: F.leaky_relu(x, slope)


# name, recipe of x, function, settings
ELEMENTWISE = [
    ("neg", real, torch.neg, {}),
    ("abs", real, torch.abs, {}),
    ("exp", real, torch.exp, {}),
    ("log", positive, torch.log, {}),
    ("sqrt", positive, torch.sqrt, {}),
    ("relu", real, torch.relu, {}),
    ("tanh", real, torch.tanh, {}),
    ("sigmoid", real, torch.sigmoid, {}),
    ("gelu", real, F.gelu, {}),
    ("softplus", real, F.softplus, {}),
    ("leaky_relu", real, leaky(0.2), {"slope": 0.2}),
    ("scale", real, lambda x: -0.7 * x, {"factor": -0.7}),
    ("shift", real, lambda x: x + 1.3, {"number": 1.3}),
    ("maximum", real, lambda x: torch.clamp(x, min=0.3), {"number": 0.3}),
    ("clip", real, lambda x: torch.clamp(x, -0.7, 0.9), {"low": -0.7, "high": 0.9}),
    ("cos", real, torch.cos, {}),
    ("sin", real, torch.sin, {}),
]


def elementwise(book):
    for name, recipe, f, settings in ELEMENTWISE:
        for label, shape in SHAPES.items():
            function(book, f"{name}/{label}", f, {"x": recipe(*shape)}, **settings)
    for slope in (0.01, 0.9):
        function(book, f"leaky_relu/slope_{slope}", leaky(slope), {"x": real(3, 5)}, slope=slope)
    for exponent in (-1, -0.5, 0, 0.5, 1, 1.5, 2, 3):
        function(book, f"pow/{exponent}", lambda x, e=exponent: torch.pow(x, e),
                 {"x": positive(3, 5)}, exponent=exponent)
    for exponent in (0, 1, 2, 3, -2):
        x = given([-2.5, -1.0, -0.25, 0.5, 2.0] + ([0.0] if exponent >= 0 else []))
        function(book, f"pow/signed_{exponent}", lambda x, e=exponent: torch.pow(x, e), {"x": x},
                 exponent=exponent)
    edges(book)
    adjoints(book)


def edges(book):
    """Far out, at zero, and where results are small: each number there is held to the largest of
    its tensor, so the small ones have cases of their own."""
    zero = given([0.0, -1.0, 1.0])
    for name, f in (("abs", torch.abs), ("relu", torch.relu)):
        function(book, f"{name}/zero", f, {"x": zero})
    function(book, "leaky_relu/zero", leaky(0.2), {"x": zero}, slope=0.2)
    far = given([-700.0, -90.0, -40.0, -12.0, 0.25, 12.0, 40.0, 90.0, 700.0])
    low = given([-8.0, -10.0, -13.5, -20.0])
    for name, f in (("tanh", torch.tanh), ("sigmoid", torch.sigmoid), ("gelu", F.gelu)):
        function(book, f"{name}/far", f, {"x": far})
    # PyTorch's softplus is x from its threshold of 20 on; grove has none, so nor has this one.
    function(book, "softplus/far", lambda x: F.softplus(x, threshold=800), {"x": far})
    for name, f in (("sigmoid", torch.sigmoid), ("softplus", F.softplus), ("exp", torch.exp)):
        for number in (-8.0, -13.5, -20.0):
            function(book, f"{name}/small_{-number:g}", f, {"x": given([number])})
        function(book, f"{name}/low", f, {"x": low})
    function(book, "tanh/small", torch.tanh, {"x": given([0.0009765625, -0.00390625])})
    for name, f in (("cos", torch.cos), ("sin", torch.sin)):
        function(book, f"{name}/far", f, {"x": given([-1000.25, -31.5, 12.0, 100.0, 20000.0])})
    function(book, "sin/small", torch.sin, {"x": given([0.0009765625, -0.00390625])})
    function(book, "clip/one_number", lambda x: torch.clamp(x, 0.5, 0.5), {"x": real(3, 5)},
             low=0.5, high=0.5)
    function(book, "log/near_one", torch.log, {"x": given([0.99609375, 1.00390625, 1.0])})


def adjoints(book):
    """Ops that stand for a slope."""
    plain = {"x": real(3, 5)}
    both = {"dy_in": real(3, 5), "x": real(3, 5)}
    function(book, "sign/matrix", torch.sign, plain)
    function(book, "sign/zero", torch.sign, {"x": given([0.0, -0.5, 2.0])})
    function(book, "above/matrix", lambda x: (x > 0.3).double(), plain, number=0.3)
    function(book, "floor/matrix", torch.floor, plain)
    function(book, "floor/whole", torch.floor, {"x": given([-2.0, -1.5, -0.00390625, 0.0, 3.0])})
    choice = {"training": real(3, 5), "inference": real(3, 5)}
    function(book, "when_training/inside", lambda a, b: a, choice, training=1)
    function(book, "when_training/outside", lambda a, b: b, choice)
    function(book, "stop_gradient/matrix", lambda x: x * x.detach(), plain)
    function(book, "dropout/out_of_training", lambda x: F.dropout(x, 0.4, training=False), plain,
             probability=0.4)
    for name, f, settings in (("relu", torch.relu, {}), ("gelu", F.gelu, {}),
                              ("leaky_relu", leaky(0.2), {"slope": 0.2})):
        function(book, f"{name}_gradient/matrix", gradient_of(f), both, **settings)
    # These two are functions of the output y, not of x.
    y = {"dy_in": real(3, 5), "y_in": real(3, 5, low=0.05, high=0.95)}
    function(book, "tanh_gradient/matrix", torch.ops.aten.tanh_backward, y)
    function(book, "sigmoid_gradient/matrix", torch.ops.aten.sigmoid_backward, y)


def arithmetic(book):
    shapes = {"same": ((3, 4), (3, 4)), "row": ((3, 4), (4,)), "row_first": ((4,), (3, 4)),
              "scalar": ((2, 3), ()), "scalar_first": ((), (2, 3)), "scalars": ((), ()),
              "matrix": ((2, 3, 4), (3, 4)), "deep_row": ((2, 3, 4), (4,))}
    for name, f in (("add", torch.add), ("sub", torch.sub), ("mul", torch.mul), ("div", torch.div)):
        for label, (a, b) in shapes.items():
            recipe = positive if name == "div" else real
            function(book, f"{name}/{label}", f, {"a": real(*a), "b": recipe(*b)})


# ---- products, reductions, form ------------------------------------------------------------------


def product(ta, tb):
    def f(a, b):
        return torch.matmul(a.transpose(-1, -2) if ta else a, b.transpose(-1, -2) if tb else b)
    return f


def matmul(book, name, lead_a, lead_b, m, k, n, ta, tb, order=1):
    a = lead_a + ((k, m) if ta else (m, k))
    b = lead_b + ((n, k) if tb else (k, n))
    function(book, name, product(ta, tb), {"a": real(*a), "b": real(*b)}, order=order,
             transpose_a=ta, transpose_b=tb)


def products(book):
    leading = {"plain": ((), ()), "batched": ((2,), (2,)), "shared": ((3,), ()),
               "deep": ((2, 3), (2, 3)), "deep_shared": ((2, 2), ())}
    for label, (a, b) in leading.items():
        # One matrix for all is not for a transposed a: grove sees it as one tall matrix.
        for ta, tb in ((0, 0), (0, 1), (1, 0), (1, 1))[:4 if a == b else 2]:
            name = f"matmul/{label}_{'t' if ta else 'n'}{'t' if tb else 'n'}"
            matmul(book, name, a, b, 3, 4, 2, ta, tb)
    for m, k, n in ((1, 5, 4), (4, 1, 3), (5, 3, 1), (1, 1, 1), (9, 11, 10)):
        matmul(book, f"matmul/{m}_{k}_{n}", (), (), m, k, n, 0, 1)


# shape, axes; no axes at all are all of them
REDUCED = {"vector": ((6,), ()), "last_of_one": ((6,), (0,)), "all": ((2, 3, 4), ()),
           "first": ((2, 3, 4), (0,)), "middle": ((2, 3, 4), (1,)), "last": ((2, 3, 4), (2,)),
           "minus_one": ((2, 3, 4), (-1,)), "first_two": ((2, 3, 4), (0, 1)),
           "outer": ((2, 3, 4), (0, 2)), "last_two": ((2, 3, 4), (1, 2)),
           "minus_two_and_last": ((2, 3, 4), (-2, 2)), "each": ((2, 3, 4), (0, 1, 2)),
           "one_of_four": ((2, 3, 2, 3), (2,)), "two_of_four": ((2, 3, 2, 3), (0, 2)),
           "three_of_four": ((2, 3, 2, 3), (0, 1, 3)), "of_size_one": ((3, 1, 4), (1,))}


def every(shape, axes):
    return axes or tuple(range(len(shape)))


def repeated(shape, axes, shared):
    """x stretched over new axes, to `shape`; and shared among its copies."""
    def f(x):
        for axis in sorted(a % len(shape) for a in axes):
            x = x.unsqueeze(axis)
        copies = 1
        for axis in axes:
            copies *= shape[axis]
        return x.expand(shape) / (copies if shared else 1)
    return f


def reductions(book):
    for label, (shape, axes) in REDUCED.items():
        dims = every(shape, axes)
        for name, f in (("sum", torch.sum), ("mean", torch.mean), ("max", torch.amax)):
            function(book, f"{name}/{label}", lambda x, f=f, dims=dims: f(x, dim=dims),
                     {"x": real(*shape)}, axes=axes)
    for label in ("vector", "first", "outer", "minus_one", "each", "two_of_four"):
        shape, axes = REDUCED[label]
        dims = every(shape, axes)
        left = [d for i, d in enumerate(shape) if i not in [a % len(shape) for a in dims]]
        for name in ("broadcast", "spread"):
            function(book, f"{name}/{label}", repeated(shape, dims, name == "spread"),
                     {"x": real(*left)}, axes=axes, shape=shape)
    function(book, "sum/of_nothing", torch.sum, {"x": real(0, 3)}, axes=())
    ties(book)


def ties(book):
    equals = given([[1.0, 2.0, 2.0, -1.0], [3.0, 3.0, 3.0, 3.0], [0.5, -0.5, 0.25, 0.0]])
    for label, axes in (("rows", (1,)), ("columns", (0,)), ("all", ())):
        def largest(x, dims=every((3, 4), axes)):
            return torch.amax(x, dim=dims)
        function(book, f"max/ties_{label}", largest, {"x": equals}, axes=axes)

        def shares(x):
            x = x.detach().requires_grad_()
            y = largest(x)
            return gradients(y, [x], torch.ones_like(y))[0].detach()
        function(book, f"is_max/{label}", shares, {"x": equals}, axes=axes)


def embed_part(shape, axis, begin):
    """Zeros of the shape, x in them from `begin` on."""
    def f(x):
        after = shape[axis] - begin - x.shape[axis]
        pads = [0, 0] * (len(shape) - 1 - axis % len(shape)) + [begin, after]
        return F.pad(x, pads)
    return f


def form(book):
    for label, old, new in (("flat", (2, 3, 4), (24,)), ("fold", (12,), (3, 4)),
                            ("join", (2, 3, 4), (6, 4)), ("scalar", (1, 1), ())):
        function(book, f"reshape/{label}", lambda x, new=new: x.reshape(new), {"x": real(*old)},
                 shape=new)
    for axes in ((0, 1), (1, 0), (0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0),
                 (0, 2, 1, 3), (3, 1, 0, 2), (1, 3, 2, 0)):
        label = "".join(map(str, axes))
        function(book, f"transpose/{label}", lambda x, axes=axes: x.permute(axes),
                 {"x": real(*(2, 3, 4, 2)[:len(axes)])}, axes=axes)
    joined = {"rows": (0, [(2, 3), (1, 3), (4, 3)]), "columns": (1, [(2, 3), (2, 1)]),
              "minus_one": (-1, [(2, 2, 3), (2, 2, 2), (2, 2, 1)]),
              "middle": (1, [(2, 1, 3), (2, 2, 3)]), "vectors": (0, [(2,), (3,), (1,), (2,)]),
              "one": (0, [(2, 3)])}
    for label, (axis, shapes) in joined.items():
        function(book, f"concat/{label}", lambda *x, axis=axis: torch.cat(x, axis),
                 {f"x{i}": real(*shape) for i, shape in enumerate(shapes)}, axis=axis)
    parts = {"rows": ((5, 3), 0, 1, 2), "columns": ((3, 5), 1, 2, 3), "last": ((2, 3, 4), -1, 3, 1),
             "middle": ((2, 5, 3), 1, 0, 2), "whole": ((3, 4), 0, 0, 3), "vector": ((7,), 0, 2, 4)}
    for label, (shape, axis, begin, size) in parts.items():
        function(book, f"slice/{label}", lambda x, a=(axis, begin, size): torch.narrow(x, *a),
                 {"x": real(*shape)}, axis=axis, begin=begin, size=size)
        part = list(shape)
        part[axis] = size
        function(book, f"pad/{label}", embed_part(shape, axis, begin), {"x": real(*part)},
                 axis=axis, begin=begin, size=shape[axis])


def parts(book):
    """The first rows, of reals and of ids; and what broadcasting repeated, added up again."""
    for label, shape, rows in (("matrix", (4, 3), 2), ("vector", (5,), 4), ("cube", (3, 2, 2), 1),
                               ("all", (3, 2), 3)):
        function(book, f"first_rows/{label}", lambda x, n=rows: x[:n], {"x": real(*shape)},
                 rows=rows)
    function(book, "first_rows/ids", lambda x: x[:2], {"x": given([4, 7, 5])}, rows=2)
    function(book, "first_rows/none_of_ids", lambda x: x[:0], {"x": given([4, 7])}, rows=0)
    for label, shape, repeated in (("rows", (3,), (4, 3)), ("cube", (2, 3), (4, 2, 3)),
                                   ("scalar", (), (2, 3)), ("same", (2, 2), (2, 2))):
        function(book, f"sum_to/{label}", lambda x, y: x.sum_to_size(y.shape),
                 {"repeated": real(*repeated), "x": real(*shape)}, fixed=("x",))


# ---- softmax -------------------------------------------------------------------------------------


def softmaxes(book):
    shapes = {"vector": real(4), "matrix": real(3, 5), "cube": real(2, 3, 4),
              "one_class": real(3, 1), "equal": given([[1.5, 1.5, 1.5]]),
              "far": given([[800.0, -800.0, 0.0], [-700.0, -701.0, -702.5], [0.0, 30.0, 60.0]]),
              "shifted": given([[10000.0, 10001.0, 9998.5]])}
    for label, recipe in shapes.items():
        for name, f in (("softmax", F.softmax), ("log_softmax", F.log_softmax)):
            function(book, f"{name}/{label}", lambda x, f=f: f(x, dim=-1), {"x": recipe})
    # The logarithm of a probability that is almost 1, and one that is small.
    function(book, "log_softmax/almost_sure", lambda x: F.log_softmax(x, -1)[:, :1],
             {"x": given([[12.0, -3.0, 0.5]])}, fixed=("x",), axis=1, begin=0, size=1)
    function(book, "softmax/small", lambda x: F.softmax(x, -1)[:, 1:],
             {"x": given([[12.0, -3.0, 0.5]])}, axis=1, begin=1, size=2)
