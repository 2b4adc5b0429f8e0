/* SPDX-License-Identifier: MIT
 *
 * progress.h - what training tells while it runs, on stderr: a bar on a terminal, else a line an
 * epoch.
 */
#ifndef TOOLS_PROGRESS_H
#define TOOLS_PROGRESS_H

#include <stdio.h>

#include "epoch_log.h"
#include "grove/grove.h"
#include "history.h"
#include "options.h"

enum progress_kind { PROGRESS_AUTO, PROGRESS_BAR, PROGRESS_LINES, PROGRESS_NONE };

typedef struct progress {
    enum progress_kind kind; /* AUTO is decided by progress_new */
    epoch_log *log;          /* of epochs; or NULL */
    history *history;        /* of epochs; or NULL */
    bool is_of_stages;       /* of boosting, not of epochs */
} progress;

/* Of a word of --progress. */
progress progress_new(const char *word);

/* For grove_fit_options.progress; `user` is a progress. */
bool progress_show(void *user, const grove_progress *state);

#endif
