/* SPDX-License-Identifier: MIT
 *
 * job.h - a training run: grove train makes one and saves its model, grove cv makes several.
 */
#ifndef TOOLS_JOB_H
#define TOOLS_JOB_H

#include "boosting.h"
#include "common.h"
#include "epoch_log.h"
#include "history.h"
#include "planned.h"
#include "profile.h"
#include "resume.h"
#include "stream.h"
#include "weights.h"

enum { HIGH_MEMBERS = 8 }; /* of --effort high */

/* All that a training run holds; freed together. */
typedef struct job {
    const char *command;
    const options *o;
    grove_table *table, *valid_table;
    grove_target_kind target;       /* what the label holds, */
    char reason[GROVE_REASON_SIZE]; /* and why that is said */
    stream stream;
    grove_schema *schema;
    grove_split split; /* made already where it has training rows */
    grove_dataset *data, *valid_data;
    grove_settings settings; /* of prepare_job on: all of them, given or chosen */
    grove_classifier classifier;
    grove_rows train, valid;
    weights weights;
    grove_leaks leaks;
    grove_logistic linear; /* the baseline; zeroed: none */
    history history;
    boosting boosting; /* its stages, where there are some */
    grove_fit_result result;
    grove_op_time times[PROFILE_OPS];
    grove_fit_profile profile;
    resume resume;     /* opened, or left alone: then signals end the program */
    planned planned;   /* where memory is planned */
    epoch_log log;     /* of epochs */
    double seconds;    /* of training, with its batches and validations */
    bool tells;        /* settings are printed to stdout, when they are known */
    bool is_late;      /* --time-limit ended it */
    int members;       /* models that were joined; 1: it is one */
    size_t refit_rows; /* that the model was trained on in the end, more than those of .train, by
                          which it was measured (refit.h); 0: it was trained once */
    grove_error error;
} job;

/* From a table, or two, to encoded rows: what columns mean, which rows are for what, vocabularies
 * and scales of the training rows alone, weights; and the settings that suit them. */
grove_status prepare_job(job *j);

/* Warns of leaks into the rows of a test, if there are any, else into those of validation. */
grove_status find_leaks(job *j);

/* Tries settings, trains, joins, as the options say (train_job.c). Complains and returns an exit
 * code on failure. */
int train_job(job *j);

/* Takes the tables with it. */
void free_job(job *j);

#endif
