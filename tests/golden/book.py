# SPDX-License-Identifier: MIT
"""What cases are made of: recipes for numbers, the book that holds the cases of one file, and the
case of a function with its derivatives."""

import random
import zlib

import torch

DIGITS = 14  # fewer than a double has: the last ones differ from machine to machine

# ---- numbers to begin with -----------------------------------------------------------------------
# Multiples of 1/256: exact in float too, so that both builds start from the same numbers. They
# depend on the case's name alone: a new case changes no other one.


def real(*shape, low=-2.0, high=2.0):
    """A recipe: numbers of this shape, between low and high."""
    def draw(rng):
        count = torch.Size(shape).numel()
        numbers = [rng.randint(int(low * 256), int(high * 256)) / 256 for _ in range(count)]
        return torch.tensor(numbers, dtype=torch.float64).reshape(shape)
    return draw


def positive(*shape):
    return real(*shape, low=0.25, high=4.0)


def ids(*shape, rows):
    def draw(rng):
        count = torch.Size(shape).numel()
        return torch.tensor([rng.randrange(rows) for _ in range(count)]).reshape(shape)
    return draw


def given(numbers):
    """These numbers: integers are ids."""
    tensor = torch.tensor(numbers)
    return lambda rng: tensor.double() if tensor.is_floating_point() else tensor.clone()


# ---- a file of cases -----------------------------------------------------------------------------


class Book:
    """One file: its title, its tolerances in the double and in the float build, its cases."""

    def __init__(self, name, title, double, single):
        self.name = name
        self.lines = [f"# grove's golden numbers: {title}",
                      f"# Made by make_golden.py with PyTorch {torch.__version__}; see README.md.",
                      f"tolerance {double:g} {single:g}"]
        self.names = set()

    def begin(self, name, settings, tolerance=None):
        if name in self.names:
            raise ValueError(f"two cases are called {name}")
        self.names.add(name)
        self.lines += ["", f"case {name}"]
        if tolerance:
            self.lines.append(f"tolerance {tolerance[0]:g} {tolerance[1]:g}")
        for key, value in settings.items():
            values = value if isinstance(value, (list, tuple)) else [value]
            self.lines.append(" ".join(["set", key] + [f"{float(v):.{DIGITS}g}" for v in values]))

    def put(self, kind, name, tensor):
        shape = "x".join(map(str, tensor.shape)) or "-"
        flat = tensor.detach().reshape(-1).tolist()
        # + 0.0: a zero has no sign, which is left to chance in sums.
        numbers = [str(v) if isinstance(v, int) else f"{v + 0.0:.{DIGITS}g}" for v in flat]
        self.lines.append(" ".join([kind, name, shape] + numbers))

    def put_leaf(self, name, tensor):
        """A name with a dot is that of a layer's parameter; the others are inputs."""
        kind = "param" if "." in name else "real" if tensor.is_floating_point() else "ids"
        self.put(kind, name, tensor)

    def end(self):
        self.lines.append("end")

    def text(self):
        return "\n".join(self.lines) + "\n"


def generator(*names):
    return random.Random(zlib.crc32("/".join(names).encode()))


# ---- functions: a value, its gradients, and theirs -----------------------------------------------


def gradients(y, x, dy):
    """Those of sum(y * dy); zeros where y does not depend on an x."""
    found = [None] * len(x)
    if x and y.requires_grad:
        found = torch.autograd.grad(y, x, dy, create_graph=True, allow_unused=True)
    # Some of torch's zeros have no numbers until they are added to something.
    return [torch.zeros_like(t) + (0 if g is None else g) for t, g in zip(x, found)]


def function(book, name, f, inputs, order=1, fixed=(), tolerance=None, **settings):
    """y = f(*inputs); for a given dy the gradient of each real input that is not fixed; and in
    second order, for given v, the gradients of the sum of all sum(gradient * v), also that of dy.
    `inputs`: recipes by name. `settings` are for the C side alone."""
    book.begin(name, settings, tolerance)
    leaves = {key: recipe(generator(name, key)) for key, recipe in inputs.items()}
    moving = [key for key, t in leaves.items() if t.is_floating_point() and key not in fixed]
    for key in moving:
        leaves[key].requires_grad_()
    y = f(*leaves.values())
    for key, tensor in leaves.items():
        book.put_leaf(key, tensor)
    dy = real(*y.shape)(generator(name, "dy")).requires_grad_()
    x = [leaves[key] for key in moving]
    dx = gradients(y, x, dy)
    if moving:
        book.put("real", "dy", dy)
    if order == 2:
        v = [real(*t.shape)(generator(name, key, "v")) for key, t in zip(moving, x)]
        total = sum((g * w).sum() for g, w in zip(dx, v))
        for key, tensor in zip(moving, v):
            book.put("real", f"v_{key}", tensor)
        for key, tensor in zip(moving + ["dy"], gradients(total, x + [dy], None)):
            book.put("want", f"{key}.grad2", tensor)
    book.put("want", "y", y)
    for key, tensor in zip(moving, dx):
        book.put("want", f"{key}.grad", tensor)
    book.end()
