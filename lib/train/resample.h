/* SPDX-License-Identifier: MIT
 *
 * resample.h - intervals: Wilson's for shares is in report.h, here is the bootstrap.
 */
#ifndef GROVE_TRAIN_RESAMPLE_H
#define GROVE_TRAIN_RESAMPLE_H

#include "grove/report.h"

/* weights [rows]: how often resample number `number` of this seed drew each row, `rows` draws in
 * all. Draw i is word i of the Philox stream "bootstrap" at this step, scaled to a row, so chances
 * differ by less than rows / 2^32 of themselves. */
void grove_resample(uint64_t seed, uint32_t number, uint32_t *weights, size_t rows);

/* The 2.5th and 97.5th percentile of values [count], which are put in order; NaN are left out, and
 * where they are more than half, low and high are NaN. */
void grove_percentiles(double *values, size_t count, grove_estimate *estimate);

/* How many threads resample: as wished, else as the environment says, and no more than there are
 * cores. GROVE_BAD_ARGUMENT for what is no number of threads. */
grove_status grove_report_threads(int wished, size_t *threads, grove_error *error);

#endif
