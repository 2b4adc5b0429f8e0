/* SPDX-License-Identifier: MIT */
#include "history.h"

#include <stdlib.h>
#include <string.h>

void history_add(history *h, const grove_progress *state) {
    if (!h || state->row < state->rows) {
        return;
    }
    if (h->count == h->room) {
        const size_t room = h->room ? 2 * h->room : 32;
        void *grown = realloc(h->epochs, room * sizeof *h->epochs);
        h->is_short = h->is_short || !grown;
        if (!grown) {
            return;
        }
        h->epochs = grown;
        h->room = room;
    }
    h->epochs[h->count++] = (struct history_epoch){.train_loss = state->train_loss,
                                                   .valid_loss = state->valid_loss,
                                                   .valid_accuracy = state->valid.accuracy};
}

void history_free(history *h) {
    free(h->epochs);
    *h = (history){0};
}

char *history_text(const history *h, const grove_fit_result *result, size_t rows, size_t valid_rows,
                   size_t refit_rows, long seed) {
    json_t *train = json_array(), *valid = json_array(), *accuracy = json_array();
    for (size_t i = 0; i < h->count; i++) {
        json_array_append_new(train, json_number(h->epochs[i].train_loss));
        if (valid_rows > 0) {
            json_array_append_new(valid, json_number(h->epochs[i].valid_loss));
            json_array_append_new(accuracy, json_number(h->epochs[i].valid_accuracy));
        }
    }
    json_t *object =
        json_pack("{s:I, s:I, s:I, s:i, s:i, s:o, s:o, s:o}", "rows", (json_int_t)rows,
                  "validation_rows", (json_int_t)valid_rows, "seed", (json_int_t)seed, "epochs",
                  result->epochs, "best_epoch", result->best_epoch, "training_loss", train,
                  "validation_loss", valid, "validation_accuracy", accuracy);
    if (refit_rows > 0) {
        json_object_set_new(object, "refit_rows", json_integer((json_int_t)refit_rows));
    }
    char *text = json_write(object, JSON_COMPACT);
    if (h->is_short) {
        free(text);
        text = NULL;
    }
    return text;
}

/* A file is not trusted: an object, or nothing. */
json_t *read_history(const grove_model *model) {
    const char *text = grove_model_metadata(model, "training");
    json_t *object = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (!json_is_object(object)) {
        json_decref(object);
        object = NULL;
    }
    return object;
}
