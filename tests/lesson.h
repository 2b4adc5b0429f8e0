/* SPDX-License-Identifier: MIT
 *
 * lesson.h - a table made ready to be trained on, for tests of training.
 */
#ifndef TESTS_LESSON_H
#define TESTS_LESSON_H

#include "grove/grove.h"

typedef struct lesson {
    grove_table *table;
    grove_schema *schema;
    grove_dataset *data;
    grove_split split;
    grove_rows train, valid; /* three quarters and a quarter of the rows */
} lesson;

/* Takes the table: guesses by these wishes, splits (with the same mix of the values of the column
 * `strata`, or NULL), fits to the training rows, encodes. Whatever fails, fails the test. */
lesson lesson_of(grove_table *table, const grove_schema_options *wishes, const char *strata);
void free_lesson(lesson *l);

#endif
