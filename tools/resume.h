/* SPDX-License-Identifier: MIT
 *
 * resume.h - checkpoints of grove train: when one is written, how a training that was stopped is
 * gone on with, and when the file goes.
 */
#ifndef TOOLS_RESUME_H
#define TOOLS_RESUME_H

#include "grove/grove.h"
#include "options.h"

typedef struct resume {
    const options *o;
    grove_fit_checkpoint file; /* for grove_fit_options.checkpoint */
    char *path, *lines;
    double last; /* when a checkpoint was written, or training began */
    bool refits; /* another training will follow, which begins with what this one finds out */
    int patience, best;
    bool warned;
} resume;

/* Both complain and return an exit code. The first is called before the data are read, so that no
 * work is lost to a file that cannot be written. */
int resume_open(resume *r, const options *o);
/* A checkpoint of other settings is refused, whether they were given or chosen. */
int resume_note(resume *r, const grove_settings *settings);
/* What grove_fit tells is to be told to it, too. */
void resume_see(resume *r, const grove_progress *progress);
/* After a training that was stopped by a signal: tells how to go on. 128 + the signal's number, as
 * shells have it. */
int resume_tell(const resume *r, const char *sentence);

/* The same where there is no checkpoint: settings were being tried, or several models trained. */
int resume_stopped(const char *command);

/* Around the training: signals are listened to. */
void resume_begin(resume *r);
void resume_end(resume *r);

/* The model is written: the checkpoint is no longer needed. */
void resume_drop(const resume *r);
void resume_close(resume *r);

#endif
