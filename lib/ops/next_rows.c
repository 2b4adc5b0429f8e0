/* SPDX-License-Identifier: MIT
 *
 * next_rows - y[i] = (step * count + i) mod rows: `count` rows of a table, in each update the next
 * ones. So each row has its turn after ceil(rows / count) updates, whatever the batches name; and
 * none rests for longer than its optimizer can remember.
 *
 * Shapes: step a scalar id -> [count] ids.
 * Cost: one division an id.
 */
#include "room.h"

struct next_rows {
    int64_t rows, count;
};

static const grove_field fields[] = {GROVE_FIELD(struct next_rows, rows, INT),
                                     GROVE_FIELD(struct next_rows, count, INT),
                                     GROVE_NO_MORE_FIELDS};

static bool shape(grove_shaping *s) {
    const struct next_rows *a = s->attributes;
    s->type = GROVE_ID;
    s->shape = GROVE_SHAPE(a->count);
    if (!grove_want_type(s, 0, GROVE_ID) || !grove_want_shape(s, 0, GROVE_SCALAR, "the step")) {
        return false;
    }
    return (a->rows >= 1 && a->rows <= INT32_MAX && a->count >= 0 && a->count <= INT32_MAX) ||
           grove_refuse(s, GROVE_BAD_ARGUMENT, "rows and their number must be ids, rows above 0");
}

static grove_status run(const grove_call *call, size_t begin, size_t end) {
    const struct next_rows *a = call->attributes;
    int64_t step = grove_ids(call, 0)[0];
    grove_id *y = call->out->data;
    for (size_t i = begin; i < end; i++) {
        y[i] = (grove_id)(((step > 0 ? step : 0) * a->count + (int64_t)i) % a->rows);
    }
    return GROVE_OK;
}

static grove_tensor build(const grove_tensor *in) {
    return grove_next_rows(in[0], 5, 2);
}
static grove_tensor build_of_nothing(const grove_tensor *in) {
    return grove_next_rows(in[0], 0, 2);
}

static const grove_example examples[] = {
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {0}, .values = GROVE_NUMBERS(2)}},
     .build = build,
     .out = GROVE_NUMBERS(4, 0)},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {0}}},
     .build = build_of_nothing,
     .refused = "rows above 0"},
    {0},
};

GROVE_ROOM(next_rows) = {
    .name = "next_rows",
    .formula = "y[i] = (step * count + i) mod rows",
    .min_inputs = 1,
    .max_inputs = 1,
    .attribute_size = sizeof(struct next_rows),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = grove_by_element,
    .no_gradient = "ids have no slope",
    .examples = examples,
};

grove_tensor grove_next_rows(grove_tensor step, int64_t rows, int64_t count) {
    struct next_rows attributes = {.rows = rows, .count = count};
    return grove_append1(&grove_op_next_rows, step, &attributes);
}
