/* SPDX-License-Identifier: MIT
 *
 * epoch_log.h - what training tells a machine while it runs: --log FILE.jsonl, an object for each
 * epoch and split.
 *
 *     {"epoch": 1, "step": 40, "split": "train", "loss": 0.61, "metrics": {}, "lr": 0.001,
 *      "seconds": 0.2, "rows": 10000}
 *     {"epoch": 1, "step": 40, "split": "valid", "loss": 0.55, "metrics": {"accuracy": ...}, ...}
 *
 * step counts from the first epoch on, lr is that of the epoch's last step, seconds are those of
 * the epoch, validation included. Each line is there when its epoch is over.
 */
#ifndef TOOLS_EPOCH_LOG_H
#define TOOLS_EPOCH_LOG_H

#include <stdio.h>

#include "grove/grove.h"

typedef struct epoch_log {
    FILE *file;  /* NULL: there is no log */
    int trouble; /* errno of the first write that failed */
} epoch_log;

/* Opens the file anew: who goes on from a checkpoint is told of the epochs before it once more, and
 * so writes each one once. path NULL: no log. Complains and returns an exit code. */
int epoch_log_open(epoch_log *log, const char *path);
/* log NULL: there is none. */
void epoch_log_add(epoch_log *log, const grove_progress *progress);
/* Complains and returns an exit code if anything could not be written. */
int epoch_log_close(epoch_log *log, const char *path);

#endif
