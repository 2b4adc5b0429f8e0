/* SPDX-License-Identifier: MIT
 *
 * history.h - what a training was like, kept in the model: how many rows, and the learning curves.
 * No times, no paths: the same seed gives the same bytes.
 */
#ifndef TOOLS_HISTORY_H
#define TOOLS_HISTORY_H

#include "common.h"

/* The epochs, in their order; those from before a checkpoint are told anew when it goes on. */
typedef struct history {
    struct history_epoch {
        double train_loss, valid_loss, valid_accuracy;
    } * epochs; /* [room], count of which are filled in */
    size_t count, room;
    bool is_short; /* of memory: some epoch is not there */
} history;

/* For what grove_fit tells; does nothing within an epoch. */
void history_add(history *h, const grove_progress *state);
void history_free(history *h);

/* The metadata "training" of a model, to be freed; NULL when memory is short. refit_rows: of a last
 * training on all rows (refit.h); 0: there was none. */
char *history_text(const history *h, const grove_fit_result *result, size_t rows, size_t valid_rows,
                   size_t refit_rows, long seed);

/* That of a model that was read, NULL where it has none. */
json_t *read_history(const grove_model *model);

#endif
