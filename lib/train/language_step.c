/* SPDX-License-Identifier: MIT
 *
 * language_step.c - one place of a line after the other. What all places at once would compute of
 * the earlier ones again and again is kept: of an mlp the last units, of a gru its state, of a
 * transformer the keys and values of all places so far. The parameters are those of the graph.
 *
 * Cost of a place: the parameters once, and of a transformer places * width more for each layer;
 * the whole graph would take places times the parameters.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "grove/layers.h"
#include "grove/nn.h"
#include "language.h"
#include "lines.h"

enum { MOST_LAYERS = 64 };

struct grove_stepper {
    grove_allocator allocator;
    const grove_language *language;
    grove_plan *plan;
    size_t batch, place;
    size_t layers; /* that keep something */
    grove_tensor logits, fresh[MOST_LAYERS], kept[MOST_LAYERS];
    int32_t *units;   /* [batch, window] */
    int32_t *places;  /* [batch], transformer */
    grove_real *seen; /* [batch, places + 1]: 1 for kept places that there are, and for this one */
    grove_real *memory[MOST_LAYERS]; /* gru [batch, hidden]; transformer [batch, places, 2 width] */
};

/* ---- layers with parameters that are there --------------------------------------------------- */

static grove_tensor part(const grove_language *l, const char *layer, const char *name) {
    char text[128];
    snprintf(text, sizeof text, "%s.%s", layer, name);
    return grove_find(l->graph, text);
}

static grove_tensor dense(const grove_language *l, grove_tensor x, const char *layer) {
    return grove_add(grove_matmul(x, part(l, layer, "weight"), false, true),
                     part(l, layer, "bias"));
}

static grove_tensor within(const grove_language *l, grove_tensor x, const char *block,
                           const char *layer) {
    char text[96];
    snprintf(text, sizeof text, "%s.%s", block, layer);
    return dense(l, x, text);
}

static grove_tensor norm(const grove_language *l, grove_tensor x, const char *layer) {
    return grove_layer_norm(x, part(l, layer, "weight"), part(l, layer, "bias"), 1e-5);
}

static grove_tensor vector_of(const grove_language *l, grove_tensor units) {
    char table[64];
    snprintf(table, sizeof table, "table.%s.weight", grove_units_name(l->how.units));
    return grove_embedding(grove_find(l->graph, table), units);
}

/* ---- mlp ------------------------------------------------------------------------------------- */

static grove_tensor mlp(const grove_stepper *s, grove_tensor units) {
    const grove_language_options *o = &s->language->how;
    char name[GROVE_LANGUAGE_LAYER];
    grove_tensor x = grove_reshape(vector_of(s->language, units),
                                   GROVE_SHAPE(GROVE_BATCH, o->window * o->width));
    for (int64_t i = 0; i < o->layers; i++) {
        x = grove_tanh(dense(s->language, x, grove_language_layer(name, "mlp", i)));
    }
    return x;
}

/* ---- gru ------------------------------------------------------------------------------------- */

static grove_tensor kept_input(grove_stepper *s, size_t layer, grove_shape shape) {
    char name[48];
    snprintf(name, sizeof name, "step.kept.%zu", layer);
    s->kept[layer] = grove_input(s->language->graph, name, GROVE_REAL, shape);
    return s->kept[layer];
}

static grove_tensor gates(grove_tensor all, int64_t units, int64_t first, int64_t count) {
    return grove_slice(all, 1, first * units, count * units);
}

/* h [batch, hidden] of the place before -> of this one: the formulas of grove_nn_gru. */
static grove_tensor gru_layer(const grove_language *l, grove_tensor x, grove_tensor h,
                              const char *name) {
    const int64_t n = l->how.hidden;
    const grove_tensor of_x = grove_add(grove_matmul(x, part(l, name, "weight_ih_l0"), false, true),
                                        part(l, name, "bias_ih_l0"));
    const grove_tensor of_h = grove_add(grove_matmul(h, part(l, name, "weight_hh_l0"), false, true),
                                        part(l, name, "bias_hh_l0"));
    const grove_tensor both = grove_sigmoid(grove_add(gates(of_x, n, 0, 2), gates(of_h, n, 0, 2)));
    const grove_tensor r = gates(both, n, 0, 1), z = gates(both, n, 1, 1);
    const grove_tensor fresh =
        grove_tanh(grove_add(gates(of_x, n, 2, 1), grove_mul(r, gates(of_h, n, 2, 1))));
    return grove_add(fresh, grove_mul(z, grove_sub(h, fresh)));
}

static grove_tensor gru(grove_stepper *s, grove_tensor units) {
    const grove_language_options *o = &s->language->how;
    char name[GROVE_LANGUAGE_LAYER];
    grove_tensor x =
        grove_reshape(vector_of(s->language, units), GROVE_SHAPE(GROVE_BATCH, o->width));
    for (int64_t i = 0; i < o->layers; i++) {
        const grove_tensor h = kept_input(s, (size_t)i, GROVE_SHAPE(GROVE_BATCH, o->hidden));
        x = gru_layer(s->language, x, h, grove_language_layer(name, "gru", i));
        s->fresh[i] = x;
    }
    return x;
}

/* ---- transformer ----------------------------------------------------------------------------- */

/* Looks at the kept places and at this one, whose key and value stand behind them. x [batch, 1,
 * width]. */
static grove_tensor attend(grove_stepper *s, grove_tensor x, grove_tensor seen, const char *block,
                           size_t layer) {
    const grove_language_options *o = &s->language->how;
    const grove_tensor query = within(s->language, x, block, "attention.query");
    const grove_tensor own[] = {within(s->language, x, block, "attention.key"),
                                within(s->language, x, block, "attention.value")};
    const grove_tensor kept =
        kept_input(s, layer, GROVE_SHAPE(GROVE_BATCH, o->places, 2 * o->width));
    s->fresh[layer] = grove_concat(own, 2, 2);
    const grove_tensor all[] = {kept, s->fresh[layer]};
    const grove_tensor y = grove_attention(query, grove_concat(all, 2, 1), seen, o->heads, false);
    return within(s->language, y, block, "attention.out");
}

static grove_tensor transformer(grove_stepper *s, grove_tensor units, grove_tensor places,
                                grove_tensor seen) {
    const grove_language *l = s->language;
    char name[GROVE_LANGUAGE_LAYER], part_of[96];
    const grove_tensor rows = grove_embedding(part(l, "position", "weight"), places);
    const grove_shape shape = GROVE_SHAPE(GROVE_BATCH, 1, l->how.width);
    grove_tensor x =
        grove_add(grove_reshape(vector_of(l, units), shape), grove_reshape(rows, shape));
    for (int64_t i = 0; i < l->how.layers; i++) {
        grove_language_layer(name, "block", i);
        snprintf(part_of, sizeof part_of, "%s.norm1", name);
        x = grove_add(x, attend(s, norm(l, x, part_of), seen, name, (size_t)i));
        snprintf(part_of, sizeof part_of, "%s.norm2", name);
        const grove_tensor h = grove_gelu(within(l, norm(l, x, part_of), name, "linear1"));
        x = grove_add(x, within(l, h, name, "linear2"));
    }
    return grove_reshape(norm(l, x, "norm"), GROVE_SHAPE(GROVE_BATCH, l->how.width));
}

/* ---- the graph ------------------------------------------------------------------------------- */

static bool is_built(grove_stepper *s) {
    char name[48];
    s->logits = grove_find(s->language->graph, "step.logits");
    for (size_t i = 0; i < s->layers && grove_is_valid(s->logits); i++) {
        snprintf(name, sizeof name, "step.kept.%zu", i);
        s->kept[i] = grove_find(s->language->graph, name);
        snprintf(name, sizeof name, "step.fresh.%zu", i);
        s->fresh[i] = grove_find(s->language->graph, name);
    }
    return grove_is_valid(s->logits);
}

static void build(grove_stepper *s) {
    const grove_language *l = s->language;
    const grove_language_options *o = &l->how;
    const grove_tensor units = grove_input_ids(l->graph, "step.units", GROVE_BATCH, o->window);
    grove_tensor hidden;
    if (o->kind == GROVE_LANGUAGE_TRANSFORMER) {
        const grove_tensor places = grove_input_ids(l->graph, "step.places", GROVE_BATCH);
        const grove_tensor seen =
            grove_input_reals(l->graph, "step.seen", GROVE_BATCH, o->places + 1);
        hidden = transformer(s, units, places, seen);
    } else {
        hidden = o->kind == GROVE_LANGUAGE_GRU ? gru(s, units) : mlp(s, units);
    }
    s->logits = grove_name(dense(l, hidden, "out"), "step.logits");
    for (size_t i = 0; i < s->layers; i++) {
        char name[48];
        snprintf(name, sizeof name, "step.fresh.%zu", i);
        s->fresh[i] = grove_name(grove_is_valid(s->fresh[i]) ? s->fresh[i] : GROVE_NONE, name);
    }
}

/* ---- room ------------------------------------------------------------------------------------ */

/* Numbers that a layer keeps of a row. */
static size_t kept_of(const grove_language_options *o) {
    return (size_t)(o->kind == GROVE_LANGUAGE_GRU ? o->hidden : o->places * 2 * o->width);
}

static bool make_room(grove_stepper *s) {
    const grove_language_options *o = &s->language->how;
    const grove_allocator *memory = &s->allocator;
    s->units = grove_alloc_zero(memory, s->batch * (size_t)o->window, sizeof *s->units);
    s->places = grove_alloc_zero(memory, s->batch, sizeof *s->places);
    s->seen = grove_alloc_zero(memory, s->batch * (size_t)(o->places + 1), sizeof *s->seen);
    bool good = s->units && s->places && s->seen;
    for (size_t i = 0; i < s->layers; i++) {
        s->memory[i] = grove_alloc_zero(memory, s->batch * kept_of(o), sizeof **s->memory);
        good = good && s->memory[i];
    }
    return good;
}

static void bind(const grove_stepper *s) {
    const grove_graph *graph = s->language->graph;
    grove_bind(s->plan, grove_find(graph, "step.units"), s->units);
    if (s->language->how.kind == GROVE_LANGUAGE_TRANSFORMER) {
        grove_bind(s->plan, grove_find(graph, "step.places"), s->places);
        grove_bind(s->plan, grove_find(graph, "step.seen"), s->seen);
    }
    for (size_t i = 0; i < s->layers; i++) {
        grove_bind(s->plan, s->kept[i], s->memory[i]);
    }
}

void grove_stepper_free(grove_stepper *s) {
    if (s) {
        const grove_allocator memory = s->allocator;
        grove_plan_free(s->plan);
        for (size_t i = 0; i < s->layers; i++) {
            grove_release(&memory, s->memory[i]);
        }
        grove_release(&memory, s->units);
        grove_release(&memory, s->places);
        grove_release(&memory, s->seen);
        grove_release(&memory, s);
    }
}

static grove_status open_plan(grove_stepper *s, int threads, grove_error *error) {
    grove_tensor outputs[MOST_LAYERS + 1] = {s->logits};
    for (size_t i = 0; i < s->layers; i++) {
        outputs[i + 1] = s->fresh[i];
    }
    const grove_plan_options how = {
        .batch = (int64_t)s->batch, .threads = threads, .allocator = s->allocator};
    s->plan = grove_plan_new(s->language->graph, outputs, (int)s->layers + 1, &how);
    if (!s->plan || !make_room(s)) {
        return grove_fail_memory(error, s->batch * sizeof **s->memory);
    }
    bind(s);
    const grove_error *mistake = grove_plan_error(s->plan);
    return mistake->status == GROVE_OK
               ? GROVE_OK
               : grove_fail(error, mistake->status, "language model: %s", mistake->message);
}

grove_status grove_stepper_new(const grove_language *language, int64_t batch, int threads,
                               const grove_allocator *allocator, grove_stepper **stepper,
                               grove_error *error) {
    const grove_allocator memory = grove_allocator_or_default(allocator);
    grove_stepper *s = grove_alloc_zero(&memory, 1, sizeof *s);
    *stepper = NULL;
    if (!s) {
        return grove_fail_memory(error, sizeof *s);
    }
    s->allocator = memory;
    s->language = language;
    s->batch = (size_t)batch;
    s->layers = language->how.kind == GROVE_LANGUAGE_MLP ? 0 : (size_t)language->how.layers;
    if (!is_built(s)) {
        build(s);
    }
    const grove_status status = open_plan(s, threads, error);
    if (status != GROVE_OK) {
        grove_stepper_free(s);
        s = NULL;
    }
    *stepper = s;
    return status;
}

/* ---- steps ----------------------------------------------------------------------------------- */

void grove_stepper_begin(grove_stepper *s) {
    const grove_language_options *o = &s->language->how;
    s->place = 0;
    for (size_t i = 0; i < s->batch * (size_t)o->window; i++) {
        s->units[i] = GROVE_END_MARK;
    }
    memset(s->seen, 0, s->batch * (size_t)(o->places + 1) * sizeof *s->seen);
    for (size_t i = 0; i < s->layers; i++) {
        memset(s->memory[i], 0, s->batch * kept_of(o) * sizeof **s->memory);
    }
}

/* The new unit stands last; of a transformer the place is told, and that it sees itself. */
static void lay_units(grove_stepper *s, const int32_t *units) {
    const size_t window = (size_t)s->language->how.window;
    const size_t seen = (size_t)s->language->how.places + 1;
    for (size_t row = 0; row < s->batch; row++) {
        int32_t *own = s->units + row * window;
        memmove(own, own + 1, (window - 1) * sizeof *own);
        own[window - 1] = units[row];
        s->places[row] = (int32_t)s->place;
        s->seen[row * seen + seen - 1] = 1;
    }
}

/* What this place made becomes one of those that the next ones see. */
static void keep(grove_stepper *s) {
    const grove_language_options *o = &s->language->how;
    const bool gru = o->kind == GROVE_LANGUAGE_GRU;
    const size_t fresh = (size_t)(gru ? o->hidden : 2 * o->width), row = kept_of(o);
    for (size_t i = 0; i < s->layers; i++) {
        const grove_real *made = grove_value(s->plan, s->fresh[i]);
        for (size_t b = 0; b < s->batch; b++) {
            memcpy(s->memory[i] + b * row + (gru ? 0 : s->place * fresh), made + b * fresh,
                   fresh * sizeof *made);
        }
    }
    for (size_t b = 0; b < s->batch && o->kind == GROVE_LANGUAGE_TRANSFORMER; b++) {
        s->seen[b * (size_t)(o->places + 1) + s->place] = 1;
    }
}

grove_status grove_stepper_read(grove_stepper *s, const int32_t *units, const grove_real **logits,
                                grove_error *error) {
    const grove_language_options *o = &s->language->how;
    if (o->kind == GROVE_LANGUAGE_TRANSFORMER && s->place >= (size_t)o->places) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "language model: it has %lld places, no more",
                          (long long)o->places);
    }
    lay_units(s, units);
    if (grove_run(s->plan) != GROVE_OK) {
        const grove_error *mistake = grove_plan_error(s->plan);
        return grove_fail(error, mistake->status, "language model: %s", mistake->message);
    }
    keep(s);
    s->place++;
    *logits = grove_value(s->plan, s->logits);
    return GROVE_OK;
}
