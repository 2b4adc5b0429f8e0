# SPDX-License-Identifier: MIT
"""What a case of an optimizer is made of: parameters that are handed a gradient in each step."""

import torch
import torch.nn.functional as F

from book import generator, real

STEPS = 20
ROWS = 7
DENSE = (3, 4)
SMALL = (2, 3)  # of all cases but the plain ones


def resting_ids(rng, steps):
    """Four rows for each of 20 steps. Row 0 is met at the ends, row 1 twice, row 6 never; the
    others often, and some twice in one step. Of more steps: one row each, row 0 and 1 for long not.
    """
    if steps > STEPS:
        rare = {0: 0, 1: 1, steps // 3: 1, steps - 20: 0, steps - 1: 0}
        return torch.tensor([[rare.get(t, 2 + rng.randrange(4))] for t in range(steps)])
    met_in = []
    for t in range(STEPS):
        met = [2 + rng.randrange(4) for _ in range(4)]
        met[0] = 0 if t in (0, 1, STEPS - 1) else met[0]
        met[1] = 1 if t in (0, 11) else met[1]
        met_in.append(met)
    return torch.tensor(met_in)


def gradient_steps(name, size, steps, shape):
    """Each step's gradient, from -2 to 2 times size; in the third and fourth it is zero. After 20
    steps they come round again."""
    g = (real(min(steps, STEPS), *shape)(generator(name, "g")) * 8).round() / 8 * size
    g[2:4] = 0
    return g


class Tensor:
    """A parameter, dense or a table of rows, and the gradients that are handed to it.

    `form` of a table: "exact", PyTorch gets the dense gradient; "sparse", it gets row-sparse ones;
    "lazy", each row is a parameter of its own, which has no gradient where it rests: so PyTorch
    passes it by, moments and all."""

    def __init__(self, case, name, shape, size, steps, form=None):
        rng = generator(case, name)
        self.name, self.form = name, form
        value = real(*((ROWS, 2) if form else shape))(rng)
        self.leaves = [torch.nn.Parameter(part) for part in (value if form == "lazy" else [value])]
        self.ids = resting_ids(rng, steps) if form else None
        shape = (self.ids.shape[1], 2) if form else shape
        self.g = gradient_steps(case + name, size, steps, shape)
        self.begin = value.clone()
        self.seen, self.path = [], []

    def value(self):
        return torch.stack(list(self.leaves)) if self.form == "lazy" else self.leaves[0]

    def loss(self, t):
        """Its gradient is g[t], or g[t] scattered into the rows."""
        if self.ids is None:
            return (self.value() * self.g[t % STEPS]).sum()
        rows = F.embedding(self.ids[t], self.value(), sparse=self.form == "sparse")
        self.seen.append(rows.detach().clone())
        return (rows * self.g[t % STEPS]).sum()

    def shape_gradient(self, t, frozen):
        """What is done to it before the optimizer sees it."""
        for row, leaf in enumerate(self.leaves if self.form == "lazy" else []):
            leaf.grad = leaf.grad if row in self.ids[t] else None
        for row in frozen:
            self.leaves[0].grad[row] = 0

    def remember(self):
        self.path.append(self.value().detach().clone())

    def put_leaves(self, book):
        book.put("param", self.name, self.begin)
        book.put("real", f"{self.name}_g", self.g)
        if self.ids is not None:
            book.put("ids", f"{self.name}_ids", self.ids)

    def put_wants(self, book, exact):
        """In grove's exact row form rows that rest are behind until they are met or settled, so
        only looked-up rows and the end can be compared; else the parameter after some steps."""
        if self.ids is not None:
            pace = 4 if len(self.seen) == STEPS else 20
            book.put("want", f"{self.name}_rows.each", torch.stack(self.seen[pace - 1::pace]))
        if not exact:
            book.put("want", f"{self.name}.path", torch.stack(self.path[3::4]))
        book.put("want", self.name, self.value())


class Average:
    """A running average of all parameters, as torch.optim.swa_utils keeps it. It begins where they
    stand before the first step."""

    def __init__(self, tensors, decay):
        self.names = [tensor.name for tensor in tensors]
        self.model = torch.nn.ParameterList([tensor.leaves[0] for tensor in tensors])
        self.averaged = torch.optim.swa_utils.AveragedModel(
            self.model, avg_fn=lambda average, w, n: decay * average + (1 - decay) * w)
        self.update()

    def update(self):
        self.averaged.update_parameters(self.model)

    def put_wants(self, book):
        for name, average in zip(self.names, self.averaged.parameters()):
            book.put("want", f"{name}.average", average)


def update(book, name, make, shape=SMALL, dense=1, biases=0, tables=0, form="exact", clip=0,
           clip_value=0, size=1, rates=None, schedule=None, average=0, frozen=(), steps=STEPS,
           tolerance=None, **settings):
    """An optimizer over given gradients, one for each step. `make` gets the list of parameters;
    `form` is that of tables; `rates` are set from outside, `schedule` makes a scheduler of the
    optimizer; `frozen` are rows of the first table."""
    asked = {"clip_norm": clip, "clip_value": clip_value, "average": average, "t0_frozen": frozen}
    settings = {"steps": steps, **settings, **{k: v for k, v in asked.items() if v}}
    book.begin(name, settings, tolerance)
    tensors = [Tensor(name, f"w{i}", shape, size, steps) for i in range(dense)]
    tensors += [Tensor(name, f"b{i}", shape[-1:], size, steps) for i in range(biases)]
    tensors += [Tensor(name, f"t{i}", shape, size, steps, form) for i in range(tables)]
    for tensor in tensors:
        tensor.put_leaves(book)
    if rates is not None:
        book.put("state", "rate", torch.tensor(rates, dtype=torch.float64))
    values = [leaf for tensor in tensors for leaf in tensor.leaves]
    optimizer = make(values)
    scheduler = schedule(optimizer) if schedule else None
    kept = Average(tensors, average) if average else None
    seen_rates = []
    for t in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = group["lr"] if rates is None else rates[t]
        seen_rates.append(optimizer.param_groups[0]["lr"])
        optimizer.zero_grad()
        sum(tensor.loss(t) for tensor in tensors).backward()
        for tensor in tensors:
            tensor.shape_gradient(t, frozen if tensor.name == "t0" else ())
        if clip_value:
            torch.nn.utils.clip_grad_value_(values, clip_value)
        if clip:
            torch.nn.utils.clip_grad_norm_(values, clip)
        optimizer.step()
        if scheduler:
            scheduler.step()
        if kept:
            kept.update()
        for tensor in tensors:
            tensor.remember()
    for tensor in tensors:
        tensor.put_wants(book, exact=tables > 0 and form == "exact")
    if kept:
        kept.put_wants(book)
    if scheduler:
        pace = 1 if steps == STEPS else 20
        book.put("want", "optimizer.rate.each",
                 torch.tensor(seen_rates[pace - 1::pace], dtype=torch.float64))
    book.end()
