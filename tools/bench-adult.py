#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Trains on a table in PyTorch as `grove train` does: the other side of tools/bench-adult.

    bench-adult.py DATA.csv LABEL [--epochs N] [--batch N] [--threads N] [--seed N]

The same work: read the file, hold out a tenth class by class, give categories ids by the training
rows and scale numbers by them; embeddings of 8 numbers beside the numbers, 128 and 64 hidden units
with ReLU, softmax; Adam at 1e-3, batches of 256; after each epoch the rows held out are answered
and the best weights kept. Prints one JSON object. Batches are slices of tensors that were shuffled
once an epoch, which is faster than a DataLoader; Adam is torch's foreach form, its faster one."""

import time

started = time.perf_counter()

import argparse  # noqa: E402
import copy  # noqa: E402
import json  # noqa: E402

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

imported = time.perf_counter()

WIDTH, HIDDEN = 8, [128, 64]


class Classifier(nn.Module):
    def __init__(self, rows, numeric, classes):
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding(count, WIDTH) for count in rows)
        sizes = [WIDTH * len(rows) + numeric] + HIDDEN
        layers = []
        for before, after in zip(sizes, sizes[1:]):
            layers += [nn.Linear(before, after), nn.ReLU()]
        self.mlp = nn.Sequential(*layers, nn.Linear(sizes[-1], classes))

    def forward(self, ids, numbers):
        parts = [table(ids[:, i]) for i, table in enumerate(self.tables)]
        return self.mlp(torch.cat(parts + [numbers], 1))


def split(labels, rng):
    """Ten of a hundred rows of each class."""
    held = np.zeros(len(labels), bool)
    for value in np.unique(labels):
        rows = np.flatnonzero(labels == value)
        held[rng.choice(rows, round(len(rows) / 10), replace=False)] = True
    return held


def encode(frame, held):
    """ids [rows, columns] with 0 for what training did not see; numbers, scaled; table sizes."""
    ids, numbers, rows = [], [], []
    for name in frame:
        column = frame[name]
        if column.dtype == object:
            known = pd.Index(column[~held].unique())
            ids.append(known.get_indexer(column) + 1)
            rows.append(len(known) + 1)
        else:
            x = column.to_numpy(np.float32)
            numbers.append((x - x[~held].mean()) / x[~held].std())
    return (torch.from_numpy(np.stack(ids, 1).astype(np.int64)),
            torch.from_numpy(np.stack(numbers, 1).astype(np.float32)), rows)


def train_epoch(model, optimizer, ids, numbers, labels, batch):
    order = torch.randperm(len(labels))
    ids, numbers, labels = ids[order], numbers[order], labels[order]
    for i in range(0, len(labels), batch):
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(model(ids[i:i + batch], numbers[i:i + batch]), labels[i:i + batch])
        loss.backward()
        optimizer.step()


def evaluate(model, ids, numbers, labels):
    with torch.no_grad():
        logits = model(ids, numbers)
    return (F.cross_entropy(logits, labels).item(),
            (logits.argmax(1) == labels).float().mean().item())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("data")
    parser.add_argument("label")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    wish = parser.parse_args()
    torch.set_num_threads(wish.threads)
    torch.manual_seed(wish.seed)
    frame = pd.read_csv(wish.data)
    classes, labels = np.unique(frame.pop(wish.label).to_numpy(str), return_inverse=True)
    held = split(labels, np.random.default_rng(wish.seed))
    ids, numbers, rows = encode(frame, held)
    labels, held = torch.from_numpy(labels), torch.from_numpy(held)
    kept = [x[~held] for x in (ids, numbers, labels)]
    asked = [x[held] for x in (ids, numbers, labels)]
    model = Classifier(rows, numbers.shape[1], len(classes))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, foreach=True)
    read = time.perf_counter()
    best, weights = (float("inf"), 0), None
    for _ in range(wish.epochs):
        train_epoch(model, optimizer, *kept, wish.batch)
        told = evaluate(model, *asked)
        if told[0] < best[0]:
            best, weights = told, copy.deepcopy(model.state_dict())
    model.load_state_dict(weights)
    end = time.perf_counter()
    print(json.dumps({"rows": len(kept[2]), "log_loss": best[0], "accuracy": best[1],
                      "import_s": imported - started, "read_s": read - imported,
                      "train_s": end - read, "seconds": end - imported}))


if __name__ == "__main__":
    main()
