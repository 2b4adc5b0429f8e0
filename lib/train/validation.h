/* SPDX-License-Identifier: MIT
 *
 * train/validation.h - how good is what is being trained, on rows that it is not trained on?
 */
#ifndef GROVE_TRAIN_VALIDATION_H
#define GROVE_TRAIN_VALIDATION_H

#include "targets.h"

typedef struct grove_validation {
    grove_allocator allocator;
    const grove_schema *schema;
    const grove_classifier *classifier;
    grove_rows rows;
    grove_predictor *predictor;  /* NULL: there are no rows to validate on */
    float *answers;              /* [rows, classes], or [rows] scaled numbers; or else */
    grove_judged_row *judged;    /* [rows], where a row has one of three classes or more */
    grove_id *labels;            /* [rows], where there are classes */
    unsigned char *sets, *usual; /* [rows, classes] and [classes] 0 or 1, where there are sets */
    const float *positives;      /* [classes], the caller's, or NULL: what they count in the loss */
    float *scaled;               /* [rows], where there are numbers, */
    double *numbers, *truth;     /* and [rows] the answers and they in the units of the table */
    float *weights;              /* [rows] in measures; NULL: all alike */
    float *counts;               /* [rows] in the loss; the same array where classes count alike */
} grove_validation;

/* To be closed also after a failure. Without rows it is opened, too, and never run. The classifier
 * and the schema are looked at again later. */
grove_status grove_validation_open(grove_validation *validation, const grove_classifier *classifier,
                                   const grove_schema *schema, const grove_rows *rows,
                                   const grove_fit_options *options, grove_error *error);
void grove_validation_close(grove_validation *validation);

/* The measures count rows by their weights, the loss as in training: also by those of classes. */
grove_status grove_validation_run(grove_validation *validation, grove_metrics *metrics,
                                  double *loss, grove_error *error);

#endif
