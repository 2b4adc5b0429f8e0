/* SPDX-License-Identifier: MIT */
#include "epoch_log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"

static int complain_of(const char *path, int number) {
    char sentence[600];
    snprintf(sentence, sizeof sentence, "cannot write the log '%.300s': %s", path,
             strerror(number));
    return complain("train", EXIT_RUN_TIME, sentence);
}

int epoch_log_open(epoch_log *log, const char *path) {
    *log = (epoch_log){.file = path ? fopen(path, "w") : NULL};
    return path && !log->file ? complain_of(path, errno) : EXIT_DONE;
}

/* `metrics` is given away. */
static void add(FILE *log, const grove_progress *p, const char *split, double loss, size_t rows,
                json_t *metrics) {
    json_t *line = json_pack("{s:i, s:I, s:s, s:o, s:o, s:o, s:o, s:I}", "epoch", p->epoch, "step",
                             (json_int_t)p->step, "split", split, "loss", json_number(loss),
                             "metrics", metrics, "lr", json_number(p->rate), "seconds",
                             json_number(p->seconds), "rows", (json_int_t)rows);
    char *text = json_write(line, JSON_COMPACT);
    if (text) {
        fprintf(log, "%s\n", text);
    } else {
        fprintf(stderr, "grove train: warning: memory is short, epoch %d is not in the log\n",
                p->epoch);
    }
    free(text);
}

void epoch_log_add(epoch_log *log, const grove_progress *p) {
    if (log && log->file && p->row == p->rows) {
        add(log->file, p, "train", p->train_loss, p->rows, json_object());
        if (p->valid.rows > 0) {
            json_t *metrics = json_metrics(&p->valid);
            json_object_del(metrics, "rows");
            add(log->file, p, "valid", p->valid_loss, p->valid.rows, metrics);
        }
        const bool bad = fflush(log->file) != 0 || ferror(log->file);
        log->trouble = log->trouble || !bad ? log->trouble : errno ? errno : EIO;
    }
}

int epoch_log_close(epoch_log *log, const char *path) {
    const bool lost = log->file && fclose(log->file) != 0;
    log->trouble = lost && !log->trouble ? errno : log->trouble;
    return log->trouble ? complain_of(path, log->trouble) : EXIT_DONE;
}
