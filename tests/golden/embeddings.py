# SPDX-License-Identifier: MIT
"""Cases of tables: lookups and their adjoint, ids, bags."""

import random

import torch
import torch.nn.functional as F

from book import function, given, gradients, ids, real

NOBODY = -2 ** 31  # grove's id that names no row

# ---- lookups -------------------------------------------------------------------------------------


def scatter(rows):
    def f(ids, values):
        width = values.shape[-1]
        return torch.zeros(rows, width, dtype=values.dtype).index_add(
            0, ids.reshape(-1), values.reshape(-1, width))
    return f


IDS = {"some": ids(5, rows=6), "matrix": ids(2, 3, rows=6), "cube": ids(2, 2, 2, rows=6),
       "repeated": given([2, 0, 2, 2, 5, 0]), "all_the_same": given([3, 3, 3]),
       "first_and_last": given([0, 5]), "one": given(4)}


def lookups(book):
    for label, recipe in IDS.items():
        function(book, f"embedding/{label}", lambda w, i: F.embedding(i, w),
                 {"table": real(6, 3), "ids": recipe})
        shape = tuple(recipe(random.Random(0)).shape)
        function(book, f"scatter_rows/{label}", scatter(6),
                 {"ids": recipe, "values": real(*shape, 3)}, rows=6)
        function(book, f"rows_squared_norm/{label}", lambda i, v: scatter(6)(i, v).square().sum(),
                 {"ids": recipe, "values": real(*shape, 3)}, fixed=("values",))
    function(book, "embedding/width_one", lambda w, i: F.embedding(i, w),
             {"table": real(4, 1), "ids": given([1, 3, 1])})
    for label, count, recipe in (("one", 1, given([2, 0, 2])), ("three", 3, ids(5, rows=4)),
                                 ("five_of_a_matrix", 5, ids(2, 3, rows=4))):
        function(book, f"embedding_sum/{label}", sum_of_rows,
                 {name: kind for i in range(count)
                  for name, kind in ((f"table{i}", real(4 + i, 3)), (f"ids{i}", recipe))})
    function(book, "merge_rows/repeated", merge_rows,
             {"ids": given([2, 0, 2, 5, 2, 0]), "values": real(6, 3)}, fixed=("values",))
    function(book, "merge_rows/matrix", merge_rows,
             {"ids": given([[1, 4], [4, 1]]), "values": real(2, 2, 3)}, fixed=("values",))
    function(book, "merge_rows/nobody", merge_rows,
             {"ids": given([3, NOBODY, 3, NOBODY, 0]), "values": real(5, 2)}, fixed=("values",))


def sum_of_rows(*tables_and_ids):
    return sum(F.embedding(i, w) for w, i in zip(tables_and_ids[::2], tables_and_ids[1::2]))


def merge_rows(ids, values):
    """scatter's rows where an id stands for the first time, zeros elsewhere and for nobody."""
    flat, rows = ids.reshape(-1), values.reshape(-1, values.shape[-1])
    merged = torch.zeros_like(rows)
    for i, row in enumerate(flat.tolist()):
        if row != NOBODY and row not in flat[:i].tolist():
            merged[i] = rows[flat == row].sum(0)
    return merged.reshape(values.shape)


def numbers_of_rows(book):
    """Ops from ids to ids, and from ids to reals."""
    function(book, "real_of/vector", lambda i: i.double(), {"ids": given([3, 0, -1, 100000])})
    function(book, "real_of/cube", lambda i: i.double(), {"ids": ids(2, 3, 2, rows=1000)})
    function(book, "positions/some", lambda: torch.arange(7), {}, count=7)
    function(book, "positions/one", lambda: torch.arange(1), {}, count=1)
    listed = given([40, 7, NOBODY, 3, 0])
    for label, asked in (("vector", [4, 0, 0, 2, 1]), ("matrix", [[1, 3], [2, 4]])):
        function(book, f"map_ids/{label}", lambda i, m: m[i], {"ids": given(asked), "map": listed})
    # Nobody is mapped to nobody.
    function(book, "map_ids/nobody",
             lambda i, m: torch.where(i == NOBODY, NOBODY, m[i.clamp(min=0)]),
             {"ids": given([NOBODY, 1, NOBODY, 2]), "map": listed})
    for label, padding, recipe in (("outside", -1, given([[2, -1], [5, 0], [-1, -1]])),
                                   ("row", 3, given([3, 0, 5, 3]))):
        function(book, f"embedding_bag_ids/{label}",
                 lambda i, p=padding: torch.where(i == p, NOBODY, i), {"ids": recipe},
                 padding=padding, rows=6)


# ---- bags ----------------------------------------------------------------------------------------


def torch_bag(mode, padding, last):
    """PyTorch's own. Its padding is a row of the table: where it is none, one is added for it."""
    def f(table, ids, offsets=None, weights=None):
        index, width = padding, table.shape[1]
        if padding is not None and not 0 <= padding < len(table):
            ids, index = torch.where(ids == padding, len(table), ids), len(table)
            table = torch.cat([table, torch.zeros(1, width, dtype=table.dtype)])
        flat = ids if offsets is not None else ids.reshape(-1, ids.shape[-1])
        y = F.embedding_bag(flat, table, offsets, mode=mode, padding_idx=index,
                            per_sample_weights=None if weights is None else
                            weights.reshape(flat.shape), include_last_offset=last)
        return y if offsets is not None else y.reshape(*ids.shape[:-1], width)
    return f


def written_bag(mode, padding, last):
    """The same from `rows` [ids..., width], one for each id, written out, since PyTorch's own has
    no second derivative and says nothing of single ids."""
    def f(rows, ids, offsets=None, weights=None):
        begins = offsets.tolist() if offsets is not None else \
            [bag * ids.shape[-1] for bag in range(ids.numel() // ids.shape[-1])]
        ends = begins[1:] if last else begins[1:] + [ids.numel()]
        flat, width = ids.reshape(-1), rows.shape[-1]
        rows, y = rows.reshape(-1, width), []
        weights = None if weights is None else weights.reshape(-1, 1)
        for begin, end in zip(begins, ends):
            held = [i for i in range(begin, end) if flat[i].item() != padding]
            part = rows[held] if weights is None else rows[held] * weights[held]
            y.append(torch.zeros(width, dtype=rows.dtype) if not held else
                     {"sum": torch.sum, "mean": torch.mean, "max": torch.amax}[mode](part, 0))
        y = torch.stack(y)
        return y if offsets is not None else y.reshape(*ids.shape[:-1], width)
    return f


def looked_up(table, ids):
    """The rows of the ids; padding gets some row, which nobody looks at."""
    return F.embedding(ids.clamp(0, len(table) - 1), table)


def bag_twice(*how):
    """A bag that can be differentiated twice, and held against PyTorch's own."""
    own, written = torch_bag(*how), written_bag(*how)

    def f(table, ids, *more):
        y = written(looked_up(table, ids), ids, *more)
        if not torch.allclose(y, own(table, ids, *more), rtol=0, atol=1e-14):
            raise ValueError("the bag that is written out is another one")
        return y
    return f


def shares(*how):
    """What each id gets of its bag's dy."""
    def f(dy, table, ids, *more):
        rows = looked_up(table.detach(), ids).requires_grad_()
        return gradients(written_bag(*how)(rows, ids, *more), [rows], dy)[0]
    return f


WIDTH = 2
# label: ids, offsets or None, padding or None, include_last_offset
BAGS = {
    "vector": (given([2, 0, 2, 4]), None, None, False),
    "matrix": (ids(3, 4, rows=6), None, None, False),
    "cube": (ids(2, 2, 3, rows=6), None, None, False),
    "padded": (given([[2, 0, 4], [5, -1, -1], [-1, 3, 1], [-1, -1, -1]]), None, -1, False),
    "padded_row": (given([[2, 0, 4], [5, 2, 2], [2, 2, 2]]), None, 2, False),
    "offsets": (given([5, 0, 3, 1, 1, 4]), given([0, 2, 3]), None, False),
    "empty_bags": (given([5, 0, 3, 1]), given([0, 0, 3, 3, 4]), None, False),
    "last_offset": (given([5, 0, 3, 1, 2]), given([0, 2, 2, 5]), None, True),
    "padded_offsets": (given([5, -1, 3, 1, -1, -1]), given([0, 2, 4]), -1, False),
}


def settings_of(mode, padding, last):
    return {mode: 1, **({} if padding is None else {"padding": padding}),
            **({"include_last_offset": 1} if last else {})}


def ways_to_bag():
    """Each bag in each mode, in sums also with weights: label, the way, inputs, the fixed ones."""
    for label, (drawn, offsets, padding, last) in BAGS.items():
        inputs = {"ids": drawn, **({} if offsets is None else {"offsets": offsets})}
        for mode in ("sum", "mean", "max"):
            yield f"{mode}_{label}", (mode, padding, last), inputs
        size = tuple(drawn(random.Random(0)).shape)
        yield f"weights_{label}", ("sum", padding, last), {**inputs, "weights": real(*size)}


def with_offsets(f, inputs):
    """For what is called in the order of the inputs: weights without offsets are the fourth."""
    if "weights" in inputs and "offsets" not in inputs:
        return lambda *x: f(*x[:-1], None, x[-1])
    return f


def one_bag(book, name, f, inputs, way, dy_in=False, order=1):
    """f of a table and what `inputs` has; with dy_in of a bag's gradient, too."""
    inputs = {"table": real(6, WIDTH), **inputs}
    if dy_in:
        drawn = {key: recipe(random.Random(0)) for key, recipe in inputs.items()}
        shape = drawn["ids"].shape[:-1] if "offsets" not in drawn else \
            (len(drawn["offsets"]) - way[2],)
        inputs = {"dy_in": real(*shape, WIDTH), **inputs}
    function(book, name, with_offsets(f, inputs), inputs, order=order,
             fixed=("table",) if dy_in else (), **settings_of(*way))


def bags(book):
    for label, way, inputs in ways_to_bag():
        one_bag(book, f"embedding_bag/{label}", torch_bag(*way), inputs, way)
        if label.split("_", 1)[1] in ("matrix", "padded", "empty_bags", "last_offset"):
            f = with_offsets(torch_bag(*way), inputs)
            # The layer's table comes last, as parameters do.
            function(book, f"embedding_bag_layer/{label}", lambda *x, f=f: f(x[-1], *x[:-1]),
                     {**inputs, "fc.weight": real(6, WIDTH)}, **settings_of(*way))
    function(book, "embedding_bag/width_one", torch_bag("mean", None, False),
             {"table": real(4, 1), "ids": given([[1, 3, 1], [0, 0, 2]])}, mean=1)
    function(book, "embedding_bag/wide", torch_bag("sum", None, False),
             {"table": real(4, 67), "ids": given([[1, 3, 1, 0, 2]])}, sum=1)


def bag_gradients(book):
    for label, way, inputs in ways_to_bag():
        # Where an id is twice in a bag, the first place gets all that the largest gets.
        if label not in ("max_vector", "max_matrix", "max_cube", "max_offsets"):
            one_bag(book, f"embedding_bag_gradient/{label}", shares(*way), inputs, way, dy_in=True)
