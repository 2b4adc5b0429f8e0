/* SPDX-License-Identifier: MIT
 *
 * check_ids - what it costs that each lookup checks its ids: the kernel of embedding against the
 * same loop without the check, for a table of 73,000 rows of 12 numbers.
 *
 *     build/tests/cost_check_ids [--once]
 */
#include "cost.h"

#include "ops/room.h"

enum { ROWS = 73000, WIDTH = 12, MOST_IDS = 65536, REPEATS = 31 };

static void with_check(void *state) {
    const grove_call *call = state;
    if (grove_op_table[GROVE_ROW_embedding]->run(call, 0, call->in[1]->count) != GROVE_OK) {
        abort();
    }
}

/* Word for word the kernel's loop. */
static void without_check(void *state) {
    const grove_call *call = state;
    const grove_real *table = grove_reals(call, 0);
    const grove_id *ids = grove_ids(call, 1);
    size_t width = grove_width(call->out);
    grove_real *y = grove_out(call);
    for (size_t i = 0; i < call->in[1]->count; i++) {
        memcpy(y + i * width, table + (size_t)ids[i] * width, width * sizeof *y);
    }
}

static void measure(grove_view *table, grove_view *ids, grove_view *y, size_t count, bool once) {
    ids->count = ids->dim[0] = y->dim[0] = count;
    y->count = count * WIDTH;
    const grove_view *in[] = {table, ids};
    grove_call call = {.out = y, .in = in, .inputs = 2};
    cost_way ways[] = {{.name = "checked", .work = with_check, .state = &call},
                       {.name = "unchecked", .work = without_check, .state = &call}};
    cost_measure(ways, 2, once ? 1 : REPEATS, once ? 1 : (int)(4 * MOST_IDS / count));
    double checked = ways[0].seconds[0] / (double)count;
    double unchecked = ways[1].seconds[0] / (double)count;
    printf("%8zu  %14.2f  %14.2f  %+12.2f  %+8.1f %%\n", count, 1e9 * checked, 1e9 * unchecked,
           1e9 * (checked - unchecked), 100 * (checked / unchecked - 1));
}

int main(int argc, char **argv) {
    bool once = cost_only_once(argc, argv);
    grove_real *numbers = calloc((size_t)ROWS * WIDTH, sizeof *numbers);
    grove_real *out = calloc((size_t)MOST_IDS * WIDTH, sizeof *out);
    grove_id *ids = calloc(MOST_IDS, sizeof *ids);
    if (!numbers || !out || !ids) {
        return 1;
    }
    uint32_t random = 1;
    for (size_t i = 0; i < (size_t)ROWS * WIDTH; i++) {
        numbers[i] = (grove_real)i;
    }
    for (size_t i = 0; i < MOST_IDS; i++) {
        random = random * 1664525u + 1013904223u;
        ids[i] = (grove_id)((uint64_t)random * ROWS >> 32);
    }
    grove_view table = {numbers, (size_t)ROWS * WIDTH, {ROWS, WIDTH}, 2, GROVE_REAL};
    grove_view id_view = {ids, MOST_IDS, {MOST_IDS}, 1, GROVE_ID};
    grove_view y = {out, (size_t)MOST_IDS * WIDTH, {MOST_IDS, WIDTH}, 2, GROVE_REAL};
    printf("a lookup in a table of %d x %d numbers of %zu bytes, in nanoseconds an id\n", ROWS,
           WIDTH, sizeof(grove_real));
    printf("%8s  %14s  %14s  %12s\n", "ids", "checked", "unchecked", "the check");
    for (size_t count = 256; count <= MOST_IDS; count *= 4) {
        measure(&table, &id_view, &y, count, once);
    }
    free(numbers);
    free(out);
    free(ids);
    return 0;
}
