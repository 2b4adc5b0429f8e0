/* SPDX-License-Identifier: MIT */
#include "trainables.h"

#include <string.h>

size_t grove_trainable_count(const grove_graph *graph) {
    size_t size = 0;
    for (int32_t i = 0; i < grove_parameter_count(graph); i++) {
        grove_tensor parameter = grove_parameter_at(graph, i);
        size += grove_parameter_is_trainable(parameter) ? grove_parameter_size(parameter) : 0;
    }
    return size;
}

void grove_trainable_copy(const grove_graph *graph, grove_real *array, bool back) {
    for (int32_t i = 0; i < grove_parameter_count(graph); i++) {
        grove_tensor parameter = grove_parameter_at(graph, i);
        size_t size = grove_parameter_size(parameter);
        grove_real *data = grove_parameter_data(parameter);
        if (grove_parameter_is_trainable(parameter)) {
            memcpy(back ? data : array, back ? array : data, size * sizeof *data);
            array += size;
        }
    }
}
