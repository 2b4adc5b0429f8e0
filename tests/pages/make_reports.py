#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the pages that report.test.mjs and compare.test.mjs open: of trees, of
prices, and of names that look like code.

    GROVE=.../grove tests/pages/make_reports.py FOLDER
"""

import os
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from cli import good, text_of, trees, write  # noqa: E402

CODE = ["</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\u2028", "&amp;",
        "caf\xe9", '"quotes"']


def main(folder):
    os.makedirs(folder, exist_ok=True)

    def path(name):
        return os.path.join(folder, name)
    write(path("train.csv"), text_of(trees(3000, classes=4)))
    write(path("test.csv"), text_of(trees(800, classes=4, seed=2)) +
          text_of(trees(60, classes=4, seed=3, first_species=100)[1:]))
    good("train", path("train.csv"), "--label", "group", "--out", path("trees.safetensors"), "-q",
         "--epochs", "20", "--hidden", "32", "--batch", "64", "--rate", "0.003", "--patience", "20")
    good("report", path("trees.safetensors"), path("test.csv"), "--out", path("report.html"))
    write(path("numbers.json"), good("evaluate", path("trees.safetensors"), path("test.csv"),
                                     "--full", "--json").out)
    lines = ["<b>kind</b>,size,label"]
    for i in range(200):
        k = i * 7 % len(CODE)
        lines.append('"%s",%d,%s' % (CODE[k].replace('"', '""'), i % 17,
                                     ["<i>a</i>", "b"][(k + i % 3) % 2]))
    write(path("nasty.csv"), text_of(lines))
    good("train", path("nasty.csv"), "--label", "label", "--out", path("nasty.safetensors"), "-q",
         "--epochs", "3", "--hidden", "8", "--batch", "32")
    good("report", path("nasty.safetensors"), path("nasty.csv"), "--out", path("nasty.html"),
         "--title", "</title><script>alert(1)</script>")
    good("compare", path("train.csv"), "--label", "group", "--column", "species", "--epochs", "2",
         "--hidden", "16", "-q", "--out", path("compare.html"))
    write(path("compared.json"),
          good("compare", path("train.csv"), "--label", "group", "--column", "species", "--epochs",
               "2", "--hidden", "16", "-q", "--json").out)
    good("compare", path("nasty.csv"), "--label", "label", "--column", "<b>kind</b>", "--epochs",
         "1", "--hidden", "8", "-q", "--out", path("nasty_compare.html"))


def main_losses(folder):
    """The page of losses of many classes; the label's name looks like code."""
    r = random.Random(6)
    lines = ["a,b,<b>what</b>"]
    for _ in range(1500):
        a, b = r.randrange(12), r.randrange(12)
        lines.append("a%d,b%d,k%d" % (a, b, a * 12 + b if r.random() < 0.8 else r.randrange(144)))

    def path(name):
        return os.path.join(folder, name)
    write(path("many_classes.csv"), text_of(lines))
    how = ["compare", path("many_classes.csv"), "--label", "<b>what</b>", "--softmax", "--samples",
           "4,16", "--epochs", "2", "--hidden", "16", "-q"]
    write(path("losses.json"), good(*how, "--json", "--out", path("losses.html")).out)


def main_numbers(folder):
    """Pages of a model that predicts numbers: of few rows, and of many."""
    r = random.Random(1)
    lines = ["kind,size,price"]
    for _ in range(4000):
        kind, size = min(int(r.expovariate(0.2)), 30), r.uniform(20, 200)
        lines.append("kind %d,%.1f,%.2f" % (kind, size, 900 + 50 * kind + 8 * size + r.gauss(0, 90)))

    def path(name):
        return os.path.join(folder, name)
    write(path("prices.csv"), text_of(lines))
    write(path("few.csv"), text_of(lines[:400] + ["kind 99,50,1500"]))
    good("train", path("prices.csv"), "--label", "price", "--out", path("prices.safetensors"), "-q",
         "--epochs", "10", "--hidden", "32")
    for name, table in [("prices", "few.csv"), ("many", "prices.csv")]:
        good("report", path("prices.safetensors"), path(table), "--out", path(name + ".html"))
    write(path("prices.json"), good("evaluate", path("prices.safetensors"), path("few.csv"),
                                    "--full", "--json").out)


def main_bayesian(folder):
    """A page of a Bayesian model, some values of which are rare."""
    r = random.Random(5)
    lines = ["kind,size,label"]
    for _ in range(3000):
        kind, size = min(int(r.expovariate(0.08)), 80), r.gauss(0, 1)
        lines.append("kind %d,%.3f,%s" % (kind, size, "ab"[(kind % 3 == 0) ^ (size > 1.2)]))

    def path(name):
        return os.path.join(folder, name)
    write(path("kinds.csv"), text_of(lines))
    good("train", path("kinds.csv"), "--label", "label", "--bayesian", "--out",
         path("kinds.safetensors"), "-q", "--epochs", "15", "--hidden", "16")
    good("report", path("kinds.safetensors"), path("kinds.csv"), "--out", path("bayesian.html"))
    write(path("posteriors.json"), good("inspect", path("kinds.safetensors"), "--json").out)


def main_sets(folder):
    """A page of a model that tells several classes a row; one class is called like code."""
    r = random.Random(4)
    tags = ["red", "round", "sweet", CODE[0], "rare"]
    lines = ["kind,size,tags"]
    for _ in range(1500):
        kind, size = r.randrange(40), r.gauss(0, 1)
        chances = [0.8 * (kind % 2), 0.9 * (size > 0), 0.7 * (kind % 3 == 0), 0.3 * (size > 1),
                   0.02]
        own = [tag for tag, chance in zip(tags, chances) if r.random() < chance]
        lines.append("kind %d,%.3f,%s" % (kind, size, "|".join(own)))

    def path(name):
        return os.path.join(folder, name)
    write(path("fruit.csv"), text_of(lines[:1001]))
    write(path("more.csv"), text_of(lines[:1] + lines[1001:]))
    good("train", path("fruit.csv"), "--label", "tags", "--label-split", "|", "--out",
         path("fruit.safetensors"), "-q", "--epochs", "15", "--hidden", "16")
    good("report", path("fruit.safetensors"), path("more.csv"), "--out", path("sets.html"))
    write(path("sets.json"), good("evaluate", path("fruit.safetensors"), path("more.csv"),
                                  "--full", "--json").out)


def main_boosted(folder):
    """A page of a sum of weak models, of the trees of main()."""
    def path(name):
        return os.path.join(folder, name)
    good("train", path("train.csv"), "--label", "group", "--out", path("boosted.safetensors"), "-q",
         "--boost", "5", "--hidden", "8", "--patience", "5", "--refit", "no")
    good("report", path("boosted.safetensors"), path("test.csv"), "--out", path("boosted.html"))
    write(path("boosted.json"), good("inspect", path("boosted.safetensors"), "--json").out)


if __name__ == "__main__":
    main(sys.argv[1])
    main_boosted(sys.argv[1])
    main_sets(sys.argv[1])
    main_losses(sys.argv[1])
    main_bayesian(sys.argv[1])
    main_numbers(sys.argv[1])
