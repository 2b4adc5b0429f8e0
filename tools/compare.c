/* SPDX-License-Identifier: MIT
 *
 * compare.c - grove compare: one network, trained on the same rows from the same seed, with the
 * vectors of one column kept in several ways: multiplied by one-hot rows, looked up, hashed into
 * fewer rows, put together of two small tables. What does each cost, and is it as good?
 */
#include "compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare_softmax.h"
#include "progress.h"
#include "suggest.h"

static int no_memory(void) {
    return complain("compare", EXIT_RUN_TIME, "out of memory");
}

static int failed(grove_status status, const grove_error *error) {
    return status == GROVE_NO_MEMORY ? no_memory()
                                     : complain("compare", code_of_data(status), error->message);
}

/* ---- the column, and its forms --------------------------------------------------------------- */

/* Its place among the categorical columns; -1 after a complaint. */
static int find_column(const job *j, int *code) {
    const char *name = j->o->column;
    char sentence[600], meant[SUGGESTION_SIZE];
    suggestion near = {.wanted = name};
    *code = EXIT_BAD_DATA;
    for (size_t i = 0; i < grove_schema_categoricals(j->schema); i++) {
        const size_t column = (size_t)grove_schema_categorical(j->schema, i);
        if (strcmp(grove_schema_name(j->schema, column), name) == 0) {
            if (grove_schema_form(j->schema, column)->buckets == 0) {
                return (int)i;
            }
            complain("compare", *code,
                     "the column is hashed when it is read (--hash-above, or the schema file): "
                     "there is no table with a row for each value to compare with");
            return -1;
        }
        consider(&near, grove_schema_name(j->schema, column));
    }
    const bool there = grove_table_find(j->table, name) >= 0;
    snprintf(sentence, sizeof sentence, "%s: column '%.200s' %s%s", j->o->files[0], name,
             there ? "is no categorical feature; --categorical can make it one"
                   : "is not in the table",
             there ? "" : in_words(meant, &near, ""));
    complain("compare", *code, sentence);
    return -1;
}

static compared_form *add_form(comparison *c, grove_table_kind kind, int64_t buckets) {
    compared_form *f = &c->forms[c->count++];
    *f = (compared_form){.form = {.kind = kind, .buckets = buckets}, .rows = c->values};
    return f;
}

static void add_hashed(comparison *c, int64_t buckets) {
    char rows[40];
    compared_form *f = add_form(c, GROVE_TABLE_HASHED, buckets);
    f->form.hashes = (int)c->j->o->hashes;
    f->rows = buckets;
    f->collides = true;
    snprintf(f->name, sizeof f->name, "hashed, %s row%s", with_commas(rows, buckets),
             buckets == 1 ? "" : "s");
}

/* A half, an eighth and a thirty-second of the rows, unless they are said. */
static void add_all_hashed(comparison *c) {
    const sizes *asked = &c->j->o->buckets;
    for (int i = 0; i < asked->count; i++) {
        add_hashed(c, asked->items[i]);
    }
    for (int64_t part = 2; asked->count <= 0 && part <= 32; part *= 4) {
        if (c->values / part >= 2) {
            add_hashed(c, c->values / part);
        }
    }
}

static void list_forms(comparison *c) {
    strcpy(add_form(c, GROVE_TABLE_ONE_HOT, 0)->name, "one-hot product");
    strcpy(add_form(c, GROVE_TABLE_FULL, 0)->name, "embedding");
    add_all_hashed(c);
    const int64_t divisor = (int64_t)ceil(sqrt((double)c->values));
    compared_form *f = add_form(c, GROVE_TABLE_QUOTIENT, divisor);
    f->rows = divisor + (c->values - 1) / divisor + 1;
    strcpy(f->name, "quotient-remainder");
}

/* ---- collisions ------------------------------------------------------------------------------ */

/* rows [values, hashes] that the network's hash gives them. */
static grove_status rows_of_values(const comparison *c, const grove_table_form *form,
                                   grove_id *rows, grove_error *error) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor ids = grove_positions(g, c->values);
    grove_tensor hashed = grove_hash_ids(ids, form->buckets, form->hashes, 0);
    grove_plan *plan = grove_plan_new(g, &hashed, 1, &(grove_plan_options){.batch = 1});
    grove_status status = grove_run(plan);
    if (status == GROVE_OK) {
        memcpy(rows, grove_value(plan, hashed),
               (size_t)c->values * (size_t)form->hashes * sizeof *rows);
    } else {
        *error = *grove_plan_error(plan);
    }
    grove_plan_free(plan);
    grove_graph_free(g);
    return status;
}

static grove_status count_collisions(const comparison *c, compared_form *f, grove_error *error) {
    const size_t values = (size_t)c->values;
    grove_id *rows = calloc(values * (size_t)f->form.hashes, sizeof *rows);
    double *weights = calloc(values, sizeof *weights);
    grove_status status = rows && weights ? GROVE_OK : GROVE_NO_MEMORY;
    if (status == GROVE_OK) {
        status = rows_of_values(c, &f->form, rows, error);
    }
    for (size_t i = 0; i < values && status == GROVE_OK; i++) {
        weights[i] = (double)grove_schema_count(c->j->schema, c->column, (int32_t)i);
    }
    if (status == GROVE_OK) {
        status = grove_report_collisions(rows, values, f->form.hashes, f->form.buckets,
                                         &(grove_collision_options){.weights = weights},
                                         &f->collisions, error);
    }
    free(weights);
    free(rows);
    return status;
}

/* ---- one form -------------------------------------------------------------------------------- */

/* Of what is trained, and bytes of all that lies beside it for training. */
static void weigh(compared_form *f, const grove_graph *graph, const char *column) {
    char prefix[560];
    const int length = snprintf(prefix, sizeof prefix, "table.%s.", column);
    for (int32_t i = 0; i < grove_parameter_count(graph); i++) {
        grove_tensor parameter = grove_parameter_at(graph, i);
        const int64_t size = (int64_t)grove_parameter_size(parameter);
        const bool trained = grove_parameter_is_trainable(parameter);
        const bool of_column = strncmp(grove_node_name(parameter), prefix, (size_t)length) == 0;
        f->memory += (double)size * (double)sizeof(grove_real);
        f->parameters += trained ? size : 0;
        f->column_parameters += trained && of_column ? size : 0;
    }
}

/* losses [validation rows], and the two measures. */
static grove_status measure(const job *j, const grove_classifier *classifier, compared_form *f,
                            double *losses, grove_error *error) {
    const size_t count = j->valid.count,
                 classes =
                     (size_t)grove_schema_ids(j->schema, (size_t)grove_schema_label(j->schema));
    float *p = calloc(count + 1, classes * sizeof *p);
    grove_id *labels = calloc(count + 1, sizeof *labels);
    grove_predictor *predictor = NULL;
    grove_report report = {0};
    grove_status status = p && labels ? GROVE_OK : GROVE_NO_MEMORY;
    if (status == GROVE_OK) {
        status = grove_predictor_new(classifier->graph, j->schema, 0, (int)j->o->threads,
                                     &predictor, error);
    }
    if (status == GROVE_OK) {
        status = grove_predictor_run(predictor, j->valid, p, error);
    }
    for (size_t i = 0; i < count && status == GROVE_OK; i++) {
        labels[i] = grove_dataset_labels(j->data)[j->valid.rows[i]];
        losses[i] = -log(fmax((double)p[i * classes + (size_t)labels[i]], 1e-7));
    }
    if (status == GROVE_OK) {
        grove_report_options how = {.seed = (uint64_t)j->o->seed, .threads = (int)j->o->threads};
        status = grove_classification_report(p, labels, count, classes, &how, &report, error);
    }
    if (status == GROVE_OK) {
        f->log_loss = report.measures[GROVE_MEASURE_LOG_LOSS];
        f->accuracy = report.measures[GROVE_MEASURE_ACCURACY];
    }
    grove_report_free(&report);
    grove_predictor_free(predictor);
    free(labels);
    free(p);
    return status;
}

/* Of the mean of a - b, row by row, by its standard error: rows are the same for both, so what is
 * hard for all of them cancels. */
static grove_estimate difference_of(const double *a, const double *b, size_t count) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        sum += a[i] - b[i];
    }
    const double mean = sum / (double)count;
    for (size_t i = 0; i < count; i++) {
        squares += (a[i] - b[i] - mean) * (a[i] - b[i] - mean);
    }
    const double error = sqrt(squares / ((double)count - 1) / (double)count);
    return (grove_estimate){mean, mean - 1.96 * error, mean + 1.96 * error};
}

static grove_status train_form(const comparison *c, compared_form *f, grove_table_form *tables,
                               grove_classifier *classifier, grove_error *error) {
    const job *j = c->j;
    progress shown = progress_new(j->o->progress);
    grove_op_time times[PROFILE_OPS];
    grove_fit_profile profile = {.times = times, .room = PROFILE_OPS};
    grove_classifier_options network = {
        .tables = tables, .word_dropout = j->o->word_dropout, .seed = (uint64_t)j->o->seed};
    grove_fit_options how = {.seed = (uint64_t)j->o->seed,
                             .threads = (int)j->o->threads,
                             .profile = &profile,
                             .progress = progress_show,
                             .user = &shown};
    grove_fit_result result;
    grove_settings_fit(&j->settings, &how);
    grove_status status =
        grove_settings_classifier(&j->settings, j->schema, j->train, &network, classifier, error);
    if (status == GROVE_OK) {
        status = grove_fit(classifier, j->schema, j->train, j->valid, &how, &result, error);
    }
    if (status == GROVE_OK) {
        f->epochs = result.epochs;
        f->best_epoch = result.best_epoch;
        f->step_us =
            profile_seconds(times, profile.count) / (double)(profile.steps + !profile.steps) * 1e6;
        f->memory = (double)profile.plan.block_bytes;
        weigh(f, classifier->graph, grove_schema_name(j->schema, c->column));
    }
    return status;
}

static grove_status run_form(const comparison *c, compared_form *f, grove_table_form *tables,
                             double *losses, grove_error *error) {
    grove_classifier classifier = {0};
    if (progress_new(c->j->o->progress).kind != PROGRESS_NONE) {
        fprintf(stderr, "%s:\n", f->name);
    }
    grove_status status = f->collides ? count_collisions(c, f, error) : GROVE_OK;
    if (status == GROVE_OK) {
        status = train_form(c, f, tables, &classifier, error);
    }
    if (status == GROVE_OK) {
        status = measure(c->j, &classifier, f, losses, error);
    }
    grove_classifier_free(&classifier);
    return status;
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* losses [forms, validation rows]: differences are taken when the embedding's are there. */
static int run_forms(comparison *c, int place) {
    const job *j = c->j;
    const size_t rows = j->valid.count, columns = grove_schema_categoricals(j->schema);
    grove_table_form *tables = calloc(columns, sizeof *tables);
    double *losses = calloc((size_t)c->count * rows, sizeof *losses);
    grove_error error = {0};
    grove_status status = tables && losses ? GROVE_OK : GROVE_NO_MEMORY;
    const double *of_embedding = losses;
    for (int i = 0; i < c->count && status == GROVE_OK; i++) {
        tables[place] = c->forms[i].form;
        status = run_form(c, &c->forms[i], tables, losses + (size_t)i * rows, &error);
        of_embedding =
            c->forms[i].form.kind == GROVE_TABLE_FULL ? losses + (size_t)i * rows : of_embedding;
    }
    for (int i = 0; i < c->count && status == GROVE_OK; i++) {
        const bool itself = c->forms[i].form.kind == GROVE_TABLE_FULL;
        const double none = (double)NAN;
        c->forms[i].difference = itself
                                     ? (grove_estimate){none, none, none}
                                     : difference_of(losses + (size_t)i * rows, of_embedding, rows);
    }
    free(losses);
    free(tables);
    return status == GROVE_OK ? EXIT_DONE : failed(status, &error);
}

static int64_t width_of_column(const job *j, int64_t values) {
    return j->settings.embedding_width > 0 ? j->settings.embedding_width
                                           : grove_nn_embedding_width(values);
}

static int compare(comparison *c, job *j, const options *asked) {
    int code = EXIT_DONE;
    const int place = find_column(j, &code);
    if (place < 0) {
        return code;
    }
    if (j->valid.count < 2) {
        return complain("compare", EXIT_BAD_DATA,
                        "there must be 2 rows or more to validate on, or nothing can be compared");
    }
    if (strcmp(asked->architecture, "auto") == 0) {
        snprintf(j->settings.reason[GROVE_SETTING_ARCHITECTURE],
                 sizeof j->settings.reason[GROVE_SETTING_ARCHITECTURE],
                 "crosses would hold the column's values once more");
    }
    c->column = (size_t)grove_schema_categorical(j->schema, (size_t)place);
    c->values = grove_schema_ids(j->schema, c->column);
    c->width = width_of_column(j, c->values);
    list_forms(c);
    code = run_forms(c, place);
    if (code == EXIT_DONE && j->o->out) {
        code = write_comparison(c, j->o->out);
    }
    if (code == EXIT_DONE && j->o->json) {
        return print_json("compare", json_comparison(c));
    }
    if (code == EXIT_DONE) {
        print_comparison(c);
    }
    return code;
}

/* A plain network unless another is asked for: crosses of a wide-deep one would hold the column's
 * values once more, whatever form its table has. */
static options of_network(const options *o) {
    options own = *o;
    own.architecture = strcmp(o->architecture, "auto") == 0 ? "mlp" : o->architecture;
    own.refit = "no";
    return own;
}

int run_compare(const options *asked) {
    if (asked->compares_losses) {
        return compare_softmax(asked);
    }
    const options o = of_network(asked);
    job j = {.command = "compare", .o = &o};
    comparison c = {.j = &j};
    int code = o.out ? check_output("compare", o.out) : EXIT_DONE;
    if (code == EXIT_DONE) {
        code = read_table("compare", o.files[0], &o, &j.table);
    }
    if (code == EXIT_DONE) {
        grove_status status = prepare_job(&j);
        code = status == GROVE_OK ? EXIT_DONE : failed(status, &j.error);
    }
    if (code == EXIT_DONE && j.target != GROVE_TARGET_CLASS) {
        code = complain("compare", EXIT_BAD_DATA,
                        j.target == GROVE_TARGET_NUMBER
                            ? "forms of a table are compared by how well they tell classes; this "
                              "label holds numbers"
                            : "forms of a table are compared by how well they tell one class a "
                              "row; this label holds several");
    }
    if (code == EXIT_DONE) {
        code = compare(&c, &j, asked);
    }
    free_job(&j);
    return code;
}
