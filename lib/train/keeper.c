/* SPDX-License-Identifier: MIT
 *
 * keeper.c - the place in a training, and when it is written down.
 */
#include "keeper.h"

#include "base/clock.h"
#include "base/error.h"

double grove_keeper_seconds(const grove_keeper *keeper) {
    return keeper->seconds + grove_seconds_now() - keeper->begun;
}

bool grove_keeper_open(grove_keeper *keeper, grove_error *error) {
    grove_fit_checkpoint *wish = keeper->options->checkpoint;
    keeper->epoch = 1;
    keeper->begun = grove_seconds_now();
    if (!wish) {
        return true;
    }
    wish->written = wish->failed = 0;
    wish->error = (grove_error){0};
    if (!wish->path) {
        grove_fail(error, GROVE_BAD_ARGUMENT, "training: the checkpoint has no path");
        return false;
    }
    return !wish->resume || grove_keeper_read(keeper, error) == GROVE_OK;
}

void grove_keeper_close(grove_keeper *keeper) {
    if (keeper->graph) {
        grove_allocator allocator = grove_graph_allocator(keeper->graph);
        grove_release(&allocator, keeper->epochs);
        keeper->epochs = NULL;
    }
}

/* A file that cannot be written is no reason to lose what was learned: training goes on, unless it
 * is to stop here. */
static bool keep(grove_keeper *keeper, grove_fit_wish wanted, grove_error *error) {
    grove_fit_checkpoint *wish = keeper->options->checkpoint;
    if (wanted == GROVE_FIT_GO_ON) {
        return true;
    }
    if (grove_keeper_write(keeper, &wish->error) == GROVE_OK) {
        wish->written++;
    } else {
        wish->failed++;
        if (wanted == GROVE_FIT_STOP) {
            *error = wish->error;
        }
        return wanted != GROVE_FIT_STOP;
    }
    if (wanted == GROVE_FIT_STOP) {
        grove_fail(error, GROVE_INTERRUPTED,
                   "training was stopped in epoch %d, after %zu of %zu rows", keeper->epoch,
                   keeper->row, keeper->train.count);
    }
    return wanted != GROVE_FIT_STOP;
}

bool grove_keeper_step(grove_keeper *keeper, const grove_progress *progress,
                       grove_losses_so_far sum, grove_error *error) {
    const grove_fit_checkpoint *wish = keeper->options->checkpoint;
    if (!wish || !wish->ask || progress->row >= progress->rows) {
        return true;
    }
    keeper->row = progress->row;
    keeper->step = progress->step;
    keeper->sum = sum;
    grove_fit_wish wanted = wish->ask(wish->user, progress);
    if (wanted != GROVE_FIT_GO_ON) {
        keeper->seconds = grove_keeper_seconds(keeper);
        keeper->begun = grove_seconds_now();
    }
    return keep(keeper, wanted, error);
}

/* Notes the epoch as it was reported. */
static bool note_epoch(grove_keeper *keeper, const grove_progress *progress, grove_error *error) {
    grove_allocator allocator = grove_graph_allocator(keeper->graph);
    size_t count = (size_t)progress->epoch - 1;
    grove_progress *grown =
        grove_grow(&allocator, keeper->epochs, count, &keeper->room, sizeof *grown);
    if (!grown) {
        grove_fail_memory(error, 2 * (count + 1) * sizeof *grown);
        return false;
    }
    keeper->epochs = grown;
    keeper->epochs[count] = *progress;
    return true;
}

bool grove_keeper_epoch(grove_keeper *keeper, const grove_progress *progress, grove_error *error) {
    const grove_fit_checkpoint *wish = keeper->options->checkpoint;
    if (wish && !note_epoch(keeper, progress, error)) {
        return false;
    }
    keeper->epoch = progress->epoch + 1;
    keeper->step = progress->step;
    keeper->row = 0;
    keeper->sum = (grove_losses_so_far){0, 0};
    keeper->seconds = 0;
    keeper->begun = grove_seconds_now();
    if (!wish) {
        return true;
    }
    return keep(keeper, wish->ask ? wish->ask(wish->user, progress) : GROVE_FIT_KEEP, error);
}
