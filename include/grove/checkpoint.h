/* SPDX-License-Identifier: MIT
 *
 * grove/checkpoint.h - a training in a file, to be gone on with as if nothing had happened.
 *
 * A checkpoint holds all that the steps to come depend on: the numbers of every parameter and every
 * state of the optimizer (moments, clocks of rows, the rates of the last steps, averages), how many
 * training runs were counted (the random numbers of dropout go by that), the place in the epoch,
 * the best weights so far, and what was reported of each epoch. Random numbers and the order of the
 * rows are counted, not drawn, so a place is enough to find them again. Who goes on gets the bytes
 * that the uninterrupted training would have given, whether it stopped between epochs or in one,
 * and on any number of threads.
 *
 * It is a safetensors file (tensors_file.h), with a CRC32C for each tensor, and is written whole or
 * not at all: whatever happens to the program or the power, the file at the path is the last one
 * that was finished.
 *
 *     tensor state.<name>     the numbers of the parameter, state or constant of that name
 *     tensor fit.<name>       where grove_fit is: epoch, row, best weights, the epochs so far
 *     metadata "graph"        grove_graph_hash, which says whose numbers these are
 *     metadata "runs"         grove_training_runs
 *     metadata "data"         a hash of what is trained on: ids, numbers, labels, which rows
 *     metadata "options"      the other options that the result depends on, a line each
 */
#ifndef GROVE_CHECKPOINT_H
#define GROVE_CHECKPOINT_H

#include "graph.h"
#include "tensors_file.h"
#include "train.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- of grove_fit ---------------------------------------------------------------------------- */

typedef enum grove_fit_wish {
    GROVE_FIT_GO_ON,
    GROVE_FIT_KEEP, /* write a checkpoint, go on */
    GROVE_FIT_STOP  /* write a checkpoint; grove_fit returns GROVE_INTERRUPTED */
} grove_fit_wish;

/* Set the first part; zero means the default, field by field, but for the path. */
typedef struct grove_fit_checkpoint {
    const char *path;
    bool resume; /* begin where the file at the path says. GROVE_NO_FILE if it cannot be read;
                    GROVE_BAD_FILE, with what differs, if it belongs to another training. Epochs
                    may be more than they were, and patience; threads may be any. The progress
                    callback is told of the earlier epochs once more, with .again */
    const char *options; /* what else the result depends on and the file is to be refused for, in
                            lines, "dropout 0.1\nwidth 8"; NULL: nothing */
    /* Asked with `user` after each step, and after each epoch (row == rows) once it was validated
     * and reported. NULL: a checkpoint after each epoch. */
    grove_fit_wish (*ask)(void *user, const grove_progress *progress);
    void *user;

    int written;       /* grove_fit tells: how many checkpoints, */
    int failed;        /* how many could not be written, which ends only a training that is to
                          stop (the file that was there is still whole), */
    grove_error error; /* and why the last one could not */
} grove_fit_checkpoint;

/* ---- for loops of your own ------------------------------------------------------------------- */

/* Adds all of a graph's numbers to a writer, as "state.<name>", with the metadata "graph" and
 * "runs". They are borrowed: write before the next step. */
GROVE_API grove_status grove_state_add(grove_tensors_writer *writer, const grove_graph *graph,
                                       grove_error *error);

/* Copies them back into a graph that was built in the same way, its updates too. GROVE_BAD_FILE and
 * nothing is copied, if they are those of another graph. Tensors of other names are let be. */
GROVE_API grove_status grove_state_take(const grove_tensors_file *file, grove_graph *graph,
                                        grove_error *error);

#ifdef __cplusplus
}
#endif
#endif
