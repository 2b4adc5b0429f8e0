/* SPDX-License-Identifier: MIT */
#include "resume.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common.h"
#include "interrupt.h"
#include "option_table.h"
#include "settings.h"

/* Is a file written without being interrupted? */
static bool is_regular(const options *o) {
    return o->checkpoint || o->checkpoint_every >= 0 || o->keep_checkpoint;
}

/* With this epoch, which was seen. */
static bool ends(const resume *r, const grove_progress *progress) {
    return progress->row == progress->rows &&
           (progress->epoch >= progress->epochs || progress->epoch - r->best >= r->patience);
}

void resume_see(resume *r, const grove_progress *progress) {
    if (progress->row == progress->rows && progress->is_best) {
        r->best = progress->epoch;
    }
}

static grove_fit_wish ask(void *user, const grove_progress *progress) {
    resume *r = user;
    bool epoch_is_over = progress->row == progress->rows;
    if (r->file.failed > 0 && !r->warned && is_regular(r->o)) {
        fprintf(stderr, "grove train: warning: %s; training goes on without it\n",
                r->file.error.message);
        r->warned = true;
    }
    if (interrupt_noted()) {
        return GROVE_FIT_STOP;
    }
    if (r->refits && ends(r, progress)) {
        return GROVE_FIT_KEEP;
    }
    if (!is_regular(r->o)) {
        return GROVE_FIT_GO_ON;
    }
    bool due = r->o->checkpoint_every >= 0 ? seconds_now() - r->last >= r->o->checkpoint_every
                                           : epoch_is_over;
    if (!due && !(epoch_is_over && r->o->keep_checkpoint)) {
        return GROVE_FIT_GO_ON;
    }
    r->last = seconds_now();
    return GROVE_FIT_KEEP;
}

/* "trees.safetensors" has "trees.ckpt.safetensors", anything else that ending more. */
static char *default_path(const char *model) {
    static const char ending[] = ".safetensors", own[] = ".ckpt.safetensors";
    size_t length = strlen(model), cut = sizeof ending - 1;
    if (length > cut && strcmp(model + length - cut, ending) == 0) {
        length -= cut;
    }
    char *path = malloc(length + sizeof own);
    if (path) {
        memcpy(path, model, length);
        memcpy(path + length, own, sizeof own);
    }
    return path;
}

/* Does the result depend on it? What says how data are read shows in the data themselves. */
static bool decides(const option_row *row) {
    for (int i = 0; i < GROVE_SETTINGS; i++) { /* settings_lines has them */
        if (strcmp(row->name, grove_setting_name((grove_setting)i)) == 0) {
            return false;
        }
    }
    if (strcmp(row->name, "time-limit") == 0) {
        return false; /* which only says when it ends */
    }
    bool number = row->kind == OPTION_WHOLE || row->kind == OPTION_NUMBER;
    return row->group == GROUP_MODEL || row->group == GROUP_TRAINING ||
           (row->group == GROUP_INPUT && number) || strcmp(row->name, "seed") == 0;
}

static void print_value(FILE *to, const option_row *row, const options *o) {
    const void *field = (const char *)o + row->field;
    char text[32];
    switch (row->kind) {
    case OPTION_FLAG:
        fputs(*(const bool *)field ? "yes" : "no", to);
        break;
    case OPTION_WHOLE:
        fprintf(to, "%ld", *(const long *)field);
        break;
    case OPTION_NUMBER:
        fputs(grove_format_number(text, *(const double *)field), to);
        break;
    case OPTION_CHOICE:
    case OPTION_TEXT:
    case OPTION_COLUMN:
        fputs(*(const char *const *)field ? *(const char *const *)field : "none", to);
        break;
    default:
        break;
    }
}

/* A line for each such option. Most of it shows in the graph, too: so that a checkpoint of another
 * training is refused with the option that differs. */
static char *option_lines(const options *o) {
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    for (const option_row *row = option_table; to && row->name; row++) {
        if (takes_option(&commands[COMMAND_TRAIN], row) && decides(row)) {
            fprintf(to, "--%s ", row->name);
            print_value(to, row, o);
            fputc('\n', to);
        }
    }
    bool good = to && !ferror(to);
    good = to && fclose(to) == 0 && good;
    if (!good) {
        free(text);
    }
    return good ? text : NULL;
}

int resume_note(resume *r, const grove_settings *settings) {
    if (!r->o) {
        return EXIT_DONE;
    }
    r->refits = settings->refit;
    r->patience = settings->patience;
    char *own = option_lines(r->o), *theirs = settings_lines(settings);
    r->lines = own && theirs ? realloc(own, strlen(own) + strlen(theirs) + 1) : NULL;
    if (r->lines) {
        r->file.options = strcat(r->lines, theirs);
        own = NULL;
    }
    free(own);
    free(theirs);
    return r->lines ? EXIT_DONE : complain("train", EXIT_RUN_TIME, "out of memory");
}

int resume_open(resume *r, const options *o) {
    *r = (resume){.o = o, .path = o->checkpoint ? strdup(o->checkpoint) : default_path(o->out)};
    if (!r->path) {
        return complain("train", EXIT_RUN_TIME, "out of memory");
    }
    r->file = (grove_fit_checkpoint){.path = r->path, .resume = o->resume, .ask = ask, .user = r};
    bool there = access(r->path, F_OK) == 0;
    if (o->resume && !there) {
        char sentence[600];
        snprintf(sentence, sizeof sentence,
                 "there is no checkpoint '%.300s' to go on from; without --resume, training begins "
                 "anew",
                 r->path);
        return complain("train", EXIT_BAD_MODEL, sentence);
    }
    if (there && !o->resume) {
        fprintf(stderr,
                "grove train: note: '%s' is the checkpoint of a training that was not finished; "
                "--resume goes on with it, this one begins anew\n",
                r->path);
    }
    return is_regular(o) ? check_output("train", r->path) : EXIT_DONE;
}

void resume_begin(resume *r) {
    r->last = seconds_now();
    if (r->o) {
        interrupt_watch();
    }
}

void resume_end(resume *r) {
    if (r->o) {
        interrupt_release();
    }
    if (r->file.failed > 0 && !r->warned && is_regular(r->o) && !interrupt_noted()) {
        fprintf(stderr, "grove train: warning: %s\n", r->file.error.message);
    }
}

/* A word as a shell reads it back. */
static void print_word(const char *word) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-+=.,:/@%^";
    bool quoted = !*word || word[strspn(word, plain)] != '\0';
    fputs(quoted ? " '" : " ", stderr);
    for (; *word; word++) {
        if (*word == '\'') {
            fputs("'\\''", stderr);
        } else {
            fputc(*word, stderr);
        }
    }
    fputs(quoted ? "'" : "", stderr);
}

int resume_tell(const resume *r, const char *sentence) {
    fprintf(stderr, "grove train: %s; the checkpoint is '%s'. To go on:\n  %s train", sentence,
            r->path, r->o->program);
    if (!r->o->resume) {
        fputs(" --resume", stderr);
    }
    for (int i = 0; i < r->o->word_count; i++) {
        print_word(r->o->words[i]);
    }
    fputc('\n', stderr);
    return 128 + interrupt_noted();
}

int resume_stopped(const char *command) {
    fprintf(
        stderr,
        "grove %s: stopped; no model was written. Settings that were tried and models that were "
        "to be joined are not kept: a new start begins anew\n",
        command);
    return 128 + interrupt_noted();
}

void resume_drop(const resume *r) {
    if (!r->o->keep_checkpoint && (r->o->resume || r->file.written > 0)) {
        unlink(r->path);
    }
}

void resume_close(resume *r) {
    free(r->path);
    free(r->lines);
}
