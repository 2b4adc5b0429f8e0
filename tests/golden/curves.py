# SPDX-License-Identifier: MIT
"""Cases of training curves: small models over some tens of steps."""

import torch
import torch.nn.functional as F

from attention import encoder
from book import generator, given, ids, real
from layers import gru
from optimizers import RowwiseAdagrad

def weights(*shape):
    return real(*shape, low=-0.5, high=0.5)


def curve(book, name, model, make, parameters, data, steps=50, states=None, outside=None,
          schedule=None, **settings):
    """`steps` steps of a model, over batches that come round again: the loss of each step, and the
    parameters at the end. parameters, data: recipes by name; of data the first axis is the batch's
    number. model(p, d) -> loss. `states` [by name] are in p, too: what the model itself changes in
    them is followed. `outside` names a node and says what it is after training, of the first
    batch."""
    book.begin(name, {"steps": steps, **settings})
    p = {key: recipe(generator(name, key)) for key, recipe in parameters.items()}
    d = {key: recipe(generator(name, key)) for key, recipe in data.items()}
    for key, tensor in {**p, **d}.items():
        book.put_leaf(key, tensor)
    for tensor in p.values():
        tensor.requires_grad_()
    states = states or {}
    optimizer, losses, paths = make(list(p.values())), [], {key: [] for key in states}
    scheduler = schedule(optimizer) if schedule else None
    for t in range(steps):
        optimizer.zero_grad()
        loss = model({**p, **states}, {key: tensor[t % len(tensor)] for key, tensor in d.items()})
        loss.backward()
        optimizer.step()
        if scheduler:
            scheduler.step()
        losses.append(loss.detach())
        for key, path in paths.items():
            path.append(states[key].clone())
    book.put("want", "loss.each", torch.stack(losses))
    for key, tensor in p.items():
        book.put("want", key, tensor)
    for key, path in paths.items():
        book.put("want", f"{key}.path", torch.stack(path[4::5]))
    if outside:
        first = {key: tensor[0] for key, tensor in d.items()}
        book.put("want", f"{outside[0]}.outside", outside[1]({**p, **states}, first))
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


def normalized(momentum, training=True):
    """PyTorch's batch_norm itself changes the running numbers, in training."""
    def f(p, d):
        hidden = F.batch_norm(F.linear(d["x"], p["hidden.weight"]), p["norm.running_mean"],
                              p["norm.running_var"], p["norm.weight"], p["norm.bias"],
                              training=training, momentum=momentum)
        out = linear(p, "out", torch.relu(hidden))
        return F.huber_loss(out, d["target"], delta=0.5) if training else out
    return f


def bags(mode):
    def f(p, d):
        table = torch.cat([p["genres.weight"], torch.zeros(1, 3, dtype=torch.float64)])
        ids = torch.where(d["genres"] == -1, 8, d["genres"])
        bag = F.embedding_bag(ids, table, mode=mode, padding_idx=8)
        logits = linear(p, "out", torch.tanh(linear(p, "hidden", bag)))
        return F.multilabel_soft_margin_loss(logits, d["targets"])
    return f


def sequence(p, d):
    """Letters, places, one block of a transformer that looks back, and the next letter."""
    x = F.embedding(d["letters"], p["letter.weight"]) + p["place.weight"]
    inner = {f"fc.{key[6:]}": value for key, value in p.items() if key.startswith("block.")}
    x = encoder(("x", *inner), 2, 6, causal=True)(x, *inner.values())
    x = F.layer_norm(x, (4,), p["norm.weight"], p["norm.bias"])
    return F.cross_entropy(linear(p, "out", x).reshape(-1, 7), d["next"].reshape(-1))


def recurrent(p, d):
    words = F.embedding(d["words"], p["word.weight"])
    gates = [p[f"gru.{part}_l0"] for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    last = gru(last=True)(words, *gates)
    return F.binary_cross_entropy_with_logits(linear(p, "out", last), d["targets"])


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
    normalized_curves(book)
    bag_curves(book)
    sequence_curves(book)
    recurrent_curves(book)


def doubles(recipe):
    """Ids as real numbers: targets of yes and no."""
    return lambda rng: recipe(rng).double()


def normalized_curves(book):
    # No bias before the normalization, as is usual: its gradient is a rounding, which RMSprop would
    # blow up.
    parameters = {"hidden.weight": weights(5, 3), "norm.weight": real(5), "norm.bias": real(5),
                  **dense("out", 5, 1)}
    rows = {"x": real(3, 6, 3), "target": real(3, 6, 1)}
    for label, make, momentum, settings in (
            ("sgd", lambda v: torch.optim.SGD(v, lr=0.05), 0.1, {"sgd": 1, "rate": 0.05}),
            ("rmsprop", lambda v: torch.optim.RMSprop(v, lr=0.01), 0.3,
             {"rmsprop": 1, "rate": 0.01, "average_momentum": 0.3})):
        states = {"norm.running_mean": torch.zeros(5, dtype=torch.float64),
                  "norm.running_var": torch.ones(5, dtype=torch.float64)}
        curve(book, f"normalized/{label}", normalized(momentum), make, parameters, rows,
              states=states, outside=("out", normalized(momentum, training=False)), **settings)


def bag_curves(book):
    parameters = {"genres.weight": weights(8, 3), **dense("hidden", 3, 5), **dense("out", 5, 2)}
    genres = [[[0, 2, -1], [5, -1, -1], [3, 3, 1], [-1, -1, -1]],
              [[6, 1, -1], [-1, 4, 2], [0, -1, -1], [5, 6, 1]],
              [[2, 2, 2], [7, -1, -1], [-1, 1, 4], [3, 0, 5]]]
    rows = {"genres": given(genres), "targets": doubles(ids(3, 4, 2, rows=2))}
    curve(book, "bags/adam_mean", bags("mean"), lambda v: torch.optim.Adam(v, lr=0.02), parameters,
          rows, adam=1, rate=0.02, mean=1)
    curve(book, "bags/rowwise_adagrad_sum", bags("sum"), lambda v: RowwiseAdagrad(v, lr=0.1),
          parameters, rows, rowwise_adagrad=1, rate=0.1)


def sequence_curves(book):
    block = {"attention.query": (4, 4), "attention.key": (4, 4), "attention.value": (4, 4),
             "attention.out": (4, 4), "norm1": (4,), "linear1": (6, 4), "linear2": (4, 6),
             "norm2": (4,)}
    parameters = {"letter.weight": weights(7, 4), "place.weight": weights(5, 4)}
    for name, shape in block.items():
        parameters[f"block.{name}.weight"] = weights(*shape)
        parameters[f"block.{name}.bias"] = weights(shape[0])
    parameters.update({"norm.weight": real(4), "norm.bias": weights(4), **dense("out", 4, 7)})
    text = {"letters": ids(3, 4, 5, rows=7), "next": ids(3, 4, 5, rows=7)}
    # The gradient of the keys' bias is zero, for a softmax does not see what all scores have in
    # common; so it is a rounding, and the usual epsilon would let Adam blow it up.
    curve(book, "sequence/adam", sequence, lambda v: torch.optim.Adam(v, lr=0.01, eps=1e-3),
          parameters, text, adam=1, rate=0.01, epsilon=1e-3)
    curve(book, "sequence/sgd_cosine", sequence, lambda v: torch.optim.SGD(v, lr=0.2), parameters,
          text, schedule=lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 50), sgd=1,
          rate=0.2, cosine=1, schedule_steps=50)


def recurrent_curves(book):
    parameters = {"word.weight": weights(6, 3), "gru.weight_ih_l0": weights(12, 3),
                  "gru.weight_hh_l0": weights(12, 4), "gru.bias_ih_l0": weights(12),
                  "gru.bias_hh_l0": weights(12), **dense("out", 4, 1)}
    rows = {"words": ids(3, 4, 5, rows=6), "targets": doubles(ids(3, 4, 1, rows=2))}
    curve(book, "recurrent/adam", recurrent, lambda v: torch.optim.Adam(v, lr=0.02), parameters,
          rows, adam=1, rate=0.02)
    curve(book, "recurrent/adagrad", recurrent, lambda v: torch.optim.Adagrad(v, lr=0.1),
          parameters, rows, adagrad=1, rate=0.1)
