/* SPDX-License-Identifier: MIT
 *
 * language_use.c - grove evaluate and grove embed of a language model.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "language.h"
#include "option_table.h"

int open_language(const char *command, const grove_model *model, grove_language *language) {
    grove_error error = {0};
    return grove_language_open(model, language, &error) == GROVE_OK
               ? EXIT_DONE
               : complain(command, EXIT_BAD_MODEL, error.message);
}

/* Options of tables say nothing of lines. */
static int check_options_of_lines(const char *command, const options *o, const char *const *more) {
    char why[200];
    const char *name = option_of_tables(o);
    for (; !name && *more; more++) {
        name = option_is_given(o, *more) ? *more : NULL;
    }
    snprintf(why, sizeof why, "--%s is for models of tables: this one reads lines of text",
             name ? name : "");
    return name ? complain(command, EXIT_USAGE, why) : EXIT_DONE;
}

static int read_asked(const char *command, const options *o, const grove_model *model,
                      grove_language *language, grove_lines **lines) {
    int code = open_language(command, model, language);
    return code ? code : read_lines(command, o->files[1], language->how.units, lines);
}

/* ---- evaluate -------------------------------------------------------------------------------- */

static int tell(const options *o, const grove_language *l, size_t lines,
                const grove_language_score *score) {
    const char *unit = grove_units_name(l->how.units);
    if (o->json) {
        return print_json("evaluate",
                          json_pack("{s:i, s:I, s:s, s:I, s:I, s:o, s:o}", "schema", 1, "lines",
                                    (json_int_t)lines, "unit", unit, "units",
                                    (json_int_t)score->units, "unknown", (json_int_t)score->unknown,
                                    "loss", json_number(score->loss), "perplexity",
                                    json_number(exp(score->loss))));
    }
    char count[40], units[40], unknown[40];
    printf("lines        %s\n%ss      %s, end marks among them\nunknown      %s\n"
           "loss         %.4f   nats a %s (%.3f bits)\nperplexity   %.4f\nall alike    %.4f\n",
           with_commas(count, (int64_t)lines), unit, with_commas(units, (int64_t)score->units),
           with_commas(unknown, (int64_t)score->unknown), score->loss, unit, score->loss / log(2),
           exp(score->loss), log((double)l->vocabulary - 1));
    return EXIT_DONE;
}

int evaluate_language(const options *o, const grove_model *model) {
    static const char *const idle[] = {"full", "require", "unknown", "threshold", NULL};
    grove_language l;
    grove_lines *lines = NULL;
    grove_language_score score;
    grove_error error = {0};
    int code = check_options_of_lines("evaluate", o, idle);
    code = code ? code : read_asked("evaluate", o, model, &l, &lines);
    if (code == EXIT_DONE) {
        const grove_line_rows rows = {lines, NULL, grove_lines_count(lines)};
        const grove_status status = grove_language_measure(&l, grove_model_schema(model), rows,
                                                           (int)o->threads, &score, &error);
        code = status == GROVE_OK ? tell(o, &l, rows.count, &score)
                                  : complain("evaluate", code_of_data(status), error.message);
    }
    grove_lines_free(lines);
    return code;
}

/* ---- embed ----------------------------------------------------------------------------------- */

static void write_vectors(grove_atomic_file *file, const grove_lines *lines, size_t count,
                          size_t width, const float *vectors) {
    char text[32];
    grove_csv_write_cell((grove_cell){"line", 4}, ',', to_atomic_file, file);
    for (size_t k = 0; k < width; k++) {
        const int length = snprintf(text, sizeof text, ",text_%zu", k + 1);
        grove_atomic_write(file, text, (size_t)length);
    }
    grove_atomic_write(file, "\n", 1);
    for (size_t i = 0; i < count; i++) {
        grove_csv_write_cell(grove_lines_text(lines, i), ',', to_atomic_file, file);
        for (size_t k = 0; k < width; k++) {
            grove_format_float(text, vectors[i * width + k]);
            grove_atomic_write(file, ",", 1);
            grove_atomic_write(file, text, strlen(text));
        }
        grove_atomic_write(file, "\n", 1);
    }
}

int embed_language(const options *o, const grove_model *model) {
    static const char *const idle[] = {"layer", "format", "unknown", "column", NULL};
    grove_language l;
    grove_lines *lines = NULL;
    grove_error error = {0};
    int code = check_options_of_lines("embed", o, idle);
    code = code ? code : read_asked("embed", o, model, &l, &lines);
    if (code != EXIT_DONE) {
        return code;
    }
    const grove_line_rows rows = {lines, NULL, grove_lines_count(lines)};
    const size_t width = grove_language_width(&l);
    float *vectors = calloc(rows.count + 1, width * sizeof *vectors);
    grove_status status = vectors ? grove_language_vectors(&l, grove_model_schema(model), rows,
                                                           (int)o->threads, vectors, &error)
                                  : GROVE_NO_MEMORY;
    if (status == GROVE_OK) {
        grove_atomic_file file;
        grove_atomic_begin(&file, NULL, o->out ? o->out : "-", &error);
        write_vectors(&file, lines, rows.count, width, vectors);
        status = grove_atomic_commit(&file, &error);
    }
    free(vectors);
    grove_lines_free(lines);
    return status == GROVE_OK ? EXIT_DONE
                              : complain("embed", EXIT_RUN_TIME,
                                         error.message[0] ? error.message : "out of memory");
}
