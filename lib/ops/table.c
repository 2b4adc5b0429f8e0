/* SPDX-License-Identifier: MIT
 *
 * ops/table.c - the one table of ops, made from the rows of ops.def. A row without its room does
 * not link.
 */
#include "room.h"

#define GROVE_OP(name, parameters, contract) extern const grove_op grove_op_##name;
#include "grove/ops.def"
#undef GROVE_OP

const grove_op *const grove_op_table[GROVE_ROWS] = {
#define GROVE_OP(name, parameters, contract) &grove_op_##name,
#include "grove/ops.def"
#undef GROVE_OP
};

const grove_op *grove_op_named(const char *name) {
    for (int i = 0; i < GROVE_ROWS; i++) {
        if (strcmp(grove_op_table[i]->name, name) == 0) {
            return grove_op_table[i];
        }
    }
    return NULL;
}
