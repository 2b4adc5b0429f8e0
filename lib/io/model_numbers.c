/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "model.h"

grove_dtype grove_model_dtype(grove_type type) {
    grove_dtype real = sizeof(grove_real) == sizeof(double) ? GROVE_DTYPE_F64 : GROVE_DTYPE_F32;
    return type == GROVE_ID ? GROVE_DTYPE_I32 : real;
}

size_t grove_model_first_bad(const void *numbers, size_t count, grove_dtype dtype) {
    size_t i = 0;
    if (dtype == GROVE_DTYPE_F32) {
        for (const float *number = numbers; i < count && isfinite(number[i]); i++) {
        }
    } else if (dtype == GROVE_DTYPE_F64) {
        for (const double *number = numbers; i < count && isfinite(number[i]); i++) {
        }
    } else {
        i = count;
    }
    return i;
}

/* ---- loading --------------------------------------------------------------------------------- */

static bool has_shape(const grove_tensors_entry *entry, grove_shape shape) {
    if (entry->rank != (size_t)shape.rank) {
        return false;
    }
    for (int i = 0; i < shape.rank; i++) {
        if (entry->shape[i] != shape.dim[i]) {
            return false;
        }
    }
    return true;
}

static bool has_type(const grove_tensors_entry *entry, grove_type type) {
    if (type == GROVE_ID) {
        return entry->dtype == GROVE_DTYPE_I32;
    }
    return entry->dtype == GROVE_DTYPE_F32 || entry->dtype == GROVE_DTYPE_F64;
}

const grove_tensors_entry *grove_model_claim_numbers(grove_model_loading *loading,
                                                     const grove_shaping *leaf, const char *name) {
    const char *op = leaf->op->name;
    grove_tensors_shown shown = grove_tensors_show(name);
    const grove_tensors_entry *entry = grove_model_claim(loading, name);
    if (!entry) {
        grove_model_refuse(loading,
                           "the tensor '%s', which holds the numbers of the %s of that "
                           "name, is missing",
                           shown.text, op);
        return NULL;
    }
    if (!has_type(entry, leaf->type)) {
        grove_model_refuse(loading, "the tensor '%s' has dtype %s; a %s of %s", shown.text,
                           grove_dtype_name(entry->dtype), op,
                           leaf->type == GROVE_ID ? "ids is I32" : "numbers is F32 or F64");
        return NULL;
    }
    if (!has_shape(entry, leaf->shape)) {
        char has[128], wanted[128];
        bool fits = entry->rank <= GROVE_MAX_RANK;
        grove_shape shape = grove_shape_of(fits ? (int)entry->rank : -1, entry->shape);
        grove_model_refuse(loading, "the tensor '%s' has the shape %s, but its %s has %s",
                           shown.text, grove_shape_text(shape, has, sizeof has), op,
                           grove_shape_text(leaf->shape, wanted, sizeof wanted));
        return NULL;
    }
    return entry;
}

static void convert(grove_real *to, const grove_tensors_entry *entry) {
    const float *single = entry->data;
    const double *twofold = entry->data;
    for (size_t i = 0; i < entry->count; i++) {
        to[i] = entry->dtype == GROVE_DTYPE_F32 ? (grove_real)single[i] : (grove_real)twofold[i];
    }
}

void grove_model_copy_numbers(grove_model_loading *loading, const grove_tensors_entry *entry,
                              grove_tensor leaf) {
    grove_dtype own = grove_model_dtype(grove_node_type(leaf));
    void *data = grove_parameter_data(leaf);
    if (entry->dtype != own) {
        convert(data, entry);
    } else if (entry->bytes > 0) {
        memcpy(data, entry->data, entry->bytes);
    }
    size_t bad = grove_model_first_bad(data, entry->count, own);
    if (bad < entry->count) {
        grove_model_refuse(loading,
                           "the tensor '%s' has a number that is not finite, at position "
                           "%zu",
                           grove_tensors_show(entry->name).text, bad);
    }
}
