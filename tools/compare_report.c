/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "compare.h"
#include "page.h"
#include "settings.h"

/* ---- in words -------------------------------------------------------------------------------- */

static const char *bytes_in_words(double bytes, char text[40]) {
    snprintf(text, 40,
             bytes < 1e5   ? "%.1f kB"
             : bytes < 1e6 ? "%.0f kB"
                           : "%.1f MB",
             bytes < 1e6 ? bytes / 1e3 : bytes / 1e6);
    return text;
}

static void print_form(const compared_form *f) {
    char rows[40], parameters[40], memory[40];
    print_padded(f->name, 22);
    printf(" %9s %12s %10s %11.1f  %.4f (%.4f to %.4f)", with_commas(rows, f->rows),
           with_commas(parameters, f->column_parameters), bytes_in_words(f->memory, memory),
           f->step_us, f->log_loss.value, f->log_loss.low, f->log_loss.high);
    if (isnan(f->difference.value)) {
        printf("  %27s", "-");
    } else {
        printf("  %+.4f (%+.4f to %+.4f)", f->difference.value, f->difference.low,
               f->difference.high);
    }
    printf("  %.4f\n", f->accuracy.value);
}

static void print_collisions(const comparison *c) {
    bool any = false;
    for (int i = 0; i < c->count; i++) {
        const compared_form *f = &c->forms[i];
        char values[40], pairs[40];
        if (f->collides) {
            const grove_collision_report *r = &f->collisions;
            printf("%s", any ? "" : "\n");
            print_padded(f->name, 22);
            printf(" %s values share all their rows with another (by chance some %s pairs would), "
                   "%.1f %% "
                   "of the training rows; %.1f %% share one\n",
                   with_commas(values, (int64_t)r->merged),
                   with_commas(pairs, (int64_t)(r->merged_pairs_expected + 0.5)),
                   100 * r->merged_weight, 100 * r->sharing_weight);
            any = true;
        }
    }
}

void print_comparison(const comparison *c) {
    const job *j = c->j;
    char values[40], train[40], valid[40];
    printf("column '%s': %s rows in a full table (values, unknown, missing), vectors of %d "
           "numbers\n%s rows to train on, %s to validate on; batches of %d, seed %d\n\n",
           grove_schema_name(j->schema, c->column), with_commas(values, c->values), (int)c->width,
           with_commas(train, (int64_t)j->train.count), with_commas(valid, (int64_t)j->valid.count),
           (int)j->settings.batch, (int)j->o->seed);
    printf("%-22s %9s %12s %10s %11s  %-25s  %-27s  %s\n", "", "rows", "parameters", "memory",
           "us a step", "log loss (95 %)", "more than the embedding's", "accuracy");
    for (int i = 0; i < c->count; i++) {
        print_form(&c->forms[i]);
    }
    print_collisions(c);
    printf("\nParameters are those of the column's table; memory is that of the network in "
           "training, with\nwhat the optimizer keeps and a step computes. A one-hot product is the "
           "same function as the\nembedding; what differs is rounding, and which numbers dropout "
           "draws.\n");
}

/* ---- in JSON --------------------------------------------------------------------------------- */

static json_t *json_estimate(grove_estimate e) {
    return json_pack("{s:o, s:o, s:o}", "value", json_number(e.value), "low", json_number(e.low),
                     "high", json_number(e.high));
}

static json_t *json_collisions(const compared_form *f) {
    const grove_collision_report *r = &f->collisions;
    if (!f->collides) {
        return json_null();
    }
    return json_pack("{s:I, s:f, s:f, s:I, s:f, s:f}", "merged", (json_int_t)r->merged,
                     "merged_share", r->merged_weight, "merged_pairs_expected",
                     r->merged_pairs_expected, "sharing", (json_int_t)r->sharing, "sharing_share",
                     r->sharing_weight, "sharing_expected", r->sharing_expected);
}

static json_t *json_form(const compared_form *f) {
    static const char *const kinds[] = {"embedding", "one-hot", "hashed", "quotient-remainder"};
    json_t *object = json_pack("{s:s, s:s, s:I, s:I, s:I, s:f, s:f, s:i, s:i}", "form",
                               kinds[f->form.kind], "name", f->name, "rows", (json_int_t)f->rows,
                               "column_parameters", (json_int_t)f->column_parameters, "parameters",
                               (json_int_t)f->parameters, "memory_bytes", f->memory, "step_us",
                               f->step_us, "epochs", f->epochs, "best_epoch", f->best_epoch);
    json_object_set_new(object, "hashes", f->collides ? json_integer(f->form.hashes) : json_null());
    json_object_set_new(object, "log_loss", json_estimate(f->log_loss));
    json_object_set_new(object, "accuracy", json_estimate(f->accuracy));
    json_object_set_new(object, "difference",
                        isnan(f->difference.value) ? json_null() : json_estimate(f->difference));
    json_object_set_new(object, "collisions", json_collisions(f));
    return object;
}

json_t *json_comparison(const comparison *c) {
    const job *j = c->j;
    const char *column = grove_schema_name(j->schema, c->column);
    json_t *forms = json_array();
    for (int i = 0; i < c->count; i++) {
        json_array_append_new(forms, json_form(&c->forms[i]));
    }
    json_t *object =
        json_pack("{s:i, s:o, s:o, s:I, s:I, s:I, s:I, s:I}", "schema", 1, "column",
                  json_text(column, strlen(column)), "label",
                  json_text(j->o->label, strlen(j->o->label)), "values", (json_int_t)c->values,
                  "width", (json_int_t)c->width, "training_rows", (json_int_t)j->train.count,
                  "validation_rows", (json_int_t)j->valid.count, "seed", (json_int_t)j->o->seed);
    json_object_set_new(object, "settings", json_settings(&j->settings));
    json_object_set_new(object, "forms", forms);
    return object;
}

/* ---- as a page ------------------------------------------------------------------------------- */

int write_comparison(const comparison *c, const char *path) {
    const char *file = c->j->o->files[0], *slash = strrchr(file, '/');
    json_t *object = json_comparison(c);
    json_object_set_new(object, "table",
                        json_text(slash ? slash + 1 : file, strlen(slash ? slash + 1 : file)));
    return write_page("compare", path, compare_before_data, compare_after_data, object);
}
