/* SPDX-License-Identifier: MIT
 *
 * cv.c - grove cv: each fold is tested on by a model that was trained on the others, in the very
 * way of grove train. Of the others a part is validated on, for where training stops must not be
 * chosen by the rows that are tested on.
 */
#include "cv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cv_sets.h"
#include "leaks.h"
#include "sets.h"
#include "softmax.h"
#include "task.h"

typedef struct cross {
    options o; /* with the seed of the repeat */
    cv_result result;
    grove_table *table;
    int32_t *fold;        /* [rows] */
    float *probabilities; /* [rows, classes], each of the model that did not know the row */
    double *numbers;      /* [rows], or else those */
    grove_schema *schema; /* of the repeat's last round: classes are the same in all */
    label_sets sets;      /* of all rows, where they are told, */
    grove_table *strata;  /* and the rarest class of each */
    grove_leaks leaks;    /* of the first round */
    grove_atomic_file file;
    bool writes;
    grove_error error;
} cross;

static int no_memory(void) {
    return complain("cv", EXIT_RUN_TIME, "out of memory");
}

typedef struct strata {
    const grove_table *table;
    const char *column; /* NULL: there are none */
} strata;

/* Folds have the same mix of the label's classes, of sets of the rarest class of each row; of
 * numbers there is none to have, nor where groups are kept together that other tables do not tell.
 */
static strata strata_of_cv(const cross *x) {
    const bool classes = x->result.target == GROVE_TARGET_CLASS;
    const bool few = (size_t)x->o.folds > x->result.rows; /* refused, by the name of the table */
    return x->strata && !x->o.group && !few ? (strata){x->strata, STRATUM}
                                            : (strata){x->table, classes ? x->o.label : NULL};
}

/* ---- a round --------------------------------------------------------------------------------- */

/* Answers for the tested rows, told apart and put among those of the others. */
static int test_classes(cross *x, job *j, cv_round *round) {
    const size_t classes = x->result.classes, count = j->split.test_count;
    const grove_rows tested = {j->data, j->split.test, count};
    const int32_t *all = grove_dataset_labels(j->data);
    float *p = calloc(count + 1, classes * sizeof *p);
    grove_id *labels = calloc(count + 1, sizeof *labels);
    grove_predictor *predictor = NULL;
    grove_report report = {0};
    grove_metrics metrics = {0};
    grove_status status = p && labels ? GROVE_OK : GROVE_NO_MEMORY;
    if (status == GROVE_OK) {
        status = grove_predictor_new(j->classifier.graph, j->schema, 0, (int)x->o.threads,
                                     &predictor, &j->error);
    }
    if (status == GROVE_OK) {
        status = grove_predictor_run(predictor, tested, p, &j->error);
    }
    for (size_t i = 0; i < count && status == GROVE_OK; i++) {
        labels[i] = all[j->split.test[i]];
        memcpy(x->probabilities + j->split.test[i] * classes, p + i * classes, classes * sizeof *p);
    }
    if (status == GROVE_OK) {
        status = grove_classification_metrics(
            p, labels, count, classes, grove_schema_majority(j->schema), NULL, &metrics, &j->error);
    }
    if (status == GROVE_OK) { /* of which no intervals are told */
        status = grove_classification_report(
            p, labels, count, classes, &(grove_report_options){.resamples = 1}, &report, &j->error);
    }
    for (int i = 0; i < GROVE_MEASURES; i++) {
        round->measures[i] = report.measures[i].value;
    }
    round->baseline = metrics.baseline_accuracy;
    grove_report_free(&report);
    grove_predictor_free(predictor);
    free(labels);
    free(p);
    return status == GROVE_OK          ? EXIT_DONE
           : status == GROVE_NO_MEMORY ? no_memory()
                                       : complain("cv", EXIT_RUN_TIME, j->error.message);
}

static grove_status measure_numbers(const job *j, const double *said, double *truth,
                                    cv_round *round, grove_error *error) {
    const size_t label = (size_t)grove_schema_label(j->schema), count = j->split.test_count;
    grove_metrics m = {0};
    for (size_t i = 0; i < count; i++) {
        const float scaled = grove_dataset_targets(j->data)[j->split.test[i]];
        truth[i] = grove_schema_mean(j->schema, label) +
                   grove_schema_deviation(j->schema, label) * (double)scaled;
    }
    grove_status status =
        grove_number_metrics(said, truth, NULL, count, grove_schema_center(j->schema), &m, error);
    const double all[] = {m.r2, m.mean_squared_error, m.mean_absolute_error,
                          m.baseline_mean_squared_error, m.baseline_mean_absolute_error};
    memcpy(round->measures, all, sizeof all);
    round->baseline = (double)NAN;
    return status;
}

static int test_numbers(cross *x, job *j, cv_round *round) {
    const size_t count = j->split.test_count;
    double *pairs = calloc(2 * count + 1, sizeof *pairs);
    grove_predictor *predictor = NULL;
    grove_status status = pairs ? grove_predictor_new(j->classifier.graph, j->schema, 0,
                                                      (int)x->o.threads, &predictor, &j->error)
                                : GROVE_NO_MEMORY;
    if (status == GROVE_OK) {
        status = grove_predictor_numbers(predictor, (grove_rows){j->data, j->split.test, count},
                                         pairs, &j->error);
    }
    for (size_t i = 0; i < count && status == GROVE_OK; i++) {
        x->numbers[j->split.test[i]] = pairs[i];
    }
    if (status == GROVE_OK) {
        status = measure_numbers(j, pairs, pairs + count, round, &j->error);
    }
    grove_predictor_free(predictor);
    free(pairs);
    return status == GROVE_OK          ? EXIT_DONE
           : status == GROVE_NO_MEMORY ? no_memory()
                                       : complain("cv", EXIT_RUN_TIME, j->error.message);
}

static int test_sets(cross *x, job *j, cv_round *round) {
    const grove_status status = cv_sets_test(&x->sets, j, x->probabilities, round);
    return status == GROVE_OK          ? EXIT_DONE
           : status == GROVE_NO_MEMORY ? no_memory()
                                       : complain("cv", EXIT_RUN_TIME, j->error.message);
}

static int make_room(cross *x, const job *j) {
    if (x->result.target == GROVE_TARGET_NUMBER) {
        x->numbers = x->numbers ? x->numbers : calloc(x->result.rows + 1, sizeof *x->numbers);
        return x->numbers ? EXIT_DONE : no_memory();
    }
    const size_t label = (size_t)grove_schema_label(j->schema);
    if (!x->probabilities) {
        const int many =
            x->sets.schema
                ? EXIT_DONE
                : refuse_many_classes("cv", "cv", x->result.rows,
                                      (size_t)grove_schema_ids(j->schema, label),
                                      "train with --split, and evaluate, tell of one part");
        if (many != EXIT_DONE) {
            return many;
        }
        x->result.classes = (size_t)(x->sets.schema ? grove_schema_ids(x->sets.schema, 0)
                                                    : grove_schema_ids(j->schema, label));
        x->probabilities = calloc(x->result.rows + 1, x->result.classes * sizeof *x->probabilities);
    }
    return x->probabilities ? EXIT_DONE : no_memory();
}

static int run_round(cross *x, size_t index) {
    job j = {.command = "cv", .o = &x->o, .table = x->table};
    cv_round *round = &x->result.rounds[index];
    const strata by = strata_of_cv(x);
    grove_status status = grove_split_fold(
        by.table, by.column, x->o.group, x->fold, (int32_t)(index % (size_t)x->o.folds),
        x->o.valid_fraction, (uint64_t)x->o.seed, NULL, &j.split, &j.error);
    if (status == GROVE_OK) {
        status = prepare_job(&j);
    }
    if (status == GROVE_OK && index == 0) {
        status = find_leaks(&j);
        x->leaks = j.leaks;
        j.leaks = (grove_leaks){.allocator = j.leaks.allocator};
    }
    int code = status == GROVE_OK ? make_room(x, &j)
                                  : complain("cv", code_of_data(status), j.error.message);
    if (code == EXIT_DONE) {
        code = train_job(&j);
    }
    if (code == EXIT_DONE) {
        *round = (cv_round){.train = j.split.train_count,
                            .valid = j.split.valid_count,
                            .test = j.split.test_count,
                            .epochs = j.result.epochs,
                            .best_epoch = j.result.best_epoch};
        code = (x->result.target == GROVE_TARGET_NUMBER ? test_numbers
                : x->result.target == GROVE_TARGET_SET  ? test_sets
                                                        : test_classes)(x, &j, round);
    }
    grove_schema_free(x->schema);
    x->schema = j.schema;
    j.schema = NULL;
    j.table = NULL; /* of all rounds */
    free_job(&j);
    return code;
}

/* ---- what was predicted ---------------------------------------------------------------------- */

static grove_cell class_name(const cross *x, size_t class) {
    const grove_schema *schema = x->sets.schema ? x->sets.schema : x->schema;
    return grove_schema_value(schema, (size_t)grove_schema_label(schema), (int32_t) class);
}

static void write_text(cross *x, const char *text) {
    grove_atomic_write(&x->file, text, strlen(text));
}

static int write_header(cross *x) {
    static const char begin[] = "probability.";
    size_t used = sizeof begin - 1;
    write_text(x, "row,repeat,fold,label,prediction");
    for (size_t c = 0; c < x->result.classes && !x->numbers; c++) {
        grove_cell name = class_name(x, c);
        char *text = malloc(used + name.length + 1);
        if (!text) {
            return no_memory();
        }
        memcpy(text, begin, used);
        memcpy(text + used, name.bytes, name.length);
        write_text(x, ",");
        grove_csv_write_cell((grove_cell){text, used + name.length}, ',', to_atomic_file, &x->file);
        free(text);
    }
    write_text(x, "\n");
    return EXIT_DONE;
}

/* False when memory is short. */
static bool write_set(cross *x, const float *p) {
    unsigned char *flags = malloc(x->result.classes);
    char *text = NULL;
    if (flags) {
        answer_set(p, x->result.classes, GROVE_USUAL_THRESHOLD, flags);
        text = set_text(x->sets.schema, flags, x->result.classes);
    }
    if (text) {
        grove_csv_write_cell((grove_cell){text, strlen(text)}, ',', to_atomic_file, &x->file);
    }
    free(flags);
    free(text);
    return text != NULL;
}

static bool write_row(cross *x, size_t repeat, size_t row) {
    const float *p = x->probabilities + row * x->result.classes;
    const size_t label = (size_t)grove_table_find(x->table, x->o.label);
    char text[100];
    size_t best = 0;
    for (size_t c = 1; c < x->result.classes; c++) {
        best = p[c] > p[best] ? c : best;
    }
    snprintf(text, sizeof text, "%zu,%zu,%d,", row + 1, repeat + 1, (int)x->fold[row] + 1);
    write_text(x, text);
    grove_csv_write_cell(grove_table_cell(x->table, row, label), ',', to_atomic_file, &x->file);
    write_text(x, ",");
    bool good = true;
    if (x->numbers) {
        write_text(x, grove_format_number(text, x->numbers[row]));
    } else if (x->sets.schema) {
        good = write_set(x, p);
    } else {
        grove_csv_write_cell(class_name(x, best), ',', to_atomic_file, &x->file);
    }
    for (size_t c = 0; c < x->result.classes; c++) {
        write_text(x, ",");
        write_text(x, grove_format_float(text, p[c]));
    }
    write_text(x, "\n");
    return good;
}

static int write_repeat(cross *x, size_t repeat) {
    int code = x->writes && repeat == 0 ? write_header(x) : EXIT_DONE;
    for (size_t row = 0; row < x->result.rows && code == EXIT_DONE && x->writes; row++) {
        code = write_row(x, repeat, row) ? EXIT_DONE : no_memory();
    }
    return code;
}

/* ---- the command ----------------------------------------------------------------------------- */

static int run_repeat(cross *x, size_t repeat, long seed) {
    int code = EXIT_DONE;
    x->o.seed = seed + (long)repeat;
    const strata by = strata_of_cv(x);
    if (grove_split_folds(by.table, by.column, x->o.group, (int)x->o.folds, (uint64_t)x->o.seed,
                          x->fold, &x->error) != GROVE_OK) {
        return complain("cv", code_of_data(x->error.status), x->error.message);
    }
    for (size_t f = 0; f < (size_t)x->o.folds && code == EXIT_DONE; f++) {
        const size_t index = repeat * (size_t)x->o.folds + f;
        code = run_round(x, index);
        if (code == EXIT_DONE && !x->o.json) {
            if (index == 0) {
                print_cv_header(&x->result);
            }
            print_cv_round(&x->result, index);
        }
    }
    return code == EXIT_DONE ? write_repeat(x, repeat) : code;
}

static int find_task(cross *x) {
    job j = {.command = "cv", .o = &x->o, .table = x->table};
    if (decide_task(&j) != GROVE_OK) {
        return complain("cv", code_of_data(j.error.status), j.error.message);
    }
    x->result.target = j.target;
    if (!x->o.json && j.target != GROVE_TARGET_CLASS) {
        print_task(&j);
    }
    grove_status status = GROVE_OK;
    if (j.target == GROVE_TARGET_SET) {
        status = read_sets(&x->o, x->table, &x->sets, &x->error);
        status = status ? status : strata_of_sets(&x->sets, &x->strata, &x->error);
    }
    return status == GROVE_OK ? EXIT_DONE : complain("cv", code_of_data(status), x->error.message);
}

static int open_all(cross *x, const options *o) {
    int code = o->predictions ? check_output("cv", o->predictions) : EXIT_DONE;
    if (code == EXIT_DONE) {
        code = read_table("cv", o->files[0], o, &x->table);
    }
    if (code == EXIT_DONE) {
        code = find_task(x);
    }
    if (code != EXIT_DONE) {
        return code;
    }
    x->result.rows = grove_table_rows(x->table);
    x->result.count = (size_t)(o->folds * o->repeats);
    x->result.rounds = calloc(x->result.count, sizeof *x->result.rounds);
    x->fold = calloc(x->result.rows + 1, sizeof *x->fold);
    if (o->predictions) {
        grove_atomic_begin(&x->file, NULL, o->predictions, &x->error); /* its mistake sticks */
        x->writes = true;
    }
    return x->result.rounds && x->fold ? EXIT_DONE : no_memory();
}

static int close_all(cross *x, const options *o, int code) {
    if (x->writes && code != EXIT_DONE) {
        grove_atomic_abort(&x->file);
    } else if (x->writes && grove_atomic_commit(&x->file, &x->error) != GROVE_OK) {
        code = complain("cv", EXIT_RUN_TIME, x->error.message);
    }
    if (code == EXIT_DONE && x->o.json) {
        json_t *object = json_cv(&x->result);
        json_object_set_new(
            object, "warnings",
            json_leaks(x->table, &x->leaks, x->result.target == GROVE_TARGET_CLASS));
        json_object_set_new(object, "weights", json_weights(o, NULL, NULL));
        code = print_json("cv", object);
    } else if (code == EXIT_DONE) {
        print_cv_means(&x->result);
        print_weights_of_rounds(o);
    }
    free(x->result.rounds);
    free(x->fold);
    grove_leaks_free(&x->leaks);
    free(x->probabilities);
    free(x->numbers);
    grove_schema_free(x->schema);
    free_sets(&x->sets);
    grove_table_free(x->strata);
    grove_table_free(x->table);
    return code;
}

int run_cv(const options *o) {
    cross x = {.o = *o, .result = {.o = o}};
    int code = open_all(&x, o);
    for (size_t repeat = 0; repeat < (size_t)o->repeats && code == EXIT_DONE; repeat++) {
        code = run_repeat(&x, repeat, o->seed);
    }
    return close_all(&x, o, code);
}
