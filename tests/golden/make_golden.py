#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the golden numbers: what PyTorch computes for the cases of tests/test_golden.c.

    make_golden.py             write the files beside this script
    make_golden.py --check     make them in memory and compare with the files (exit 1: they differ;
                               exit 77: no PyTorch here, or not the one that made the files)

README.md, beside this script, says what a file looks like and how to add a case.
"""

import argparse
import os
import pathlib
import sys

try:
    import torch
except ImportError:
    # A distribution's PyTorch belongs to its own Python; another one may come first in PATH.
    SYSTEM = "/usr/bin/python3"
    if os.path.exists(SYSTEM) and os.path.realpath(SYSTEM) != os.path.realpath(sys.executable):
        os.execv(SYSTEM, [SYSTEM, *sys.argv])
    sys.exit(77)

import attention
import curves
import embeddings
import hashing
import layers
import losses
import many_classes
import number_embeddings
import ops
import optimizers
import second
from book import Book

HERE = pathlib.Path(__file__).parent

# file, title, tolerances (double, float), chapters
BOOKS = [
    ("ops.txt", "ops and their gradients", 1e-12, 2e-6,
     (ops.elementwise, ops.arithmetic, ops.products, ops.reductions, ops.form, ops.parts,
      ops.softmaxes)),
    ("embeddings.txt", "tables, bags, ids", 1e-12, 2e-6,
     (embeddings.lookups, embeddings.numbers_of_rows, embeddings.bags, embeddings.bag_gradients,
      hashing.other_ids, hashing.constants, hashing.layers)),
    ("losses.txt", "losses and their gradients", 1e-12, 2e-6,
     (losses.cross_entropies, losses.other_losses, losses.focal_losses, losses.yes_and_no,
      losses.numbers, losses.distributions, losses.own_loss)),
    ("many_classes.txt", "losses of very many classes", 1e-12, 2e-6,
     (many_classes.linear_losses, many_classes.samplers, many_classes.sampled_losses)),
    ("layers.txt", "layers and their gradients", 1e-12, 2e-6,
     (layers.dense, layers.normalization, layers.places, layers.recurrence,
      number_embeddings.encodings, number_embeddings.layers)),
    ("attention.txt", "attention and the transformer block", 1e-12, 4e-5,
     (attention.attentions, attention.blocks)),
    ("second.txt", "gradients of gradients", 1e-12, 2e-5,
     (second.ops, second.bags, second.layers_and_losses)),
    ("optimizers.txt", "optimizers over 20 steps", 1e-12, 4e-6,
     (optimizers.optimizers, optimizers.clipped_updates)),
    ("schedules.txt", "schedules, averages, decay by rule, frozen rows", 1e-12, 4e-6,
     (optimizers.schedules, optimizers.averages, optimizers.decay_rule, optimizers.frozen_rows)),
    ("curves.txt", "training curves of small models", 1e-12, 2e-5, (curves.curves,)),
]
ROUNDING = 1e-13  # of the largest number in its line: another processor's last digits


def make_books():
    torch.set_num_threads(1)
    for name, title, double, single, chapters in BOOKS:
        book = Book(name, title, double, single)
        for chapter in chapters:
            chapter(book)
        yield book


def numbers_of(line):
    """The numbers in a line, and what else stands there."""
    words = line.split()
    numbers = []
    for i, word in enumerate(words):
        try:
            numbers.append(float(word))
            words[i] = ""
        except ValueError:
            pass
    return words, numbers


def same_line(a, b):
    if a == b:
        return True
    (words_a, a), (words_b, b) = numbers_of(a), numbers_of(b)
    size = max(map(abs, a + b), default=0)
    return words_a == words_b and all(abs(x - y) <= ROUNDING * max(size, 1) for x, y in zip(a, b))


def check(books):
    """0: the files are what this PyTorch makes, but for roundings; 77: another one made them."""
    status = 0
    for book in books:
        path, made = HERE / book.name, book.text()
        kept = path.read_text(encoding="ascii")
        lines, old = made.splitlines(), kept.splitlines()
        if lines[1] != old[1]:
            print(f"{book.name}: '{old[1]}'; here is {torch.__version__}")
            return 77
        wrong = [n for n, (a, b) in enumerate(zip(lines, old), 1) if not same_line(a, b)]
        if wrong or len(lines) != len(old):
            status = 1
            print(f"{book.name}: {len(wrong)} lines differ, the first of them {wrong[:1]}; "
                  f"{len(old)} lines that should be {len(lines)}")
        else:
            print(f"{book.name}: {'the same bytes' if made == kept else 'the same but roundings'}")
    return status


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--check", action="store_true", help="compare with the files")
    arguments = parser.parse_args()
    books = list(make_books())
    if arguments.check:
        return check(books)
    for book in books:
        (HERE / book.name).write_text(book.text(), encoding="ascii")
        print(f"{book.name}: {len(book.names)} cases")
    return 0


if __name__ == "__main__":
    sys.exit(main())
