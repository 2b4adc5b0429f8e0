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

/* Opens the file anew: who goes on from a checkpoint is told of the epochs before it once more, and
 * so writes each one once. path NULL: no log. Complains and returns an exit code. */
int epoch_log_open(FILE **log, const char *path);
void epoch_log_add(FILE *log, const grove_progress *progress);
/* Complains and returns an exit code if anything could not be written. */
int epoch_log_close(FILE *log, const char *path);

#endif
