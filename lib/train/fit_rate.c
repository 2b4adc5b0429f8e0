/* SPDX-License-Identifier: MIT */
#include "fit_rate.h"

#include <stdio.h>

#include "base/error.h"

bool grove_plateau_open(grove_plateau *plateau, grove_graph *graph, grove_fit_options *options,
                        bool validates, grove_error *error) {
    grove_optimizer *optimizer = &options->optimizer;
    *plateau = (grove_plateau){.rate = GROVE_NONE,
                               .factor = options->plateau_factor,
                               .patience = options->plateau_patience};
    if (options->plateau_factor == 0) {
        return true;
    }
    bool possible = options->plateau_factor > 0 && options->plateau_factor < 1 && validates &&
                    optimizer->rate > 0 && !grove_is_valid(optimizer->rate_node);
    if (!possible) {
        grove_fail(
            error, GROVE_BAD_ARGUMENT,
            "training: a plateau_factor must lie between 0 and 1, and wants rows to validate "
            "on and a rate of the optimizer");
        return false;
    }
    plateau->rate = grove_rate_state(graph, "plateau.rate", optimizer->rate);
    optimizer->rate_node = plateau->rate; /* instead of the rate, which it begins with */
    optimizer->rate = 0;
    return true;
}

grove_tensor grove_rate_of(grove_tensor minimize, const grove_optimizer *optimizer) {
    char name[96];
    snprintf(name, sizeof name, "%s.rate", grove_node_name(minimize));
    grove_tensor rate = grove_find(minimize.graph, name);
    return grove_is_valid(rate) ? rate : optimizer->rate_node;
}
