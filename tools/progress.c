/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BAR_WIDTH = 30 };

progress progress_new(const char *word) {
    const char *const words[] = {"auto", "bar", "lines", "none"};
    enum progress_kind wish = PROGRESS_AUTO;
    for (int i = 0; i < 4; i++) {
        wish = strcmp(word, words[i]) == 0 ? (enum progress_kind)i : wish;
    }
    const char *term = getenv("TERM");
    bool terminal = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
    if (wish == PROGRESS_AUTO) {
        wish = terminal ? PROGRESS_BAR : PROGRESS_LINES;
    }
    return (progress){.kind = wish};
}

static void show_line(const grove_progress *p, const char *word) {
    fprintf(stderr, "%s %2d of %d: training loss %.4f", word, p->epoch, p->epochs, p->train_loss);
    if (p->valid.rows > 0) {
        static const char *const names[] = {[GROVE_TARGET_CLASS] = "accuracy",
                                            [GROVE_TARGET_NUMBER] = "r2",
                                            [GROVE_TARGET_SET] = "f1_micro"};
        const double values[] = {[GROVE_TARGET_CLASS] = p->valid.accuracy,
                                 [GROVE_TARGET_NUMBER] = p->valid.r2,
                                 [GROVE_TARGET_SET] = p->valid.f1_micro};
        fprintf(stderr, ", validation loss %.4f, %s %.4f%s", p->valid_loss, names[p->valid.target],
                values[p->valid.target], p->is_best ? " (the best so far)" : "");
    }
    fprintf(stderr, "\n");
}

/* One line that is written over and over; an epoch's end leaves its line standing. */
static void show_bar(const grove_progress *p, const char *word) {
    char bar[BAR_WIDTH + 1];
    size_t full = p->rows ? p->row * BAR_WIDTH / p->rows : BAR_WIDTH;
    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', full);
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r\033[K%s %2d of %d [%s] training loss %.4f", word, p->epoch, p->epochs, bar,
            p->train_loss);
    fflush(stderr);
}

bool progress_show(void *user, const grove_progress *state) {
    const progress *how = user;
    bool epoch_is_over = state->row == state->rows;
    const char *word = how->is_of_stages ? "stage" : "epoch";
    epoch_log_add(how->log, state);
    history_add(how->history, state);
    if (state->again) {
        return true; /* it was shown when it was trained */
    }
    if (how->kind == PROGRESS_BAR && !epoch_is_over) {
        show_bar(state, word);
    } else if (how->kind != PROGRESS_NONE && epoch_is_over) {
        fprintf(stderr, "%s", how->kind == PROGRESS_BAR ? "\r\033[K" : "");
        show_line(state, word);
    }
    return true;
}
