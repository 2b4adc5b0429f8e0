/* SPDX-License-Identifier: MIT
 *
 * common.c - what the commands share.
 */
#include "common.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "autoencoder.h"
#include "grove/language.h"

double seconds_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

int complain(const char *command, int code, const char *sentence) {
    fprintf(stderr, "grove %s: ", command);
    print_plain(stderr, sentence);
    fputc('\n', stderr);
    return code;
}

void print_plain(FILE *stream, const char *text) {
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        fputc(byte < 0x20 || byte == 0x7F ? '?' : byte, stream);
    }
}

/* Characters of UTF-8: all bytes but those that continue one. */
int width_of(const char *text) {
    int width = 0;
    for (; *text; text++) {
        width += ((unsigned char)*text & 0xC0) != 0x80;
    }
    return width;
}

void print_padded(const char *text, int width) {
    int used = width_of(text);
    print_plain(stdout, text);
    printf("%*s", used < width ? width - used : 0, "");
}

int code_of_data(grove_status status) {
    return status == GROVE_NO_MEMORY ? EXIT_RUN_TIME : EXIT_BAD_DATA;
}

void tell_bad_rows(const char *command, const grove_table *table) {
    char sentence[400];
    size_t first, count = grove_table_bad_rows(table, &first);
    if (count > 0) {
        snprintf(
            sentence, sizeof sentence,
            "%.200s: %zu row%s with too many or too few cells %s passed over, the first on line "
            "%zu",
            grove_table_source(table), count, count == 1 ? "" : "s", count == 1 ? "was" : "were",
            first);
        complain(command, EXIT_DONE, sentence);
    }
}

grove_csv_options csv_options_of(const options *o) {
    return (grove_csv_options){.separator = o->separator,
                               .guess_separator = true,
                               .comment = o->comment,
                               .skip = (size_t)o->skip,
                               .decimal = o->decimal ? *o->decimal : '.',
                               .max_bad_rows = (size_t)o->max_bad_rows,
                               .no_header = o->no_header,
                               .trim = o->trim};
}

int code_of_source(const char *source, grove_status status) {
    bool no_name = status == GROVE_BAD_ARGUMENT && grove_source_is_database(source);
    return no_name ? EXIT_USAGE : code_of_data(status);
}

int read_table(const char *command, const char *path, const options *o, grove_table **table) {
    grove_error error = {0};
    const grove_csv_options csv = csv_options_of(o);
    if (grove_table_read(path, &csv, table, &error) != GROVE_OK) {
        return complain(command, code_of_source(path, error.status), error.message);
    }
    tell_bad_rows(command, *table);
    return EXIT_DONE;
}

static bool is_one_of(const char *word, const char *const *words) {
    while (*words && strcmp(word, *words) != 0) {
        words++;
    }
    return *words != NULL;
}

/* An autoencoder has no label. */
static int check_label(const char *command, grove_model **model) {
    static const char *const all[] = {"evaluate", "predict",   "embed", "nearest",
                                      "inspect",  "transform", NULL};
    if (!is_autoencoder(*model) || is_one_of(command, all)) {
        return EXIT_DONE;
    }
    grove_model_free(*model);
    *model = NULL;
    return complain(command, EXIT_BAD_MODEL,
                    "this is an autoencoder, of rows without a label: evaluate, predict, embed, "
                    "nearest, transform and inspect take it");
}

/* A language model reads lines of text, others tables. */
static int check_use(const char *command, grove_model **model) {
    static const char *const both[] = {"evaluate", "embed", "nearest", "inspect"};
    const bool is_language = grove_model_is_language(*model);
    bool good = is_language == (strcmp(command, "generate") == 0);
    for (size_t i = 0; i < sizeof both / sizeof *both; i++) {
        good = good || strcmp(command, both[i]) == 0;
    }
    if (good) {
        return check_label(command, model);
    }
    grove_model_free(*model);
    *model = NULL;
    return complain(command, EXIT_BAD_MODEL,
                    is_language ? "this is a language model, of lines of text: evaluate, embed, "
                                  "nearest, inspect and generate take it"
                                : "this is no language model, as grove language writes them");
}

int read_model(const char *command, const char *path, grove_model **model) {
    grove_error error = {0};
    if (grove_load(path, NULL, model, &error) != GROVE_OK) {
        int code = error.status == GROVE_NO_MEMORY ? EXIT_RUN_TIME : EXIT_BAD_MODEL;
        return complain(command, code, error.message);
    }
    return check_use(command, model);
}

int check_output(const char *command, const char *path) {
    grove_error error = {0};
    grove_atomic_file file;
    struct stat there;
    bool is_special = stat(path, &there) == 0 && !S_ISREG(there.st_mode) && !S_ISDIR(there.st_mode);
    if (is_special) {
        return EXIT_DONE; /* to open a pipe and close it again would end its reader */
    }
    grove_status status = grove_atomic_begin(&file, NULL, path, &error);
    grove_atomic_abort(&file);
    return status == GROVE_OK ? EXIT_DONE : complain(command, EXIT_RUN_TIME, error.message);
}

json_t *json_number(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

static bool json_memory_was_short;

static void *json_memory(size_t size) {
    void *memory = malloc(size);
    json_memory_was_short = json_memory_was_short || !memory;
    return memory;
}

void watch_json_memory(void) {
    json_set_alloc_funcs(json_memory, free);
}

char *json_write(json_t *object, size_t flags) {
    char *text = object ? json_dumps(object, flags | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(object);
    if (json_memory_was_short) {
        free(text);
        return NULL;
    }
    return text;
}

int print_json(const char *command, json_t *object) {
    char *text = json_write(object, JSON_INDENT(2));
    if (!text) {
        return complain(command, EXIT_RUN_TIME, "out of memory");
    }
    puts(text);
    free(text);
    return EXIT_DONE;
}

static json_t *json_number_metrics(const grove_metrics *m) {
    return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o}", "rows", (json_int_t)m->rows, "r2",
                     json_number(m->r2), "mean_squared_error", json_number(m->mean_squared_error),
                     "mean_absolute_error", json_number(m->mean_absolute_error),
                     "baseline_mean_squared_error", json_number(m->baseline_mean_squared_error),
                     "baseline_mean_absolute_error", json_number(m->baseline_mean_absolute_error));
}

static json_t *json_set_metrics(const grove_metrics *m) {
    return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "rows", (json_int_t)m->rows,
                     "accuracy", json_number(m->accuracy), "hamming_loss",
                     json_number(m->hamming_loss), "f1_micro", json_number(m->f1_micro), "f1_macro",
                     json_number(m->f1_macro), "log_loss", json_number(m->log_loss),
                     "baseline_accuracy", json_number(m->baseline_accuracy), "baseline_f1_micro",
                     json_number(m->baseline_f1_micro));
}

json_t *json_metrics(const grove_metrics *m) {
    if (m->target == GROVE_TARGET_SET) {
        return json_set_metrics(m);
    }
    if (m->target == GROVE_TARGET_NUMBER) {
        return json_number_metrics(m);
    }
    return json_pack("{s:I, s:o, s:o, s:o, s:o}", "rows", (json_int_t)m->rows, "accuracy",
                     json_number(m->accuracy), "log_loss", json_number(m->log_loss), "roc_auc",
                     json_number(m->roc_auc), "baseline_accuracy",
                     json_number(m->baseline_accuracy));
}

/* The bytes of the character that begins here, 0 if it is none. */
static size_t character(const char *bytes, size_t left) {
    const unsigned char *b = (const unsigned char *)bytes;
    size_t length = b[0] < 0x80                   ? 1
                    : b[0] >= 0xC2 && b[0] < 0xE0 ? 2
                    : b[0] >= 0xE0 && b[0] < 0xF0 ? 3
                    : b[0] >= 0xF0 && b[0] < 0xF5 ? 4
                                                  : 0;
    if (length > left) {
        return 0;
    }
    json_t *probe = length > 1 ? json_stringn(bytes, length) : NULL;
    bool valid = length == 1 || probe;
    json_decref(probe);
    return valid ? length : 0;
}

json_t *json_text(const char *bytes, size_t length) {
    json_t *text = json_stringn(bytes, length);
    char *repaired = text ? NULL : json_memory(3 * length + 1);
    size_t used = 0;
    for (size_t i = 0; repaired && i < length;) {
        size_t good = character(bytes + i, length - i);
        memcpy(repaired + used, good ? bytes + i : "\xEF\xBF\xBD", good ? good : 3);
        used += good ? good : 3;
        i += good ? good : 1;
    }
    if (repaired) {
        text = json_stringn(repaired, used);
    }
    free(repaired);
    return text;
}

static void print_number_metrics(const grove_metrics *m) {
    if (isfinite(m->r2)) {
        printf("r2                   %.4f\n", m->r2);
    }
    printf("mean squared error   %.6g\n  always the training rows' mean: %.6g\n",
           m->mean_squared_error, m->baseline_mean_squared_error);
    printf("mean absolute error  %.6g\n  always their median: %.6g\n", m->mean_absolute_error,
           m->baseline_mean_absolute_error);
}

static void print_set_metrics(const grove_metrics *m) {
    printf("accuracy           %.4f  (of whole sets)\n", m->accuracy);
    printf("  always the most frequent set: %.4f\n", m->baseline_accuracy);
    printf("f1 micro           %.4f\n  always the most frequent set: %.4f\n", m->f1_micro,
           m->baseline_f1_micro);
    printf("f1 macro           %.4f\nhamming loss       %.4f\nlog loss           %.4f\n",
           m->f1_macro, m->hamming_loss, m->log_loss);
}

void print_metrics(const grove_metrics *m) {
    char rows[40];
    if (m->target == GROVE_TARGET_NUMBER) {
        printf("rows                 %s\n", with_commas(rows, (int64_t)m->rows));
        print_number_metrics(m);
        return;
    }
    printf("rows               %s\n", with_commas(rows, (int64_t)m->rows));
    if (m->target == GROVE_TARGET_SET) {
        print_set_metrics(m);
        return;
    }
    printf("accuracy           %.4f\n", m->accuracy);
    printf("  always the most frequent class: %.4f\n", m->baseline_accuracy);
    printf("log loss           %.4f\n", m->log_loss);
    if (isfinite(m->roc_auc)) {
        printf("ROC AUC            %.4f\n", m->roc_auc);
    }
}

const char *with_commas(char buffer[40], int64_t number) {
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRId64, number), used = 0;
    for (int i = 0; i < length; i++) {
        int left = length - i;
        buffer[used++] = digits[i];
        if (left > 1 && left % 3 == 1 && digits[i] != '-') {
            buffer[used++] = ',';
        }
    }
    buffer[used] = '\0';
    return buffer;
}

int to_atomic_file(void *user, const char *bytes, size_t size) {
    return grove_atomic_write(user, bytes, size) == GROVE_OK ? 0 : -1;
}

enum { MOST_OUTPUTS = 64 };

int depth_of(const grove_model *model) {
    grove_tensor outputs[MOST_OUTPUTS];
    int count = grove_model_outputs(model);
    count = count < MOST_OUTPUTS ? count : MOST_OUTPUTS;
    for (int i = 0; i < count; i++) {
        outputs[i] = grove_model_output(model, i);
    }
    return grove_nn_depth(outputs, count);
}
