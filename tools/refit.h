/* SPDX-License-Identifier: MIT
 *
 * refit.h - a training once more, on all rows but those of a test. How many epochs are best is told
 * by rows that were not trained on; once it is known, they have nothing left to tell, and a model
 * of all rows knows more: rare values above all (Goodfellow, Bengio & Courville 2016, 7.8).
 */
#ifndef TOOLS_REFIT_H
#define TOOLS_REFIT_H

#include "job.h"

/* Why it cannot be, or would be beside the point: a sentence's end; NULL: it can. */
const char *refit_obstacle(const job *j);

/* Settles settings.refit, once all is chosen; where it was asked for and cannot be, the sentence
 * stands in j->error. */
grove_status decide_refit(job *j);

/* The rows of both parts as one, with vocabularies, scales and weights of all of them. `whole` has
 * the table of j and no model yet; close_refit ends it in any case. */
grove_status open_refit(job *j, job *whole);
void close_refit(job *whole);

/* j goes on with the encoded rows, the schema and the model of `whole`. What was measured stays,
 * and which rows it was measured on. */
void take_refit(job *j, job *whole);

#endif
