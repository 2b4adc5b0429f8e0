/* SPDX-License-Identifier: MIT
 *
 * golden_builders.c - finds the builder of a case, by its name's first part, among those of the
 * files golden_builders_*.c; and knows which ops have no golden numbers, and why.
 */
#include <string.h>

#include "golden_builders.h"

/* Ops that have no golden numbers, and why: {"op", "held against plain C in test_x.c"}. A row for
 * each; the last one has no op. */
/* clang-format off */
static const struct {
    const char *op, *reason;
} exceptions[] = {
    {"normal_rows", "random draws, held against their law in test_bayesian.c"},
    {"sample_uniform", "random draws, held against their law in test_sampled_losses.c"},
    {"sample_log_uniform", "random draws, held against their law in test_sampled_losses.c"},
    {"sample_alias", "random draws, held against their law in test_sampled_losses.c"},
    {NULL, NULL},
};
/* clang-format on */

bool golden_is_exception(const char *op) {
    int i = 0;
    while (exceptions[i].op && strcmp(exceptions[i].op, op) != 0) {
        i++;
    }
    return exceptions[i].op != NULL;
}

const golden_builder *golden_builder_of(const char *case_name) {
    const golden_builder *const tables[] = {golden_op_builders, golden_embedding_builders,
                                            golden_layer_builders, golden_loss_builders,
                                            golden_model_builders};
    size_t length = strcspn(case_name, "/");
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        for (const golden_builder *row = tables[i]; row->name; row++) {
            if (strlen(row->name) == length && memcmp(row->name, case_name, length) == 0) {
                return row;
            }
        }
    }
    return NULL;
}
