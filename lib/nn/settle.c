/* SPDX-License-Identifier: MIT
 *
 * settle.c - between two steps: resting rows are brought up to date, and running averages take the
 * weights' place and give it back.
 */
#include <stdio.h>

#include "grove/nn.h"
#include "grove/plan.h"

/* The group that settles, or GROVE_NONE for what grove_minimize has not returned. */
static grove_tensor settled_of(grove_tensor minimize) {
    char text[96];
    snprintf(text, sizeof text, "%s.settled", grove_node_name(minimize));
    return grove_find(minimize.graph, text);
}

grove_tensor grove_settled(grove_tensor minimize) {
    grove_tensor settled = settled_of(minimize);
    if (!grove_is_valid(settled) && grove_is_valid(minimize)) {
        grove_mistake(minimize.graph, GROVE_BAD_ARGUMENT,
                      "settled: the tensor was not made by grove_minimize");
    }
    return settled;
}

grove_status grove_settle(grove_tensor minimize) {
    grove_tensor settled = settled_of(minimize);
    const grove_error *mistake = grove_graph_error(minimize.graph);
    if (minimize.graph && mistake->status != GROVE_OK) {
        return grove_notice(minimize.graph, mistake->status, "%s", mistake->message);
    }
    if (!grove_is_valid(settled)) {
        return grove_notice(minimize.graph, GROVE_BAD_ARGUMENT,
                            "settle: the tensor was not made by grove_minimize");
    }
    grove_plan_options options = {.training = true,
                                  .allocator = grove_graph_allocator(minimize.graph)};
    grove_plan *plan = grove_plan_new(minimize.graph, &settled, 1, &options);
    uint64_t runs = grove_training_runs(minimize.graph);
    grove_status status = grove_run(plan);
    grove_set_training_runs(minimize.graph, runs); /* settling is no step of training */
    if (status != GROVE_OK) {
        grove_notice(minimize.graph, status, "%s", grove_plan_error(plan)->message);
    }
    grove_plan_free(plan);
    return status;
}

/* ---- running averages ------------------------------------------------------------------------ */

/* The state that keeps the parameter's average, or GROVE_NONE. */
static grove_tensor average_of(grove_tensor parameter) {
    char text[640];
    snprintf(text, sizeof text, "%s.average", grove_node_name(parameter));
    grove_tensor average = grove_find(parameter.graph, text);
    bool good = grove_parameter_data(average) && grove_node_type(average) == GROVE_REAL &&
                grove_parameter_size(average) == grove_parameter_size(parameter);
    return good ? average : GROVE_NONE;
}

static void swap(grove_tensor parameter, grove_tensor average) {
    grove_real *w = grove_parameter_data(parameter), *a = grove_parameter_data(average);
    for (size_t i = 0; i < grove_parameter_size(parameter); i++) {
        grove_real kept = w[i];
        w[i] = a[i];
        a[i] = kept;
    }
}

grove_status grove_swap_averages(grove_tensor minimize) {
    grove_status status = grove_settle(minimize);
    int swapped = 0;
    for (int32_t i = 0; status == GROVE_OK && i < grove_parameter_count(minimize.graph); i++) {
        grove_tensor parameter = grove_parameter_at(minimize.graph, i);
        grove_tensor average =
            grove_parameter_is_trainable(parameter) ? average_of(parameter) : GROVE_NONE;
        if (grove_is_valid(average)) {
            swap(parameter, average);
            swapped++;
        }
    }
    if (status == GROVE_OK && swapped == 0) {
        return grove_notice(minimize.graph, GROVE_BAD_ARGUMENT,
                            "swap averages: the optimizer keeps none; ask for them with .average");
    }
    return status;
}
