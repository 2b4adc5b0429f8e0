/* SPDX-License-Identifier: MIT
 *
 * number_ids - a number becomes the id of the bin it lies in: y[i, f] = f * bins + bin(x[i, f]).
 *
 * So a number can have a row in a table, like a category. An age, a number of rooms, an amount that
 * many forms share has few distinct values, and each may mean something of its own that no curve
 * through its neighbours tells. All features share one table: feature f has the rows f * bins to
 * (f + 1) * bins - 1 of its features * bins.
 *
 * Shapes: x [..., features], edges [features, bins + 1] -> ids [..., features]. Bin t reaches from
 *   edge t to below edge t + 1; edges rise. A feature with fewer bins repeats its last edge, as for
 *   piecewise_linear. What lies before the first bin belongs to it, what lies behind the last one
 *   to that.
 * Gradient: none: the bin is constant but for jumps. The rows that are looked up have one.
 * Numerics: exact.
 * Errors: NaN lies in no bin, and fails the run, with its place.
 * Cost: a search by halves, so log2(bins) comparisons a number.
 */
#include <math.h>

#include "edges.h"

static bool shape(grove_shaping *s) {
    if (!grove_want_edges(s, GROVE_MAX_RANK)) {
        return false;
    }
    grove_shape edges = grove_in_shape(s, 1);
    if (edges.dim[0] > INT32_MAX / edges.dim[1]) {
        return grove_refuse(s, GROVE_BAD_SHAPE, "there are more bins than ids");
    }
    s->type = GROVE_ID;
    s->shape = grove_in_shape(s, 0);
    return true;
}

/* How many of the edges [bins] lie at or below x, where the feature's last bin ends at `end`. */
static size_t bin_of(grove_real x, const grove_real *edges, size_t bins) {
    const grove_real end = edges[bins];
    size_t low = 0, high = bins; /* edge `low` is the first or at or below x; `high` is above */
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        bool below = edges[middle] <= x && edges[middle] < end;
        low = below ? middle : low;
        high = below ? high : middle;
    }
    return low;
}

static grove_status run(const grove_call *call, size_t begin, size_t end) {
    const grove_real *x = grove_reals(call, 0), *edges = grove_reals(call, 1);
    const size_t features = call->in[1]->dim[0], bins = call->in[1]->dim[1] - 1;
    grove_id *y = call->out->data; /* [..., features] */
    for (size_t i = begin; i < end; i++) {
        if (isnan(x[i])) {
            return grove_call_fail(call, 0, i, GROVE_BAD_DATA, "is no number, so it has no bin");
        }
        const size_t f = i % features;
        y[i] = (grove_id)(f * bins + bin_of(x[i], edges + f * (bins + 1), bins));
    }
    return GROVE_OK;
}

static size_t items(const grove_call *call) {
    return call->in[0]->count;
}

static size_t cost(const grove_call *call) {
    size_t halves = 4;
    for (size_t bins = call->in[1]->dim[1]; bins > 1; bins /= 2) {
        halves += 4;
    }
    return halves;
}

static grove_tensor build(const grove_tensor *in) {
    return grove_number_ids(in[0], in[1]);
}

/* The first feature has three bins, the second one. */
#define EDGES                                                                                      \
    { .shape = {2, {2, 4}}, .values = GROVE_NUMBERS(0, 1, 3, 4, 10, 20, 20, 20), .no_check = true }

static const grove_example examples[] = {
    /* Before all bins, within them, behind them; and on the edges: the bin that begins there. */
    {.inputs = 2,
     .in = {{.shape = {2, {4, 2}},
             .values = GROVE_NUMBERS(-1, 5, 2, 15, 3, 20, 9, 30),
             .no_check = true},
            EDGES},
     .build = build,
     .out = GROVE_NUMBERS(0, 3, 1, 3, 2, 3, 2, 3)},
    {.inputs = 2, .in = {{.shape = {2, {-1, 2}}}, EDGES}, .build = build},
    {.inputs = 2, .in = {{.shape = {3, {2, 3, 2}}}, EDGES}, .build = build},
    {.inputs = 2,
     .in = {{.shape = {2, {3, 3}}}, EDGES},
     .build = build,
     .refused = "the edges must be a row of two or more for each feature"},
    {.inputs = 2,
     .in = {{.shape = {2, {3, 2}}}, {.shape = {2, {2, 1}}}},
     .build = build,
     .refused = "the edges must be a row of two or more for each feature"},
    {.inputs = 2,
     .in = {{.shape = {0}}, EDGES},
     .build = build,
     .refused = "the numbers must have from 1 to 6 dimensions"},
    {.inputs = 2,
     .in = {{.type = GROVE_ID, .shape = {2, {3, 2}}}, EDGES},
     .build = build,
     .refused = "input 0 must be a tensor of real numbers"},
    {0},
};

GROVE_ROOM(number_ids) = {
    .name = "number_ids",
    .formula = "y[f] = f * bins + the bin of x[f] between edges[f]",
    .min_inputs = 2,
    .max_inputs = 2,
    .shape = shape,
    .run = run,
    .items = items,
    .cost = cost,
    .no_gradient = "ids have no slope",
    .examples = examples,
};

grove_tensor grove_number_ids(grove_tensor x, grove_tensor edges) {
    return grove_append2(&grove_op_number_ids, x, edges, NULL);
}
