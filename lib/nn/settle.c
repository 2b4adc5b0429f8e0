/* SPDX-License-Identifier: MIT
 *
 * settle.c - between two steps: resting rows are brought up to date.
 */
#include <stdio.h>

#include "grove/nn.h"
#include "grove/plan.h"

grove_tensor grove_settled(grove_tensor minimize) {
    char text[96];
    snprintf(text, sizeof text, "%s.settled", grove_node_name(minimize));
    grove_tensor settled = grove_find(minimize.graph, text);
    if (!grove_is_valid(settled) && grove_is_valid(minimize)) {
        grove_mistake(minimize.graph, GROVE_BAD_ARGUMENT,
                      "settled: the tensor was not made by grove_minimize");
    }
    return settled;
}

grove_status grove_settle(grove_tensor minimize) {
    grove_tensor settled = grove_settled(minimize);
    if (!grove_is_valid(settled)) {
        return minimize.graph ? grove_graph_error(minimize.graph)->status : GROVE_BAD_ARGUMENT;
    }
    grove_plan_options options = {.training = true,
                                  .allocator = grove_graph_allocator(minimize.graph)};
    grove_plan *plan = grove_plan_new(minimize.graph, &settled, 1, &options);
    uint64_t runs = grove_training_runs(minimize.graph);
    grove_status status = grove_run(plan);
    grove_set_training_runs(minimize.graph, runs); /* settling is no step of training */
    grove_plan_free(plan);
    return status;
}
