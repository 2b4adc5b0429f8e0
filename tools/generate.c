/* SPDX-License-Identifier: MIT
 *
 * generate.c - grove generate: text that a language model makes up, and how much of it is right.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check_runner.h"
#include "interrupt.h"
#include "language.h"

enum { SHOWN_FAILURES = 5 };

typedef struct sample {
    char *text;
    size_t units;
    double likely;
    bool is_cut, is_known;
} sample;

typedef struct job {
    const options *o;
    sample *samples; /* [count] */
    size_t count, room;
    bool is_short; /* of memory */
    size_t distinct, known;
    grove_lines *known_lines; /* NULL: not asked for */
    check_result *results;    /* [count]; NULL: not asked for */
    size_t tally[CHECK_RESULTS];
    double seconds;
    grove_units units;
} job;

static void free_samples(job *j) {
    for (size_t i = 0; i < j->count; i++) {
        free(j->samples[i].text);
    }
    free(j->samples);
    free(j->results);
    grove_lines_free(j->known_lines);
}

/* ---- samples --------------------------------------------------------------------------------- */

static bool take(void *user, const grove_text_sample *s) {
    job *j = user;
    if (j->count == j->room) {
        const size_t room = j->room ? 2 * j->room : 256;
        sample *more = realloc(j->samples, room * sizeof *more);
        j->is_short = !more;
        if (!more) {
            return false;
        }
        j->samples = more;
        j->room = room;
    }
    char *text = strdup(s->text);
    j->is_short = !text;
    if (text) {
        j->samples[j->count++] = (sample){
            .text = text, .units = s->units, .likely = s->log_probability, .is_cut = s->is_cut};
    }
    return text != NULL;
}

static int make_samples(job *j, const grove_language *l, const grove_schema *schema) {
    const options *o = j->o;
    const char *prompt = o->prompt ? o->prompt : "";
    const grove_generate_options how = {.count = (size_t)o->n,
                                        .temperature = o->temperature,
                                        .greedy = o->temperature == 0,
                                        .top_k = o->top_k,
                                        .seed = (uint64_t)o->seed,
                                        .longest = o->max_length,
                                        .prompt = {prompt, strlen(prompt)},
                                        .threads = (int)o->threads,
                                        .uncached = o->no_cache};
    grove_error error = {0};
    const double begin = seconds_now();
    const grove_status status = grove_generate(l, schema, &how, take, j, &error);
    j->seconds = seconds_now() - begin;
    if (status == GROVE_OK && !j->is_short) {
        return EXIT_DONE;
    }
    return status == GROVE_BAD_ARGUMENT
               ? complain("generate", EXIT_USAGE, error.message)
               : complain("generate", EXIT_RUN_TIME, status ? error.message : "out of memory");
}

/* ---- how many are new ------------------------------------------------------------------------ */

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char *copy_of(grove_cell text) {
    char *copy = malloc(text.length + 1);
    if (copy) {
        memcpy(copy, text.bytes, text.length);
        copy[text.length] = '\0';
    }
    return copy;
}

static bool count_known(job *j) {
    const size_t count = j->known_lines ? grove_lines_count(j->known_lines) : 0;
    char **lines = calloc(count + 1, sizeof *lines);
    bool good = lines != NULL;
    for (size_t i = 0; i < count && good; i++) {
        lines[i] = copy_of(grove_lines_text(j->known_lines, i));
        good = lines[i] != NULL;
    }
    if (good) {
        qsort(lines, count, sizeof *lines, by_text);
    }
    for (size_t i = 0; i < j->count && good; i++) {
        const char *text = j->samples[i].text;
        j->samples[i].is_known = bsearch(&text, lines, count, sizeof *lines, by_text) != NULL;
        j->known += j->samples[i].is_known;
    }
    for (size_t i = 0; lines && i < count; i++) {
        free(lines[i]);
    }
    free(lines);
    return good;
}

static bool count_distinct(job *j) {
    const char **texts = calloc(j->count + 1, sizeof *texts);
    for (size_t i = 0; texts && i < j->count; i++) {
        texts[i] = j->samples[i].text;
    }
    if (texts) {
        qsort(texts, j->count, sizeof *texts, by_text);
        for (size_t i = 0; i < j->count; i++) {
            j->distinct += i == 0 || strcmp(texts[i], texts[i - 1]) != 0;
        }
    }
    free(texts);
    return texts != NULL;
}

/* ---- checks ---------------------------------------------------------------------------------- */

static int check(job *j, char *const *words) {
    const options *o = j->o;
    const char **texts = calloc(j->count + 1, sizeof *texts);
    char why[300] = "out of memory";
    j->results = calloc(j->count + 1, sizeof *j->results);
    bool good = texts && j->results;
    for (size_t i = 0; i < j->count && good; i++) {
        texts[i] = j->samples[i].text;
    }
    if (good) {
        const check_job all = {.words = words,
                               .texts = texts,
                               .count = j->count,
                               .jobs = (int)o->check_jobs,
                               .seconds = o->check_timeout};
        good = run_checks(&all, j->results, why, sizeof why);
    }
    free(texts);
    for (size_t i = 0; i < j->count && good; i++) {
        j->tally[j->results[i]]++;
    }
    return good ? EXIT_DONE
           : why[0]
               ? complain("generate", EXIT_RUN_TIME, why)
               : complain("generate", 128 + interrupt_noted(), "stopped before all was checked");
}

/* ---- the report ------------------------------------------------------------------------------ */

static json_t *json_share(size_t part, size_t whole) {
    const grove_estimate e = grove_wilson(part, whole);
    return json_pack("{s:o, s:o, s:o}", "value", json_number(e.value), "low", json_number(e.low),
                     "high", json_number(e.high));
}

static json_t *json_samples(const job *j) {
    json_t *list = json_array();
    for (size_t i = 0; i < j->count; i++) {
        const sample *s = &j->samples[i];
        json_t *one = json_pack("{s:o, s:I, s:o, s:b}", "text", json_text(s->text, strlen(s->text)),
                                "units", (json_int_t)s->units, "log_probability",
                                json_number(s->likely), "cut", s->is_cut);
        if (j->known_lines) {
            json_object_set_new(one, "known", json_boolean(s->is_known));
        }
        if (j->results) {
            json_object_set_new(one, "check", json_string(check_result_names[j->results[i]]));
        }
        json_array_append_new(list, one);
    }
    return list;
}

static int print_object(const job *j) {
    json_t *object = json_pack("{s:i, s:I, s:I, s:s, s:o}", "schema", 1, "samples",
                               (json_int_t)j->count, "distinct", (json_int_t)j->distinct, "unit",
                               grove_units_name(j->units), "texts", json_samples(j));
    json_object_set_new(object, "known",
                        j->known_lines ? json_integer((json_int_t)j->known) : json_null());
    if (j->results) {
        json_t *checked = json_object();
        for (int k = 0; k < CHECK_RESULTS; k++) {
            json_object_set_new(checked, check_result_names[k],
                                json_integer((json_int_t)j->tally[k]));
        }
        json_object_set_new(checked, "fraction_of_successes",
                            json_share(j->tally[CHECK_PASSED], j->count));
        json_object_set_new(object, "check", checked);
    }
    return print_json("generate", object);
}

static void print_failures(const job *j) {
    int shown = 0;
    for (size_t i = 0; i < j->count && shown < SHOWN_FAILURES; i++) {
        if (j->results[i] != CHECK_PASSED) {
            printf("%s  ", shown == 0 ? "for example:\n" : "");
            print_plain(stdout, j->samples[i].text);
            printf("   (%s)\n", check_result_names[j->results[i]]);
            shown++;
        }
    }
}

static void print_summary(const job *j) {
    char count[40], other[40];
    FILE *to = j->results ? stdout : stderr;
    fprintf(to, "samples      %s, %s of them different\n", with_commas(count, (int64_t)j->count),
            with_commas(other, (int64_t)j->distinct));
    if (j->known_lines) {
        const grove_estimate e = grove_wilson(j->known, j->count);
        fprintf(to, "known        %s are lines of %s: %.4f (%.4f to %.4f)\n",
                with_commas(count, (int64_t)j->known), j->o->known, e.value, e.low, e.high);
    }
    if (j->results) {
        const grove_estimate e = grove_wilson(j->tally[CHECK_PASSED], j->count);
        printf("fraction of successes   %.4f (%.4f to %.4f): %s of %s\n", e.value, e.low, e.high,
               with_commas(count, (int64_t)j->tally[CHECK_PASSED]),
               with_commas(other, (int64_t)j->count));
        printf("of the others failed %zu, crashed %zu, ran out of time %zu\n",
               j->tally[CHECK_FAILED], j->tally[CHECK_CRASHED], j->tally[CHECK_LATE]);
        print_failures(j);
    }
}

/* A sample a line. */
static int write_samples(const job *j, const char *path) {
    grove_error error = {0};
    grove_atomic_file file;
    grove_atomic_begin(&file, NULL, path, &error);
    for (size_t i = 0; i < j->count; i++) {
        grove_atomic_write(&file, j->samples[i].text, strlen(j->samples[i].text));
        grove_atomic_write(&file, "\n", 1);
    }
    return grove_atomic_commit(&file, &error) == GROVE_OK
               ? EXIT_DONE
               : complain("generate", EXIT_RUN_TIME, error.message);
}

static int tell(job *j) {
    const options *o = j->o;
    if (!count_distinct(j) || !count_known(j)) {
        return complain("generate", EXIT_RUN_TIME, "out of memory");
    }
    int code = o->out ? write_samples(j, o->out) : EXIT_DONE;
    if (code != EXIT_DONE || o->json) {
        return code ? code : print_object(j);
    }
    if (!o->out && !j->results) {
        code = write_samples(j, "-");
    }
    if (code == EXIT_DONE && (j->results || j->known_lines)) {
        print_summary(j);
    }
    return code;
}

/* ---- the command ----------------------------------------------------------------------------- */

static int run_model(const options *o, const grove_model *model, char *const *words) {
    grove_language l;
    job j = {.o = o};
    int code = open_language("generate", model, &l);
    if (code == EXIT_DONE && o->known) {
        code = read_lines("generate", o->known, l.how.units, &j.known_lines);
    }
    j.units = l.how.units;
    code = code ? code : make_samples(&j, &l, grove_model_schema(model));
    if (code == EXIT_DONE && words) {
        code = check(&j, words);
    }
    code = code ? code : tell(&j);
    free_samples(&j);
    return code;
}

int run_generate(const options *o) {
    grove_model *model = NULL;
    const char *why = NULL;
    char sentence[200];
    char **words = o->check ? check_words(o->check, &why) : NULL;
    if (o->check && !words) {
        snprintf(sentence, sizeof sentence, "--check takes a command and its arguments: %s", why);
        return complain("generate", EXIT_USAGE, sentence);
    }
    int code = o->out ? check_output("generate", o->out) : EXIT_DONE;
    code = code ? code : read_model("generate", o->files[0], &model);
    code = code ? code : run_model(o, model, words);
    free_words(words);
    grove_model_free(model);
    return code;
}
