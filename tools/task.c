/* SPDX-License-Identifier: MIT */
#include "task.h"

#include <inttypes.h>
#include <string.h>

#include "schema_file.h"
#include "softmax.h"

static const char *const losses[] = {"mse", "mae", "huber"};

/* What a schema file says of the label. */
static const grove_column_wish *wish_of(const options *o) {
    for (size_t i = 0; o->wishes && i < o->wishes->count; i++) {
        if (strcmp(o->wishes->items[i].name, o->label) == 0) {
            return &o->wishes->items[i];
        }
    }
    return NULL;
}

static bool target_of_kind(grove_column_kind kind, grove_target_kind *target) {
    *target = kind == GROVE_COLUMN_TARGET   ? GROVE_TARGET_NUMBER
              : kind == GROVE_COLUMN_LABELS ? GROVE_TARGET_SET
                                            : GROVE_TARGET_CLASS;
    return kind == GROVE_COLUMN_LABEL || *target != GROVE_TARGET_CLASS;
}

bool task_is_given(const options *o, grove_target_kind *target, char reason[GROVE_REASON_SIZE]) {
    const grove_column_wish *wish = wish_of(o);
    for (int kind = 0; kind < GROVE_TARGETS; kind++) {
        const grove_target_kind one = (grove_target_kind)kind;
        if (o->label_split ? one == GROVE_TARGET_SET
                           : strcmp(o->task, grove_target_name(one)) == 0) {
            snprintf(reason, GROVE_REASON_SIZE, "as asked for");
            *target = one;
            return true;
        }
    }
    if (wish && target_of_kind(wish->kind, target)) {
        snprintf(reason, GROVE_REASON_SIZE, "as the schema file says");
        return true;
    }
    return false;
}

/* How many rows hold the sign between two things? */
static size_t rows_with(const grove_table *table, size_t column, char sign) {
    size_t count = 0;
    for (size_t row = 0; row < grove_table_rows(table); row++) {
        const grove_cell cell = grove_table_cell(table, row, column);
        const char *at = cell.length > 2 ? memchr(cell.bytes + 1, sign, cell.length - 2) : NULL;
        count += at != NULL;
    }
    return count;
}

/* Where a fifth of the labels look so: as one class each, "a;b" is another than "a" and "b". Said
 * once, not of each round of several. */
static void hint_at_sets(const job *j) {
    const int column = grove_table_find(j->table, j->o->label);
    const bool quiet = j->split.train || j->o->json || strcmp(j->o->progress, "none") == 0;
    char with[40], rows[40];
    for (const char *sign = ";|"; *sign && column >= 0 && !quiet; sign++) {
        const size_t count = rows_with(j->table, (size_t)column, *sign);
        if (count > 0 && 5 * count >= grove_table_rows(j->table)) {
            fprintf(stderr,
                    "grove %s: note: %s of %s labels hold '%c': with --label-split '%c' a row has "
                    "several labels\n",
                    j->command, with_commas(with, (int64_t)count),
                    with_commas(rows, (int64_t)grove_table_rows(j->table)), *sign, *sign);
        }
    }
}

static grove_status look(job *j) {
    if (task_is_given(j->o, &j->target, j->reason)) {
        return GROVE_OK;
    }
    grove_status status =
        grove_guess_target(j->table, j->o->label, &j->target, j->reason, &j->error);
    if (status == GROVE_OK && j->target == GROVE_TARGET_CLASS) {
        hint_at_sets(j);
    }
    return status;
}

static grove_status refuse(job *j, const char *option, const char *for_what) {
    j->error.status = GROVE_BAD_DATA;
    snprintf(j->error.message, sizeof j->error.message,
             "%s is for %s, and this is %s (%s); --task would say otherwise", option, for_what,
             grove_target_name(j->target), j->reason);
    return GROVE_BAD_DATA;
}

grove_status check_task(job *j) {
    if (j->target != GROVE_TARGET_NUMBER && (j->o->loss || j->o->huber_delta > 0)) {
        return refuse(j, j->o->loss ? "--loss" : "--huber-delta", "labels that are numbers");
    }
    if (j->target != GROVE_TARGET_CLASS && j->o->softmax && strcmp(j->o->softmax, "full") != 0) {
        return refuse(j, "--softmax", "labels that are one class a row");
    }
    if (j->target == GROVE_TARGET_NUMBER && j->o->class_weight) {
        return refuse(j, "--class-weight", "classes");
    }
    return GROVE_OK;
}

grove_status decide_task(job *j) {
    grove_status status = look(j);
    return status == GROVE_OK ? check_task(j) : status;
}

const char *strata_of(const job *j) {
    return j->target == GROVE_TARGET_CLASS ? j->o->label : NULL;
}

bool splits_by_rarest(const job *j) {
    const bool drawn = !j->o->valid && (!j->o->split || strcmp(j->o->split, "stratified") == 0);
    return j->target == GROVE_TARGET_SET && drawn;
}

static grove_number_loss loss_of(const options *o) {
    int found = 0;
    for (int i = 0; o->loss && i <= GROVE_NUMBER_LOSS_HUBER; i++) {
        found = strcmp(o->loss, losses[i]) == 0 ? i : found;
    }
    return (grove_number_loss)found;
}

void set_loss(const options *o, grove_classifier_options *network) {
    network->number_loss = loss_of(o);
    network->huber_delta = o->huber_delta;
    set_softmax(o, network);
}

void print_task(const job *j) {
    printf("\ntask  %s: %s\n", grove_target_name(j->target), j->reason);
    if (j->target == GROVE_TARGET_NUMBER) {
        printf("loss  %s, of numbers that are scaled; validation rows are drawn without strata\n",
               losses[loss_of(j->o)]);
    } else if (j->target == GROVE_TARGET_SET && j->schema) {
        const grove_bag_size size =
            grove_schema_bag_size(j->schema, (size_t)grove_schema_label(j->schema));
        printf("loss  binary cross-entropy of %" PRId64 " classes; a row has %.3g of them on "
               "average, at most %" PRId64 "%s\n",
               grove_schema_ids(j->schema, (size_t)grove_schema_label(j->schema)), size.mean,
               size.longest,
               splits_by_rarest(j)
                   ? ";\n      validation rows are drawn by the rarest class of each row"
                   : "");
    } else if (j->target == GROVE_TARGET_CLASS) {
        print_softmax(j->o);
    }
}

json_t *json_task(const job *j) {
    const char *loss = j->target == GROVE_TARGET_NUMBER ? losses[loss_of(j->o)]
                       : j->target == GROVE_TARGET_SET  ? "binary_cross_entropy"
                                                        : "log_loss";
    return json_pack("{s:s, s:o, s:o, s:o}", "kind", grove_target_name(j->target), "reason",
                     json_text(j->reason, strlen(j->reason)), "loss", json_string(loss), "softmax",
                     j->target == GROVE_TARGET_CLASS ? json_softmax(j->o) : json_null());
}
