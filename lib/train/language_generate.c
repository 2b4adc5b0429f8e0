/* SPDX-License-Identifier: MIT
 *
 * language_generate.c - text that a language model makes up, unit by unit, several samples at a
 * time.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "language.h"
#include "lines.h"

/* ---- drawing --------------------------------------------------------------------------------- */

static int falling(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* The k-th largest logit of ids 1...count - 1; room [count]. */
static double least_of_top(const grove_real *logits, size_t count, int64_t k, double *room) {
    for (size_t i = 1; i < count; i++) {
        room[i - 1] = (double)logits[i];
    }
    qsort(room, count - 1, sizeof *room, falling);
    return room[k - 1];
}

static int32_t most_likely(const grove_real *logits, size_t count) {
    size_t best = 1;
    for (size_t i = 2; i < count; i++) {
        best = logits[i] > logits[best] ? i : best;
    }
    return (int32_t)best;
}

int32_t grove_draw_unit(const grove_real *logits, size_t count, double temperature, int64_t top_k,
                        double u, double *room) {
    const bool cut = top_k > 0 && (size_t)top_k < count - 1;
    const double least = cut ? least_of_top(logits, count, top_k, room) : -INFINITY;
    const double most = (double)logits[most_likely(logits, count)];
    double sum = 0;
    int64_t left = cut ? top_k : (int64_t)count; /* of equal logits the first ones are taken */
    for (size_t i = 1; i < count; i++) {
        left -= cut && (double)logits[i] > least;
    }
    for (size_t i = 1; i < count; i++) {
        const bool above = (double)logits[i] > least;
        const bool in = !cut || above || ((double)logits[i] == least && left-- > 0);
        room[i] = in ? exp(((double)logits[i] - most) / temperature) : 0;
        sum += room[i];
    }
    double until = u * sum;
    size_t drawn = 0;
    for (size_t i = 1; i < count && (drawn == 0 || until >= 0); i++) {
        drawn = room[i] > 0 ? i : drawn;
        until -= room[i];
    }
    return (int32_t)drawn;
}

static double unit_number(uint64_t seed, size_t sample, size_t place) {
    uint32_t words[4];
    grove_random_block(seed, (uint32_t)grove_hash_name("generate"), (uint32_t)sample, place, words);
    return grove_unit53(words[0], words[1]);
}

/* log p of a unit, under the logits as they are. */
static double log_probability(const grove_real *logits, size_t count, int32_t unit) {
    double most = (double)logits[0], sum = 0;
    for (size_t i = 1; i < count; i++) {
        most = (double)logits[i] > most ? (double)logits[i] : most;
    }
    for (size_t i = 0; i < count; i++) {
        sum += exp((double)logits[i] - most);
    }
    return (double)logits[unit] - most - log(sum);
}

/* ---- the samples of a batch ------------------------------------------------------------------ */

typedef struct writer {
    const grove_language *language;
    const grove_schema *schema;
    grove_generate_options how;
    grove_allocator memory;
    grove_stepper *stepper;  /* NULL: all places anew */
    grove_plan *plan;        /* then this one */
    int32_t *whole, *unused; /* its inputs */
    size_t batch, longest, vocabulary;
    int32_t *prompt; /* [prompt_units] */
    size_t prompt_units;
    int32_t *units; /* [batch, longest + 1]; of each sample, with its end mark */
    size_t *counts; /* [batch] units; its end mark, if there is one, is no unit */
    bool *ended;
    double *likely; /* [batch] log p */
    int32_t *last;  /* [batch] what was read last */
    double *room;   /* [vocabulary] */
    char *text;
    size_t text_room;
    grove_error *error;
} writer;

static grove_status is_mistake(grove_status status, const grove_plan *plan, grove_error *error) {
    return status == GROVE_OK
               ? GROVE_OK
               : grove_fail(error, status, "language model: %s", grove_plan_error(plan)->message);
}

/* The logits of place t of each row, by the graph that was trained, from all units so far. */
static grove_status read_all_again(writer *w, size_t place, const grove_real **rows) {
    const size_t window = (size_t)w->language->how.window, places = (size_t)w->language->how.places;
    const size_t width = window - 1 + places;
    for (size_t b = 0; b < w->batch; b++) {
        for (size_t j = 0; j < width; j++) {
            /* units[j] is the one before place j - (window - 1), counted from the end mark */
            const bool inside = j >= window && j - window < place;
            w->whole[b * width + j] =
                inside ? w->units[b * (w->longest + 1) + j - window] : GROVE_END_MARK;
        }
    }
    const grove_status status = is_mistake(grove_run(w->plan), w->plan, w->error);
    const grove_real *logits =
        status == GROVE_OK ? grove_value(w->plan, w->language->logits) : NULL;
    for (size_t b = 0; b < w->batch && logits; b++) {
        rows[b] = logits + (b * places + place) * w->vocabulary;
    }
    return status;
}

static grove_status read_one_more(writer *w, const grove_real **rows) {
    const grove_real *logits = NULL;
    const grove_status status = grove_stepper_read(w->stepper, w->last, &logits, w->error);
    for (size_t b = 0; b < w->batch && logits; b++) {
        rows[b] = logits + b * w->vocabulary;
    }
    return status;
}

static void write_unit(writer *w, size_t row, size_t sample, size_t place,
                       const grove_real *logits) {
    int32_t unit;
    if (place < w->prompt_units) {
        unit = w->prompt[place];
    } else if (w->how.greedy) {
        unit = most_likely(logits, w->vocabulary);
    } else {
        unit = grove_draw_unit(logits, w->vocabulary, w->how.temperature, w->how.top_k,
                               unit_number(w->how.seed, sample, place), w->room);
    }
    w->likely[row] += log_probability(logits, w->vocabulary, unit);
    w->units[row * (w->longest + 1) + place] = unit;
    w->last[row] = unit;
    w->ended[row] = unit == GROVE_END_MARK;
    w->counts[row] += !w->ended[row];
}

static size_t count_open(const writer *w, size_t rows) {
    size_t open = 0;
    for (size_t b = 0; b < rows; b++) {
        open += !w->ended[b];
    }
    return open;
}

/* Samples first...first + rows. A row that has ended reads end marks until all have. */
static grove_status write_batch(writer *w, size_t first, size_t rows, const grove_real **logits) {
    grove_status status = GROVE_OK;
    if (w->stepper) {
        grove_stepper_begin(w->stepper);
    }
    for (size_t b = 0; b < w->batch; b++) {
        w->last[b] = GROVE_END_MARK;
        w->ended[b] = b >= rows;
        w->counts[b] = 0;
        w->likely[b] = 0;
    }
    for (size_t place = 0; place <= w->longest && count_open(w, rows) > 0 && status == GROVE_OK;
         place++) {
        status = w->stepper ? read_one_more(w, logits) : read_all_again(w, place, logits);
        for (size_t b = 0; b < rows && status == GROVE_OK; b++) {
            if (!w->ended[b] && place < w->longest) {
                write_unit(w, b, first + b, place, logits[b]);
            } else if (!w->ended[b]) { /* it may only end now */
                const int32_t next =
                    w->how.greedy
                        ? most_likely(logits[b], w->vocabulary)
                        : grove_draw_unit(logits[b], w->vocabulary, w->how.temperature,
                                          w->how.top_k, unit_number(w->how.seed, first + b, place),
                                          w->room);
                w->ended[b] = next == GROVE_END_MARK;
                w->likely[b] +=
                    w->ended[b] ? log_probability(logits[b], w->vocabulary, GROVE_END_MARK) : 0;
            }
        }
    }
    return status;
}

/* ---- text ------------------------------------------------------------------------------------ */

static grove_status put(writer *w, size_t *length, const char *bytes, size_t count) {
    if (*length + count + 1 > w->text_room) {
        const size_t room = 2 * (*length + count + 32);
        char *more = grove_resize(&w->memory, w->text, room);
        if (!more) {
            return grove_fail_memory(w->error, room);
        }
        w->text = more;
        w->text_room = room;
    }
    memcpy(w->text + *length, bytes, count);
    *length += count;
    w->text[*length] = '\0';
    return GROVE_OK;
}

static grove_status spell(writer *w, size_t row, size_t *length) {
    *length = 0;
    grove_status status = put(w, length, "", 0);
    for (size_t t = 0; t < w->counts[row] && status == GROVE_OK; t++) {
        const grove_cell unit =
            grove_schema_value(w->schema, 0, w->units[row * (w->longest + 1) + t]);
        if (t > 0 && w->language->how.units == GROVE_WORDS) {
            status = put(w, length, " ", 1);
        }
        status = status == GROVE_OK ? put(w, length, unit.bytes, unit.length) : status;
    }
    return status;
}

static grove_status hand_out(writer *w, size_t first, size_t rows,
                             bool (*take)(void *, const grove_text_sample *), void *user,
                             bool *go_on) {
    grove_status status = GROVE_OK;
    for (size_t b = 0; b < rows && *go_on && status == GROVE_OK; b++) {
        size_t length = 0;
        status = spell(w, b, &length);
        if (status == GROVE_OK) {
            *go_on = take(user, &(grove_text_sample){.number = first + b,
                                                     .text = w->text,
                                                     .length = length,
                                                     .units = w->counts[b],
                                                     .is_cut = !w->ended[b],
                                                     .log_probability = w->likely[b]});
        }
    }
    return status;
}

/* ---- options --------------------------------------------------------------------------------- */

static grove_status read_prompt(writer *w) {
    const grove_cell prompt = w->how.prompt;
    const char *at = prompt.bytes ? prompt.bytes : "", *end = at + prompt.length;
    const grove_units units = w->language->how.units;
    size_t length;
    w->prompt = grove_alloc_zero(&w->memory, prompt.length + 1, sizeof *w->prompt);
    if (!w->prompt) {
        return grove_fail_memory(w->error, prompt.length);
    }
    while ((length = grove_unit_at(&at, end, units)) > 0) {
        const int32_t id = grove_schema_id(w->schema, 0, (grove_cell){at, length});
        if (id == GROVE_UNKNOWN_UNIT) {
            return grove_fail(w->error, GROVE_BAD_ARGUMENT,
                              "the prompt: training did not see the %s '%.*s'",
                              grove_units_name(units), (int)(length < 80 ? length : 80), at);
        }
        w->prompt[w->prompt_units++] = id;
        at += length;
    }
    return w->prompt_units < w->longest
               ? GROVE_OK
               : grove_fail(w->error, GROVE_BAD_ARGUMENT,
                            "the prompt has %zu %ss, as many as the longest text may have, or "
                            "more: %zu",
                            w->prompt_units, grove_units_name(units), w->longest);
}

static grove_status check_options(writer *w) {
    grove_generate_options *o = &w->how;
    const int64_t most = w->language->how.places - 1;
    o->temperature = o->temperature == 0 ? 1 : o->temperature;
    o->count = o->count ? o->count : 1;
    o->batch = o->batch > 0 ? o->batch : 64;
    if (!(o->temperature > 0) || !isfinite(o->temperature) || o->top_k < 0) {
        return grove_fail(w->error, GROVE_BAD_ARGUMENT,
                          "a temperature must be a number above 0, and top_k 0 or more");
    }
    const bool bound = w->language->how.kind == GROVE_LANGUAGE_TRANSFORMER || o->uncached;
    w->longest = (size_t)(o->longest > 0 ? o->longest : most > 0 ? most : 1);
    return bound && (int64_t)w->longest > most
               ? grove_fail(w->error, GROVE_BAD_ARGUMENT,
                            "the model has %lld places: a text may be of %lld %ss, not of %zu",
                            (long long)most + 1, (long long)most,
                            grove_units_name(w->language->how.units), w->longest)
               : GROVE_OK;
}

static bool make_room(writer *w) {
    w->units = grove_alloc_zero(&w->memory, w->batch * (w->longest + 1), sizeof *w->units);
    w->counts = grove_alloc_zero(&w->memory, w->batch, sizeof *w->counts);
    w->ended = grove_alloc_zero(&w->memory, w->batch, sizeof *w->ended);
    w->likely = grove_alloc_zero(&w->memory, w->batch, sizeof *w->likely);
    w->last = grove_alloc_zero(&w->memory, w->batch, sizeof *w->last);
    w->room = grove_alloc_zero(&w->memory, w->vocabulary, sizeof *w->room);
    return w->units && w->counts && w->ended && w->likely && w->last && w->room;
}

static grove_status open_reader(writer *w) {
    const grove_language *l = w->language;
    if (!w->how.uncached) {
        return grove_stepper_new(l, (int64_t)w->batch, w->how.threads, &w->memory, &w->stepper,
                                 w->error);
    }
    const size_t width = (size_t)(l->how.window - 1 + l->how.places);
    const grove_plan_options how = {
        .batch = (int64_t)w->batch, .threads = w->how.threads, .allocator = w->memory};
    w->whole = grove_alloc_zero(&w->memory, w->batch * width, sizeof *w->whole);
    w->plan = w->whole ? grove_plan_new(l->graph, &l->logits, 1, &how) : NULL;
    return w->plan ? is_mistake(grove_bind(w->plan, l->units, w->whole), w->plan, w->error)
                   : grove_fail_memory(w->error, w->batch * width);
}

static void close_writer(writer *w) {
    void *const blocks[] = {w->whole,  w->prompt, w->units, w->counts, w->ended,
                            w->likely, w->last,   w->room,  w->text};
    grove_stepper_free(w->stepper);
    grove_plan_free(w->plan);
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        grove_release(&w->memory, blocks[i]);
    }
}

grove_status grove_generate(const grove_language *language, const grove_schema *schema,
                            const grove_generate_options *options,
                            bool (*take)(void *user, const grove_text_sample *sample), void *user,
                            grove_error *error) {
    const grove_generate_options usual = {0};
    writer w = {.language = language,
                .schema = schema,
                .how = options ? *options : usual,
                .vocabulary = (size_t)language->vocabulary,
                .error = error};
    w.memory = grove_allocator_or_default(&w.how.allocator);
    grove_error_clear(error);
    grove_status status = check_options(&w);
    w.batch = w.how.count < (size_t)w.how.batch ? w.how.count : (size_t)w.how.batch;
    status = status ? status : read_prompt(&w);
    status = status ? status : open_reader(&w);
    const grove_real **logits =
        status == GROVE_OK ? grove_alloc_zero(&w.memory, w.batch, sizeof *logits) : NULL;
    if (status == GROVE_OK && (!logits || !make_room(&w))) {
        status = grove_fail_memory(error, w.batch * sizeof *w.units);
    }
    bool go_on = true;
    for (size_t first = 0; first < w.how.count && go_on && status == GROVE_OK; first += w.batch) {
        const size_t rows = w.how.count - first < w.batch ? w.how.count - first : w.batch;
        status = write_batch(&w, first, rows, logits);
        status = status ? status : hand_out(&w, first, rows, take, user, &go_on);
    }
    grove_release(&w.memory, logits);
    close_writer(&w);
    return status;
}
