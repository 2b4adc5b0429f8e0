/* SPDX-License-Identifier: MIT */
#include "lesson.h"

#include <check.h>

lesson lesson_of(grove_table *table, const grove_schema_options *wishes, const char *strata) {
    lesson l = {.table = table};
    grove_error error = {0};
    grove_encode_options labelled = {.label_required = true};
    ck_assert_int_eq(grove_schema_guess(l.table, wishes, &l.schema, &error), GROVE_OK);
    ck_assert_int_eq(grove_split_table(l.table, strata, 0.25, 3, NULL, &l.split, &error), GROVE_OK);
    ck_assert_int_eq(
        grove_schema_fit(l.schema, l.table, l.split.train, l.split.train_count, &error), GROVE_OK);
    ck_assert_int_eq(grove_schema_encode(l.schema, l.table, &labelled, &l.data, &error), GROVE_OK);
    l.train = (grove_rows){l.data, l.split.train, l.split.train_count};
    l.valid = (grove_rows){l.data, l.split.valid, l.split.valid_count};
    return l;
}

void free_lesson(lesson *l) {
    grove_split_free(&l->split);
    grove_dataset_free(l->data);
    grove_schema_free(l->schema);
    grove_table_free(l->table);
}
