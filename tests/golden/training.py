# SPDX-License-Identifier: MIT
"""Cases of training: optimizers step by step, and the curves of small models."""

import torch
import torch.nn.functional as F

from book import generator, ids, real

# ---- optimizers ----------------------------------------------------------------------------------

STEPS = 20
ROWS = 7


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
    """Each step's gradient, from -2 to 2 times size; in the third and fourth it is zero."""
    g = real(steps, *shape)(generator(name, "g")) * size
    g[2:4] = 0
    return g


class Tensor:
    """A parameter, dense or a table of rows, and the gradients that are handed to it."""

    def __init__(self, case, name, size, steps, by_rows, sparse):
        rng = generator(case, name)
        self.name, self.sparse = name, sparse
        self.value = real(*((ROWS, 2) if by_rows else (3, 4)))(rng).requires_grad_()
        self.ids = resting_ids(rng, steps) if by_rows else None
        shape = (self.ids.shape[1], 2) if by_rows else (3, 4)
        self.g = gradient_steps(case + name, size, steps, shape)
        self.seen, self.path = [], []

    def loss(self, t):
        """Its gradient is g[t], or g[t] scattered into the rows."""
        if self.ids is None:
            return (self.value * self.g[t]).sum()
        rows = F.embedding(self.ids[t], self.value, sparse=self.sparse)
        self.seen.append(rows.detach().clone())
        return (rows * self.g[t]).sum()

    def remember(self):
        self.path.append(self.value.detach().clone())

    def put_leaves(self, book):
        book.put("param", self.name, self.value)
        book.put("real", f"{self.name}_g", self.g)
        if self.ids is not None:
            book.put("ids", f"{self.name}_ids", self.ids)

    def put_wants(self, book, exact):
        """In grove's exact row form rows that rest are behind until they are met or settled, so
        only looked-up rows and the end can be compared; else the parameter after each step."""
        if self.ids is not None:
            book.put("want", f"{self.name}_rows.each", torch.stack(self.seen))
        if not exact:
            book.put("want", f"{self.name}.path", torch.stack(self.path))
        book.put("want", self.name, self.value)


def update(book, name, make, dense=1, tables=0, sparse=False, clip=0, size=1, rates=None,
           steps=STEPS, tolerance=None, **settings):
    """An optimizer over given gradients, one for each step. `make` gets the list of parameters;
    `sparse`: torch itself gets row-sparse gradients."""
    settings = {"steps": steps, **settings, **({"clip_norm": clip} if clip else {})}
    book.begin(name, settings, tolerance)
    tensors = [Tensor(name, f"w{i}", size, steps, False, False) for i in range(dense)]
    tensors += [Tensor(name, f"t{i}", size, steps, True, sparse) for i in range(tables)]
    for tensor in tensors:
        tensor.put_leaves(book)
    if rates is not None:
        book.put("state", "rate", torch.tensor(rates, dtype=torch.float64))
    values = [tensor.value for tensor in tensors]
    optimizer = make(values)
    for t in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = group["lr"] if rates is None else rates[t]
        optimizer.zero_grad()
        sum(tensor.loss(t) for tensor in tensors).backward()
        if clip:
            torch.nn.utils.clip_grad_norm_(values, clip)
        optimizer.step()
        for tensor in tensors:
            tensor.remember()
    for tensor in tensors:
        tensor.put_wants(book, exact=tables > 0 and not sparse)
    book.end()


# kind, name, torch's arguments, grove's
SETTINGS = [
    ("sgd", "plain", {"lr": 0.125}, {"rate": 0.125}),
    ("sgd", "decay", {"lr": 0.1, "weight_decay": 0.05}, {"rate": 0.1, "decay": 0.05}),
    ("sgd", "momentum", {"lr": 0.1, "momentum": 0.9}, {"rate": 0.1, "momentum": 0.9}),
    ("sgd", "momentum_decay", {"lr": 0.05, "momentum": 0.5, "weight_decay": 0.1},
     {"rate": 0.05, "momentum": 0.5, "decay": 0.1}),
    ("sgd", "nesterov", {"lr": 0.1, "momentum": 0.8, "nesterov": True},
     {"rate": 0.1, "momentum": 0.8, "nesterov": 1}),
    ("sgd", "nesterov_decay", {"lr": 0.1, "momentum": 0.8, "nesterov": True, "weight_decay": 0.02},
     {"rate": 0.1, "momentum": 0.8, "nesterov": 1, "decay": 0.02}),
    ("adam", "plain", {"lr": 0.05}, {"rate": 0.05}),
    ("adam", "betas", {"lr": 0.05, "betas": (0.7, 0.95)},
     {"rate": 0.05, "beta1": 0.7, "beta2": 0.95}),
    ("adam", "epsilon", {"lr": 0.1, "eps": 0.1}, {"rate": 0.1, "epsilon": 0.1}),
    ("adam", "decay", {"lr": 0.05, "weight_decay": 0.1}, {"rate": 0.05, "decay": 0.1}),
    ("adamw", "plain", {"lr": 0.05}, {"rate": 0.05}),
    ("adamw", "decay", {"lr": 0.05, "weight_decay": 0.2}, {"rate": 0.05, "decay": 0.2}),
    ("adamw", "betas", {"lr": 0.05, "betas": (0.8, 0.9), "eps": 1e-3, "weight_decay": 0.1},
     {"rate": 0.05, "beta1": 0.8, "beta2": 0.9, "epsilon": 1e-3, "decay": 0.1}),
    ("adagrad", "plain", {"lr": 0.3}, {"rate": 0.3}),
    ("adagrad", "epsilon", {"lr": 0.3, "eps": 0.05}, {"rate": 0.3, "epsilon": 0.05}),
    ("adagrad", "decay", {"lr": 0.2, "weight_decay": 0.1}, {"rate": 0.2, "decay": 0.1}),
]
TORCH = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW,
         "adagrad": torch.optim.Adagrad}


def optimizers(book):
    for kind, label, theirs, ours in SETTINGS:
        def make(values, kind=kind, theirs=theirs):
            return TORCH[kind](values, **theirs)
        settings = {kind: 1, **ours}
        update(book, f"update/{kind}_{label}", make, **settings)
        # Of resting rows grove refuses the coupled decay in these two: it has no closed form.
        if (kind, label) not in (("adagrad", "decay"), ("adam", "decay")):
            update(book, f"update/{kind}_{label}_rows", make, dense=0, tables=1, **settings)
    update(book, "update/adam_many", lambda v: torch.optim.Adam(v, lr=0.05), dense=2, tables=2,
           adam=1, rate=0.05)
    # Rests so long that grove catches up in one go: the whole rest is one formula. In float 600
    # roundings of a decay add up.
    long = {"dense": 0, "tables": 1, "steps": 600, "tolerance": (1e-12, 4e-5)}
    update(book, "update/adam_long_rest", lambda v: torch.optim.Adam(v, lr=0.01), **long, adam=1,
           rate=0.01)
    update(book, "update/adamw_long_rest", lambda v: torch.optim.AdamW(
        v, lr=0.01, weight_decay=0.1), **long, adamw=1, rate=0.01, decay=0.1)
    update(book, "update/nesterov_long_rest", lambda v: torch.optim.SGD(
        v, lr=0.02, momentum=0.9, nesterov=True, weight_decay=0.01), **long, sgd=1, rate=0.02,
           momentum=0.9, nesterov=1, decay=0.01)
    sparse_updates(book)
    clipped_updates(book)
    update(book, "update/sgd_own_rate", lambda v: torch.optim.SGD(
        [{"params": v[:1]}, {"params": v[1:], "lr": 0.3}], lr=0.1, momentum=0.5), dense=2, sgd=1,
           rate=0.1, momentum=0.5, w1_rate=3)
    update(book, "update/adam_own_rate_rows", lambda v: torch.optim.Adam(
        [{"params": v[:1]}, {"params": v[1:], "lr": 0.02}], lr=0.1), dense=0, tables=2, adam=1,
           rate=0.1, t1_rate=0.2)
    rates = [0.25 * 0.9 ** t for t in range(STEPS)]
    update(book, "update/sgd_scheduled", lambda v: torch.optim.SGD(v, lr=1, momentum=0.9), sgd=1,
           momentum=0.9, rates=rates)
    update(book, "update/adam_scheduled", lambda v: torch.optim.Adam(v, lr=1), adam=1, rates=rates)


def sparse_updates(book):
    """torch's own row-sparse gradients, against grove's rows. Its SparseAdam adds epsilon to the
    uncorrected sqrt(v), its Adam and grove to the corrected one; so with a vanishing epsilon they
    are to be equal, and with the usual one they differ by epsilon / (|g| sqrt(1 - beta2^t))."""
    rows = {"dense": 0, "tables": 1, "sparse": True, "lazy": 1}
    tiny = 1e-30
    for label, betas in (("plain", (0.9, 0.999)), ("betas", (0.7, 0.95)), ("slow", (0.95, 0.9))):
        update(book, f"update/sparse_adam_{label}",
               lambda v, b=betas: torch.optim.SparseAdam(v, lr=0.05, betas=b, eps=tiny), **rows,
               adam=1, rate=0.05, epsilon=tiny, beta1=betas[0], beta2=betas[1])
    update(book, "update/sparse_adam_usual_epsilon",
           lambda v: torch.optim.SparseAdam(v, lr=0.05), **rows, tolerance=(1e-5, 2e-5),
           adam=1, rate=0.05)
    for label, rate in (("plain", 0.125), ("fast", 0.9), ("slow", 0.01)):
        update(book, f"update/sparse_sgd_{label}",
               lambda v, rate=rate: torch.optim.SGD(v, lr=rate), **rows, sgd=1, rate=rate)
    for label, eps in (("plain", 1e-10), ("epsilon", 0.05), ("large", 1.0)):
        update(book, f"update/sparse_adagrad_{label}",
               lambda v, eps=eps: torch.optim.Adagrad(v, lr=0.3, eps=eps), **rows,
               adagrad=1, rate=0.3, epsilon=eps)


def clipped_updates(book):
    """clip_grad_norm_ divides by norm + 1e-6, grove by norm: a difference of 1e-6 / norm. Gradients
    around 2^24 put it below the file's tolerance; ordinary ones get one of their own."""
    def sgd(rate):
        return lambda v: torch.optim.SGD(v, lr=rate)
    both = {"dense": 1, "tables": 1}
    large = {"size": 2.0 ** 24, "clip": 2.0 ** 22}
    update(book, "update/clipped_large", sgd(2.0 ** -20), sgd=1, rate=2.0 ** -20, **large)
    update(book, "update/clipped_large_both", sgd(2.0 ** -20), **both, sgd=1, rate=2.0 ** -20,
           **large)
    update(book, "update/clipped_large_rows", sgd(2.0 ** -20), dense=0, tables=1, sgd=1,
           rate=2.0 ** -20, **large)
    update(book, "update/clipped", sgd(0.1), **both, clip=2.5, sgd=1, rate=0.1,
           tolerance=(1e-6, 1e-5))
    update(book, "update/clipped_now_and_then", sgd(0.1), **both, clip=6.5, sgd=1, rate=0.1,
           tolerance=(1e-6, 1e-5))
    update(book, "update/clipped_never", sgd(0.1), **both, clip=1000, sgd=1, rate=0.1)
    update(book, "update/clipped_adam", lambda v: torch.optim.Adam(v, lr=0.05), **both, clip=2.5,
           adam=1, rate=0.05, tolerance=(1e-6, 1e-5))


# ---- training curves -----------------------------------------------------------------------------


def weights(*shape):
    return real(*shape, low=-0.5, high=0.5)


def curve(book, name, model, make, parameters, data, steps=30, **settings):
    """`steps` steps of a model, over batches that come round again: the loss of each step, and the
    parameters at the end. parameters, data: recipes by name; of data the first axis is the batch's
    number. model(p, d) -> loss."""
    book.begin(name, {"steps": steps, **settings})
    p = {key: recipe(generator(name, key)) for key, recipe in parameters.items()}
    d = {key: recipe(generator(name, key)) for key, recipe in data.items()}
    for key, tensor in {**p, **d}.items():
        book.put_leaf(key, tensor)
    for tensor in p.values():
        tensor.requires_grad_()
    optimizer, losses = make(list(p.values())), []
    for t in range(steps):
        optimizer.zero_grad()
        loss = model(p, {key: tensor[t % len(tensor)] for key, tensor in d.items()})
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    book.put("want", "loss.each", torch.stack(losses))
    for key, tensor in p.items():
        book.put("want", key, tensor)
    book.end()


def linear(p, name, x):
    return F.linear(x, p[f"{name}.weight"], p[f"{name}.bias"])


def dense(name, inputs, units):
    return {f"{name}.weight": weights(units, inputs), f"{name}.bias": weights(units)}


def mlp(p, d):
    hidden = torch.relu(linear(p, "hidden", d["x"]))
    return F.cross_entropy(linear(p, "out", hidden), d["labels"])


def lookup(p, d):
    vectors = F.embedding(d["species"], p["species.weight"])
    hidden = F.gelu(linear(p, "hidden", torch.cat([vectors, d["x"]], 1)))
    return F.binary_cross_entropy_with_logits(linear(p, "out", hidden), d["targets"])


def characters(p, d):
    vectors = F.embedding(d["context"], p["letters.weight"])
    hidden = torch.tanh(linear(p, "hidden", vectors.reshape(len(vectors), -1)))
    return F.cross_entropy(linear(p, "out", hidden), d["labels"], label_smoothing=0.1)


def curves(book):
    curve(book, "mlp/adam", mlp, lambda v: torch.optim.Adam(v, lr=0.02),
          {**dense("hidden", 6, 8), **dense("out", 8, 3)},
          {"x": real(4, 16, 6), "labels": ids(4, 16, rows=3)}, adam=1, rate=0.02)
    curve(book, "mlp/adamw", mlp, lambda v: torch.optim.AdamW(v, lr=0.02, weight_decay=0.1),
          {**dense("hidden", 6, 8), **dense("out", 8, 3)},
          {"x": real(4, 16, 6), "labels": ids(4, 16, rows=3)}, adamw=1, rate=0.02, decay=0.1)
    tables = {"species.weight": weights(9, 3), **dense("hidden", 5, 6), **dense("out", 6, 1)}
    rows = {"species": ids(7, 4, rows=9), "x": real(7, 4, 2), "targets": ids(7, 4, 1, rows=2)}
    rows["targets"] = lambda rng, draw=rows["targets"]: draw(rng).double()
    curve(book, "lookup/adam_exact_rows", lookup, lambda v: torch.optim.Adam(v, lr=0.03), tables,
          rows, adam=1, rate=0.03)
    curve(book, "lookup/adamw_exact_rows", lookup,
          lambda v: torch.optim.AdamW(v, lr=0.03, weight_decay=0.05), tables, rows, adamw=1,
          rate=0.03, decay=0.05)
    curve(book, "lookup/adagrad", lookup, lambda v: torch.optim.Adagrad(v, lr=0.1), tables, rows,
          adagrad=1, rate=0.1)
    letters = {"letters.weight": weights(11, 4), **dense("hidden", 12, 10), **dense("out", 10, 11)}
    text = {"context": ids(5, 12, 3, rows=11), "labels": ids(5, 12, rows=11)}
    curve(book, "characters/momentum", characters,
          lambda v: torch.optim.SGD(v, lr=0.2, momentum=0.9), letters, text, sgd=1, rate=0.2,
          momentum=0.9, smoothing=0.1)
    curve(book, "characters/nesterov", characters,
          lambda v: torch.optim.SGD(v, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
          letters, text, sgd=1, rate=0.1, momentum=0.9, nesterov=1, decay=0.01, smoothing=0.1)
