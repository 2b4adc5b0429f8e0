/* SPDX-License-Identifier: MIT
 *
 * page.c - grove report: a report as one page that holds all it needs.
 */
#include "page.h"

#include <stdlib.h>
#include <string.h>

#include "page_data.h"
#include "sets.h"
#include "unknown.h"

/* A title, or the name of the model's file: what stands behind the last slash. */
static const char *title_of(const options *o) {
    const char *slash = strrchr(o->files[0], '/');
    return o->title ? o->title : slash ? slash + 1 : o->files[0];
}

/* JSON within a script: what could end it is written as \u003c. Such characters stand in texts
 * only, where that means the same. */
static void write_data(grove_atomic_file *file, const char *text) {
    for (const char *next = text; *next; next++) {
        char escaped[16];
        if (strchr("<>&", *next)) {
            snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned)(unsigned char)*next);
            grove_atomic_write(file, escaped, 6);
        } else {
            grove_atomic_write(file, next, 1);
        }
    }
}

int write_page(const char *command, const char *path, const char *before, const char *after,
               json_t *object) {
    grove_error error = {0};
    grove_atomic_file file;
    char *text = json_write(object, JSON_COMPACT);
    if (!text) {
        return complain(command, EXIT_RUN_TIME, "out of memory");
    }
    grove_atomic_begin(&file, NULL, path, &error);
    grove_atomic_write(&file, before, strlen(before));
    write_data(&file, text);
    grove_atomic_write(&file, after, strlen(after));
    free(text);
    return grove_atomic_commit(&file, &error) == GROVE_OK
               ? EXIT_DONE
               : complain(command, EXIT_RUN_TIME, error.message);
}

static int make_numbers_page(const options *o, const answers *a, json_t **object) {
    full_numbers report;
    int code = make_number_report("report", o, true, a, &report);
    if (code == EXIT_DONE) {
        code = page_of_numbers(o, title_of(o), &report, object);
    }
    free_number_report(&report);
    return code;
}

static int make_classes_page(const options *o, const answers *a, json_t **object) {
    full_report report;
    int code = make_report("report", o, true, a, &report);
    if (code == EXIT_DONE) {
        code = page_data(o, title_of(o), &report, object);
    }
    free_report(&report);
    return code;
}

static int make_sets_page(const options *o, const answers *a, json_t **object) {
    full_sets report;
    int code = make_set_report("report", o, true, a, &report);
    tell_unknown_classes("report", a->data, "the model does", "no measure counts them");
    if (code == EXIT_DONE) {
        code = page_of_sets(o, title_of(o), &report, object);
    }
    free_set_report(&report);
    return code;
}

static int make_page(const options *o, const answers *a) {
    json_t *object = NULL;
    const bool sets = grove_schema_target(a->schema) == GROVE_TARGET_SET;
    int code = (a->numbers ? make_numbers_page
                : sets     ? make_sets_page
                           : make_classes_page)(o, a, &object);
    if (code == EXIT_DONE) {
        code = write_page("report", o->out, page_before_data, page_after_data, object);
    } else {
        json_decref(object);
    }
    return code;
}

int run_report(const options *o) {
    grove_model *model;
    int code = check_output("report", o->out);
    code = code == EXIT_DONE ? read_model("report", o->files[0], &model) : code;
    if (code != EXIT_DONE) {
        return code;
    }
    answers a = {.model = model, .schema = grove_model_schema(model)};
    code = ask("report", o, true, &a);
    if (code == EXIT_DONE) {
        report_unknown("report", &a);
        code = make_page(o, &a);
    }
    free_answers(&a);
    grove_model_free(model);
    return code;
}
