/* SPDX-License-Identifier: MIT
 *
 * progress.h - what training tells while it runs, on stderr: a bar on a terminal, else a line an
 * epoch.
 */
#ifndef TOOLS_PROGRESS_H
#define TOOLS_PROGRESS_H

#include "grove/grove.h"
#include "options.h"

typedef struct progress {
    enum progress_kind kind; /* AUTO is decided by progress_new */
} progress;

progress progress_new(enum progress_kind wish);

/* For grove_fit_options.progress; `user` is a progress. */
bool progress_show(void *user, const grove_progress *state);

#endif
