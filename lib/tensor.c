/* SPDX-License-Identifier: MIT
 *
 * tensor.c - stage one: shapes. (The handle needs no code.)
 */
#include "grove/tensor.h"

#include <inttypes.h>
#include <stdio.h>

grove_shape grove_shape_of(int rank, const int64_t *dim) {
    grove_shape shape = {.rank = rank};
    if (rank < 0 || rank > GROVE_MAX_RANK) {
        shape.rank = -1;
        return shape;
    }
    for (int i = 0; i < rank; i++) {
        shape.dim[i] = dim[i];
    }
    return shape;
}

bool grove_shape_equal(grove_shape a, grove_shape b) {
    if (a.rank != b.rank || a.rank > GROVE_MAX_RANK) {
        return false;
    }
    for (int i = 0; i < a.rank; i++) {
        if (a.dim[i] != b.dim[i]) {
            return false;
        }
    }
    return true;
}

/* "12", "batch", "3*batch", "3*batch + 12" */
static int dimension_text(int64_t dim, char *text, size_t size) {
    int64_t batches = grove_dim_batches(dim), more = grove_dim_more(dim);
    if (dim >= 0) {
        return snprintf(text, size, "%" PRId64, dim);
    }
    char times[32] = "", sum[32] = "";
    if (batches != 1) {
        snprintf(times, sizeof times, "%" PRId64 "*", batches);
    }
    if (more != 0) {
        snprintf(sum, sizeof sum, " + %" PRId64, more);
    }
    return snprintf(text, size, "%sbatch%s", times, sum);
}

const char *grove_shape_text(grove_shape shape, char *text, size_t size) {
    if (shape.rank < 0 || shape.rank > GROVE_MAX_RANK) {
        snprintf(text, size, "[more than %d dimensions]", GROVE_MAX_RANK);
        return text;
    }
    size_t used = (size_t)snprintf(text, size, "[");
    for (int i = 0; i < shape.rank && used < size; i++) {
        used += (size_t)snprintf(text + used, size - used, i ? ", " : "");
        if (used < size) {
            used += (size_t)dimension_text(shape.dim[i], text + used, size - used);
        }
    }
    if (used < size) {
        snprintf(text + used, size - used, "]");
    }
    return text;
}
