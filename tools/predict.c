/* SPDX-License-Identifier: MIT
 *
 * predict.c - grove predict: an answer for each row of a table, as CSV or JSON.
 */
#include <stdlib.h>
#include <string.h>

#include "answers.h"
#include "autoencoder.h"
#include "plain.h"
#include "sets.h"
#include "unknown.h"

static grove_cell class_name(const answers *a, size_t class) {
    return grove_schema_value(a->schema, (size_t)grove_schema_label(a->schema), (int32_t) class);
}

static size_t best_class(const answers *a, size_t row) {
    const float *p = a->probabilities + row * a->classes;
    size_t best = 0;
    for (size_t c = 1; c < a->classes; c++) {
        best = p[c] > p[best] ? c : best;
    }
    return best;
}

/* ---- how unsure: --uncertainty --------------------------------------------------------------- */

typedef struct unsure {
    const char *name;
    double (*value)(const answers *a, size_t row);
} unsure;

static double entropy(const answers *a, size_t row) {
    const float *p = a->probabilities + row * a->classes;
    return grove_schema_target(a->schema) == GROVE_TARGET_SET ? grove_binary_entropy(p, a->classes)
                                                              : grove_entropy(p, a->classes);
}

static double spread(const answers *a, size_t row) {
    return a->spread[row];
}

static const unsure of_classes[] = {{"entropy", entropy}, {"mutual_information", spread}};
static const unsure of_numbers[] = {{"deviation", spread}};

static int uncertain_count(const answers *a) {
    return !a->unsure ? 0 : a->numbers ? 1 : a->members ? 2 : 1;
}

static const unsure *uncertain(const answers *a, int i) {
    return a->numbers ? &of_numbers[i] : &of_classes[i];
}

/* ---- CSV ------------------------------------------------------------------------------------- */

/* "prediction,probability,prediction.2,probability.2" of the most probable classes. */
static void write_top_header(const answers *a, grove_atomic_file *file) {
    char text[64];
    for (size_t k = 1; k <= a->top_count; k++) {
        const int length =
            k == 1 ? snprintf(text, sizeof text, "prediction,probability")
                   : snprintf(text, sizeof text, ",prediction.%zu,probability.%zu", k, k);
        to_atomic_file(file, text, (size_t)length);
    }
    to_atomic_file(file, "\n", 1);
}

static bool write_top(const answers *a, size_t row, grove_atomic_file *file) {
    char text[34];
    for (size_t k = 0; k < a->top_count; k++) {
        const grove_ranked_class *one = &a->top[row * a->top_count + k];
        to_atomic_file(file, ",", k > 0);
        grove_csv_write_cell(class_name(a, (size_t)one->id), ',', to_atomic_file, file);
        grove_format_float(text, one->probability);
        to_atomic_file(file, ",", 1);
        to_atomic_file(file, text, strlen(text));
    }
    to_atomic_file(file, "\n", 1);
    return true;
}

/* "prediction", then "probability.<class>" for each class. False when memory is short. */
static bool write_header(const answers *a, grove_atomic_file *file) {
    static const char begin[] = "probability.";
    size_t used = sizeof begin - 1;
    if (a->top) {
        write_top_header(a, file);
        return true;
    }
    to_atomic_file(file, "prediction", strlen("prediction"));
    for (size_t c = 0; c < a->classes && !a->numbers; c++) {
        grove_cell name = class_name(a, c);
        char *text = malloc(used + name.length);
        if (!text) {
            return false;
        }
        memcpy(text, begin, used);
        memcpy(text + used, name.bytes, name.length);
        to_atomic_file(file, ",", 1);
        grove_csv_write_cell((grove_cell){text, used + name.length}, ',', to_atomic_file, file);
        free(text);
    }
    for (int i = 0; i < uncertain_count(a); i++) {
        to_atomic_file(file, ",", 1);
        to_atomic_file(file, uncertain(a, i)->name, strlen(uncertain(a, i)->name));
    }
    to_atomic_file(file, "\n", 1);
    return true;
}

/* What --uncertainty adds to a row, and its end. */
static void end_row(const answers *a, size_t row, grove_atomic_file *file) {
    char text[34];
    for (int i = 0; i < uncertain_count(a); i++) {
        grove_format_number(text, uncertain(a, i)->value(a, row));
        to_atomic_file(file, ",", 1);
        to_atomic_file(file, text, strlen(text));
    }
    to_atomic_file(file, "\n", 1);
}

/* The numbers go out together, as far as they fit. */
static void write_probabilities(const answers *a, size_t row, grove_atomic_file *file) {
    enum { NUMBER = 32 };
    char text[64 * NUMBER];
    size_t used = 0;
    for (size_t c = 0; c < a->classes; c++) {
        if (used > sizeof text - NUMBER - 2) {
            to_atomic_file(file, text, used);
            used = 0;
        }
        text[used++] = ',';
        grove_format_float(text + used, a->probabilities[row * a->classes + c]);
        used += strlen(text + used);
    }
    to_atomic_file(file, text, used);
    end_row(a, row, file);
}

static bool write_class(const answers *a, size_t row, grove_atomic_file *file) {
    grove_csv_write_cell(class_name(a, best_class(a, row)), ',', to_atomic_file, file);
    write_probabilities(a, row, file);
    return true;
}

/* False when memory is short. */
static bool write_set(const answers *a, size_t row, grove_atomic_file *file) {
    unsigned char *flags = malloc(a->classes);
    char *text = NULL;
    if (flags) {
        answer_set(a->probabilities + row * a->classes, a->classes, a->threshold, flags);
        text = set_text(a->schema, flags, a->classes);
    }
    if (text) {
        grove_csv_write_cell((grove_cell){text, strlen(text)}, ',', to_atomic_file, file);
        write_probabilities(a, row, file);
    }
    free(flags);
    free(text);
    return text != NULL;
}

static bool write_number(const answers *a, size_t row, grove_atomic_file *file) {
    char text[34];
    grove_format_number(text, a->numbers[row]);
    to_atomic_file(file, text, strlen(text));
    end_row(a, row, file);
    return true;
}

/* Where the answers go: opened when there are some, so that what is wrong with the first rows is
 * told before anything is written. */
typedef struct csv_output {
    const char *path;
    grove_atomic_file file;
    bool begun;
} csv_output;

static int write_block(void *user, const answers *a) {
    csv_output *to = user;
    grove_error error = {0};
    if (!to->begun) {
        grove_atomic_begin(&to->file, NULL, to->path, &error); /* its mistake sticks */
        to->begun = true;
        if (!write_header(a, &to->file)) {
            return complain("predict", EXIT_RUN_TIME, "out of memory");
        }
    }
    const bool sets = grove_schema_target(a->schema) == GROVE_TARGET_SET;
    for (size_t row = 0; row < a->rows; row++) {
        if (!(a->numbers ? write_number
              : a->top   ? write_top
              : sets     ? write_set
                         : write_class)(a, row, &to->file)) {
            return complain("predict", EXIT_RUN_TIME, "out of memory");
        }
    }
    return EXIT_DONE;
}

static int predict_csv(const options *o, answers *a) {
    grove_error error = {0};
    csv_output to = {.path = o->out ? o->out : "-"};
    int code = ask_in_blocks("predict", o, a, write_block, &to);
    if (code != EXIT_DONE && to.begun) {
        grove_atomic_abort(&to.file);
    } else if (to.begun && grove_atomic_commit(&to.file, &error) != GROVE_OK) {
        code = complain("predict", EXIT_RUN_TIME, error.message);
    }
    return code;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

/* The classes that reach the threshold, as a list. */
static json_t *json_set(const answers *a, size_t row) {
    json_t *set = json_array();
    for (size_t c = 0; c < a->classes; c++) {
        const grove_cell name = class_name(a, c);
        if ((double)a->probabilities[row * a->classes + c] >= a->threshold) {
            json_array_append_new(set, json_text(name.bytes, name.length));
        }
    }
    return set;
}

static json_t *json_top(const answers *a, size_t row) {
    json_t *list = json_array();
    for (size_t k = 0; k < a->top_count; k++) {
        const grove_ranked_class *one = &a->top[row * a->top_count + k];
        const grove_cell name = class_name(a, (size_t)one->id);
        json_array_append_new(list,
                              json_pack("{s:o, s:o}", "class", json_text(name.bytes, name.length),
                                        "probability", json_number((double)one->probability)));
    }
    const grove_cell best = class_name(a, (size_t)a->top[row * a->top_count].id);
    return json_pack("{s:o, s:o}", "prediction", json_text(best.bytes, best.length), "top", list);
}

static json_t *json_answer(const answers *a, size_t row) {
    if (a->top) {
        return json_top(a, row);
    }
    if (a->numbers) {
        return json_pack("{s:o}", "prediction", json_number(a->numbers[row]));
    }
    grove_cell best = class_name(a, best_class(a, row));
    json_t *probabilities = json_array();
    for (size_t c = 0; c < a->classes; c++) {
        double p = (double)a->probabilities[row * a->classes + c];
        json_array_append_new(probabilities, json_number(p));
    }
    const bool sets = grove_schema_target(a->schema) == GROVE_TARGET_SET;
    return json_pack("{s:o, s:o}", "prediction",
                     sets ? json_set(a, row) : json_text(best.bytes, best.length), "probabilities",
                     probabilities);
}

static json_t *json_row(const answers *a, size_t row) {
    json_t *object = json_answer(a, row);
    for (int i = 0; i < uncertain_count(a); i++) {
        json_object_set_new(object, uncertain(a, i)->name,
                            json_number(uncertain(a, i)->value(a, row)));
    }
    return object;
}

static char *json_answers(const answers *a) {
    const bool all = !a->numbers && !a->top;
    json_t *classes = all ? json_array() : json_null(), *rows = json_array();
    for (size_t c = 0; c < a->classes && all; c++) {
        grove_cell name = class_name(a, c);
        json_array_append_new(classes, json_text(name.bytes, name.length));
    }
    for (size_t row = 0; row < a->rows; row++) {
        json_array_append_new(rows, json_row(a, row));
    }
    json_t *object = json_pack("{s:i, s:I, s:f, s:o, s:o, s:o}", "schema", 1, "rows",
                               (json_int_t)a->rows, "unknown_cells", unknown_share(a), "unknown",
                               json_unknown(a), "classes", classes, "predictions", rows);
    if (grove_schema_target(a->schema) == GROVE_TARGET_SET) {
        json_object_set_new(object, "threshold", json_number(a->threshold));
    }
    return json_write(object, JSON_INDENT(1));
}

static bool write_json(const answers *a, grove_atomic_file *file) {
    char *text = json_answers(a);
    if (text) {
        grove_atomic_write(file, text, strlen(text));
        grove_atomic_write(file, "\n", 1);
    }
    free(text);
    return text != NULL;
}

/* ---- the command ----------------------------------------------------------------------------- */

/* One object, so all rows are held. */
static int predict_json(const options *o, answers *a) {
    grove_error error = {0};
    grove_atomic_file file;
    int code = ask("predict", o, false, a);
    if (code != EXIT_DONE) {
        return code;
    }
    grove_atomic_begin(&file, NULL, o->out ? o->out : "-", &error); /* its mistake sticks */
    if (!write_json(a, &file)) {
        grove_atomic_abort(&file);
        return complain("predict", EXIT_RUN_TIME, "out of memory");
    }
    if (grove_atomic_commit(&file, &error) != GROVE_OK) {
        return complain("predict", EXIT_RUN_TIME, error.message);
    }
    return EXIT_DONE;
}

static int predict_table(const options *o, const grove_model *model) {
    answers a = {.model = model, .schema = grove_model_schema(model), .unsure = o->uncertainty};
    int code = o->json ? predict_json(o, &a) : predict_csv(o, &a);
    if (code == EXIT_DONE) {
        report_unknown("predict", &a);
    }
    free_answers(&a);
    return code;
}

int run_predict(const options *o) {
    grove_model *model;
    int code = read_model("predict", o->files[0], &model);
    if (code == EXIT_DONE) {
        code = check_threshold("predict", o, grove_model_schema(model));
    }
    if (code == EXIT_DONE && o->uncertainty && !grove_model_schema(model)) {
        code = complain("predict", EXIT_USAGE,
                        "--uncertainty is for models that grove train wrote: this one does not say "
                        "what its outputs are");
    }
    if (code == EXIT_DONE && o->out) {
        code = check_output("predict", o->out);
    }
    if (code == EXIT_DONE) {
        code = is_autoencoder(model)       ? predict_autoencoder(o, model)
               : grove_model_schema(model) ? predict_table(o, model)
                                           : predict_plain(o, model);
    }
    grove_model_free(model);
    return code;
}
