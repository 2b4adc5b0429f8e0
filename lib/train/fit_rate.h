/* SPDX-License-Identifier: MIT
 *
 * train/fit_rate.h - the learning rate of a training: what it is, and lowering it.
 */
#ifndef GROVE_TRAIN_FIT_RATE_H
#define GROVE_TRAIN_FIT_RATE_H

#include "grove/train.h"

/* Where the options ask for a plateau, the optimizer's rate becomes a state, which the plateau
 * lowers; else its .rate is GROVE_NONE. False with the mistake told. */
bool grove_plateau_open(grove_plateau *plateau, grove_graph *graph, grove_fit_options *options,
                        bool validates, grove_error *error);

/* What the updates of `minimize` take as their rate: with its schedule, or as it was given. */
grove_tensor grove_rate_of(grove_tensor minimize, const grove_optimizer *optimizer);

#endif
