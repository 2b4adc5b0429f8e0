# SPDX-License-Identifier: MIT
"""Cases of ids that become other ids, and of the tables that are looked up by them: a row for what
is unknown, hashes, quotients and remainders. PyTorch has neither op nor layer for these: the ids
are written out, and what PyTorch does with them follows."""

import torch
import torch.nn.functional as F

from book import function, given, real
from embeddings import IDS, NOBODY, bag_twice

MOST = 2 ** 31 - 1  # the largest id
NEARLY_ALL = 0.9999999999  # all but one of 2^32 words lie below it

# ---- Philox4x32-10: Salmon, Moraes, Dror & Shaw 2011 ---------------------------------------------

WORD = 0xFFFFFFFF


def philox(counter, key):
    for _ in range(10):
        left, right = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
        counter = (right >> 32 ^ counter[1] ^ key[0], right & WORD,
                   left >> 32 ^ counter[3] ^ key[1], left & WORD)
        key = ((key[0] + 0x9E3779B9) & WORD, (key[1] + 0xBB67AE85) & WORD)
    return counter


# The known answers that the authors publish.
KNOWN = [((0,) * 4, (0,) * 2, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
         ((WORD,) * 4, (WORD,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
         ((0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0),
          (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1))]
if any(philox(counter, key) != words for counter, key, words in KNOWN):
    raise ValueError("this is another Philox")


def hash_of(number, j, seed, buckets):
    """As lib/ops/hash_ids.c has it."""
    words = philox((number, j, 0x48415348, 0), (seed & WORD, seed >> 32))
    return (words[0] + 2 ** 32 * words[1]) % buckets


def hashed(buckets, hashes, seed):
    def f(ids):
        rows = [[NOBODY if i == NOBODY else hash_of(i, j, seed, buckets) for j in range(hashes)]
                for i in ids.reshape(-1).tolist()]
        return torch.tensor(rows, dtype=torch.int64).reshape(*ids.shape, hashes)
    return f


def mix(z):
    """Of SplitMix64."""
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2 ** 64
    z = (z ^ z >> 27) * 0x94D049BB133111EB % 2 ** 64
    return z ^ z >> 31


def cross_of(row, seed, buckets):
    """As lib/ops/cross_ids.c has it."""
    value = seed
    for i in row:
        value = mix((value + i + 1) * 0x9E3779B97F4A7C15 % 2 ** 64)
    return value % buckets


def crossed(buckets, seed):
    def f(ids):
        rows = [cross_of(row, seed, buckets) for row in ids.reshape(-1, ids.shape[-1]).tolist()]
        return torch.tensor(rows, dtype=torch.int64).reshape(ids.shape[:-1])
    return f


# ---- ids -----------------------------------------------------------------------------------------


def each(f):
    """f of each id, but for nobody, who stays nobody."""
    def of_all(ids):
        there = [i if i == NOBODY else f(i) for i in ids.reshape(-1).tolist()]
        return torch.tensor(there, dtype=torch.int64).reshape(ids.shape)
    return of_all


def other_ids(book):
    for label, asked in (("vector", [0, 1, NOBODY, 72999, MOST]), ("matrix", [[5, 5], [0, 17]]),
                         ("one", 12345)):
        for buckets, hashes, seed in ((20000, 2, 1), (MOST, 5, 0), (7, 3, 12345678901234)):
            function(book, f"hash_ids/{label}_{buckets}", hashed(buckets, hashes, seed),
                     {"ids": given(asked)}, buckets=buckets, hashes=hashes, seed=seed)
    function(book, "hash_ids/one_bucket", hashed(1, 2, 3), {"ids": given([0, 9, NOBODY])},
             buckets=1, hashes=2, seed=3)
    for label, asked in (("pairs", [[0, 1], [1, 0], [72999, MOST]]), ("one_row", [5, 0, 17]),
                         ("cube", [[[1], [2]], [[2], [1]]])):
        for buckets, seed in ((65536, 1), (MOST, 0), (7, 12345678901234)):
            function(book, f"cross_ids/{label}_{buckets}", crossed(buckets, seed),
                     {"ids": given(asked)}, buckets=buckets, seed=seed)
    for label, divisor, rows, asked in (("some", 4, 11, [0, 3, 4, 10, NOBODY, 7]),
                                        ("by_one", 1, 5, [[0, 4], [2, 2]]),
                                        ("more_than_rows", 9, 4, [3, 0, 1]),
                                        ("large", 46341, 2 ** 31, [MOST, 46340, 46341, 0])):
        settings = {"divisor": divisor, "rows": rows}
        function(book, f"quotient_ids/{label}", each(lambda i, d=divisor: i // d),
                 {"ids": given(asked)}, **settings)
        function(book, f"remainder_ids/{label}", each(lambda i, d=divisor: i % d),
                 {"ids": given(asked)}, **settings)
    for label, rows, asked in (("some", 4, [2, 0, 3, 3]), ("matrix", 3, [[1, 2], [0, 1]]),
                               ("one", 1, [0])):
        function(book, f"one_hot/{label}", lambda i, n=rows: F.one_hot(i, n).double(),
                 {"ids": given(asked)}, rows=rows)
    unknown_ids(book)


def unknown_ids(book):
    """Which ids are replaced in training is left to chance: to hold against numbers are a run
    outside, one that replaces none, and one that replaces all."""
    for label, recipe in (("vector", [7, 0, 3, 3]), ("matrix", [[1, 2], [6, 7]])):
        ways = (("outside", 0.5, {}, lambda i: i), ("none", 0, {"training": 1}, lambda i: i),
                ("nearly_all", NEARLY_ALL, {"training": 1}, lambda i: torch.full_like(i, 5)))
        for way, share, training, f in ways:
            function(book, f"replace_ids/{label}_{way}", f, {"ids": given(recipe)},
                     probability=share, replacement=5, rows=8, **training)


def constants(book):
    """Ids that are the graph's own."""
    for label, asked in (("some", [2, 0, 2]), ("one", [3])):
        function(book, f"constant_ids/{label}", lambda w, i=tuple(asked): F.embedding(
            torch.tensor(i), w), {"table": real(4, 2)}, numbers=asked)


# ---- layers --------------------------------------------------------------------------------------


def hashed_layer(mode, *how):
    """A bag of the rows that the hashes name; bags stand in rows, also that of a single id."""
    bag, rows = bag_twice(mode, None, False), hashed(*how)

    def f(ids, table, importance=None):
        several = ids.reshape(-1)
        weights = None if importance is None else F.embedding(several, importance)
        return bag(table, rows(several), None, weights).reshape(*ids.shape, table.shape[1])
    return f


def combined(combine, divisor):
    ways = {"product": torch.mul, "sum": torch.add, "concat": lambda *x: torch.cat(x, -1)}

    def f(ids, quotients, remainders):
        return ways[combine](F.embedding(ids // divisor, quotients),
                             F.embedding(ids % divisor, remainders))
    return f


def unknown_layer(book, order=1, label=""):
    """embedding_with: outside training its options do nothing; then a share that is nearly all."""
    for name, recipe in IDS.items() if order == 1 else [("matrix", IDS["matrix"])]:
        table = {"ids": recipe, "fc.weight": real(6, 2)}
        options = {"unknown_id": 4}
        function(book, f"embedding_with/{label}{name}_outside", F.embedding, table, order=order,
                 unknown_share=0.25, **options)
        function(book, f"embedding_with/{label}{name}_nearly_all",
                 lambda i, w: F.embedding(torch.full_like(i, 4), w), table, order=order,
                 unknown_share=NEARLY_ALL, training=1, **options)


def unknown_bag(book):
    """Outside training its options do nothing; then a share that is nearly all, but no padding."""
    table = {"ids": given([[1, 3, 7], [0, 7, 7]]), "fc.weight": real(6, 2)}
    for name, f, settings in (
            ("outside", lambda i, w: torch.stack([w[1] + w[3], w[0]]), {"unknown_share": 0.25}),
            ("nearly_all", lambda i, w: torch.stack([2 * w[4], w[4]]),
             {"unknown_share": NEARLY_ALL, "training": 1})):
        function(book, f"embedding_bag_layer/unknown_{name}", f, table, sum=1, padding=7,
                 unknown_id=4, **settings)


def layers(book, order=1, label=""):
    """Hashes among 7 rows: among 5, 2^32 leaves 1, and the two words of a hash might change places
    without a difference."""
    unknown_layer(book, order, label)
    if order == 1:
        unknown_bag(book)
    some = {"vector": given([4, 0, 1000000, 4]), "matrix": given([[7, 1], [2, 7], [0, MOST]]),
            "one": given(8)}
    few = {"vector": given([4, 0, 3, 4]), "matrix": given([[1, 1], [2, 4], [0, 3]]),
           "one": given(2)}
    for name in some if order == 1 else ("matrix",):
        for hashes, seed in ((None, 0), (1, 5), (3, 98765432109876))[:3 if order == 1 else 1]:
            wish = {"seed": seed, **({"hashes": hashes} if hashes else {})}
            count = hashes or 2  # the usual number
            for way, settings in (("sum", {}), ("mean", {"mean": 1})):
                function(book, f"hashed_embedding/{label}{way}_{name}_{count}",
                         hashed_layer(way, 7, count, seed),
                         {"ids": some[name], "fc.weight": real(7, 2)}, order=order,
                         **wish, **settings)
            function(book, f"hashed_embedding/{label}importance_{name}_{count}",
                     hashed_layer("sum", 7, count, seed),
                     {"ids": few[name], "fc.weight": real(7, 2), "fc.importance": real(5, count)},
                     order=order, **wish)
        for combine in ("product", "sum", "concat"):
            function(book, f"quotient_remainder_embedding/{label}{combine}_{name}",
                     combined(combine, 2), {"ids": few[name], "fc.quotient": real(3, 2),
                                            "fc.remainder": real(2, 2)},
                     order=order, rows=5, **{combine: 1})
