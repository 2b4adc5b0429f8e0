/* SPDX-License-Identifier: MIT
 *
 * language.c - the graph of a language model: all places of a line at once, each told from those
 * before it. How one place is computed alone stands in language_step.c.
 */
#include "language.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "grove/layers.h"
#include "grove/nn.h"
#include "lines.h"

static const char *const kinds[] = {"transformer", "gru", "mlp"};

const char *grove_language_name(grove_language_kind kind) {
    return (unsigned)kind < sizeof kinds / sizeof *kinds ? kinds[kind] : "";
}

/* ---- options --------------------------------------------------------------------------------- */

static int64_t or_default(int64_t value, int64_t usual) {
    return value != 0 ? value : usual;
}

static grove_language_options fill_in(const grove_language_options *options) {
    grove_language_options how = options ? *options : (grove_language_options){0};
    const bool gru = how.kind == GROVE_LANGUAGE_GRU, mlp = how.kind == GROVE_LANGUAGE_MLP;
    how.places = or_default(how.places, 32);
    how.window = mlp ? or_default(how.window, 8) : 1;
    how.width = or_default(how.width, mlp ? 16 : gru ? 32 : 64);
    how.hidden = or_default(how.hidden, mlp ? 256 : gru ? 192 : 4 * how.width);
    how.layers = or_default(how.layers, mlp || gru ? 1 : 4);
    how.heads = mlp || gru ? 1 : or_default(how.heads, 4);
    return how;
}

static grove_status check(const grove_language_options *o, grove_error *error) {
    const struct {
        const char *name;
        int64_t value, most;
    } sizes[] = {{"places", o->places, 4096},  {"window", o->window, 4096},
                 {"width", o->width, 1 << 16}, {"hidden", o->hidden, 1 << 20},
                 {"layers", o->layers, 64},    {"heads", o->heads, 1 << 16}};
    if (!grove_language_name(o->kind)[0]) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "language model: %d is no kind of one",
                          (int)o->kind);
    }
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (sizes[i].value < 1 || sizes[i].value > sizes[i].most) {
            return grove_fail(error, GROVE_BAD_ARGUMENT,
                              "language model: %s must be from 1 to %lld, not %lld", sizes[i].name,
                              (long long)sizes[i].most, (long long)sizes[i].value);
        }
    }
    return o->width % o->heads == 0
               ? GROVE_OK
               : grove_fail(error, GROVE_BAD_ARGUMENT,
                            "language model: %lld heads do not divide the width %lld",
                            (long long)o->heads, (long long)o->width);
}

/* ---- the layers ------------------------------------------------------------------------------ */

const char *grove_language_layer(char text[GROVE_LANGUAGE_LAYER], const char *kind, int64_t layer) {
    snprintf(text, GROVE_LANGUAGE_LAYER, "%s.%lld", kind, (long long)layer);
    return text;
}

static grove_tensor dropped(const grove_language_options *o, grove_tensor x) {
    return o->dropout > 0 ? grove_dropout(x, o->dropout) : x;
}

/* The vectors of the last `window` units side by side: e [batch, window - 1 + places, width] ->
 * [batch, places, window * width]. */
static grove_tensor windows(const grove_language_options *o, grove_tensor e) {
    enum { MOST = 4096 };
    static _Thread_local grove_tensor parts[MOST];
    for (int64_t k = 0; k < o->window; k++) {
        parts[k] = grove_slice(e, 1, k, o->places);
    }
    return o->window > 1 ? grove_concat(parts, (int)o->window, 2) : e;
}

static grove_tensor mlp(const grove_language_options *o, grove_tensor e) {
    char name[GROVE_LANGUAGE_LAYER];
    grove_tensor x = windows(o, e);
    for (int64_t i = 0; i < o->layers; i++) {
        x = grove_nn_dense(x, o->hidden, grove_language_layer(name, "mlp", i));
        x = dropped(o, grove_tanh(x));
    }
    return x;
}

static grove_tensor gru(const grove_language_options *o, grove_tensor x) {
    char name[GROVE_LANGUAGE_LAYER];
    for (int64_t i = 0; i < o->layers; i++) {
        x = dropped(o, grove_nn_gru(x, o->hidden, grove_language_layer(name, "gru", i), NULL));
    }
    return x;
}

static grove_tensor transformer(const grove_language_options *o, grove_tensor x) {
    char name[GROVE_LANGUAGE_LAYER];
    const grove_transformer_options block = {
        .hidden = o->hidden, .causal = true, .dropout = o->dropout};
    x = dropped(o, grove_nn_position_embedding(x, "position"));
    for (int64_t i = 0; i < o->layers; i++) {
        x = grove_nn_transformer_block(x, o->heads, grove_language_layer(name, "block", i), &block);
    }
    return grove_nn_layer_norm(x, "norm", NULL);
}

/* ---- the graph ------------------------------------------------------------------------------- */

static void build(grove_language *l) {
    const grove_language_options *o = &l->how;
    const int64_t width = o->window - 1 + o->places;
    char table[64];
    snprintf(table, sizeof table, "table.%s", grove_units_name(o->units));
    l->units = grove_input_ids(l->graph, "units", GROVE_BATCH, width);
    l->next = grove_input_ids(l->graph, "next", grove_dim(o->places, 0));
    grove_tensor x = grove_nn_embedding(l->units, l->vocabulary, o->width, table);
    x = o->kind == GROVE_LANGUAGE_MLP   ? mlp(o, x)
        : o->kind == GROVE_LANGUAGE_GRU ? gru(o, x)
                                        : transformer(o, x);
    const int64_t hidden = grove_is_valid(x) ? grove_node_shape(x).dim[2] : 1;
    l->hidden =
        grove_name(grove_reshape(x, GROVE_SHAPE(grove_dim(o->places, 0), hidden)), "hidden");
    l->logits = grove_nn_dense(l->hidden, l->vocabulary, "out");
    const grove_cross_entropy_options ignore = {.ignore = true, .ignored_label = GROVE_NO_UNIT};
    l->loss = grove_name(grove_softmax_cross_entropy_with(l->logits, l->next, GROVE_NONE, &ignore),
                         "loss");
}

grove_status grove_language_new(const grove_schema *schema, const grove_language_options *options,
                                grove_language *language, grove_error *error) {
    *language = (grove_language){.how = fill_in(options), .owns_graph = true};
    grove_language *l = language;
    grove_error_clear(error);
    grove_status status = check(&l->how, error);
    if (status != GROVE_OK) {
        return status;
    }
    l->vocabulary = grove_schema_ids(schema, 0);
    l->graph =
        grove_graph_new(&(grove_graph_options){.seed = l->how.seed, .allocator = l->how.allocator});
    build(l);
    const grove_error *mistake = grove_graph_error(l->graph);
    if (!l->graph || mistake->status != GROVE_OK) {
        status = l->graph ? grove_fail(error, mistake->status, "%s", mistake->message)
                          : grove_fail_memory(error, sizeof l->graph);
        grove_language_free(l);
    }
    return status;
}

void grove_language_free(grove_language *language) {
    if (language && language->owns_graph) {
        grove_graph_free(language->graph);
    }
    if (language) {
        *language = (grove_language){0};
    }
}

size_t grove_language_width(const grove_language *language) {
    return (size_t)grove_node_shape(language->hidden).dim[1];
}

/* ---- files ----------------------------------------------------------------------------------- */

/* The rest is seen in the graph. */
grove_status grove_language_save(const char *path, const grove_language *language,
                                 const grove_schema *schema, const grove_metadata *metadata,
                                 size_t count, grove_error *error) {
    enum { MOST = 16 };
    const grove_language_options *o = &language->how;
    grove_metadata all[MOST + 1];
    char text[256];
    if (count > MOST) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "language model: more than %d texts", MOST);
    }
    snprintf(text, sizeof text,
             "%s %s places %lld window %lld width %lld hidden %lld layers %lld "
             "heads %lld",
             grove_language_name(o->kind), grove_units_name(o->units), (long long)o->places,
             (long long)o->window, (long long)o->width, (long long)o->hidden, (long long)o->layers,
             (long long)o->heads);
    all[0] = (grove_metadata){"language", text};
    for (size_t i = 0; i < count; i++) {
        all[i + 1] = metadata[i];
    }
    const grove_save_options how = {.schema = schema, .metadata = all, .metadata_count = count + 1};
    const grove_tensor outputs[] = {language->logits, language->loss};
    return grove_save(path, outputs, 2, &how, error);
}

bool grove_model_is_language(const grove_model *model) {
    return grove_model_metadata(model, "language") != NULL;
}

static bool read_text(const char *text, grove_language_options *o) {
    char kind[16], units[16];
    long long n[6] = {0};
    if (!text || sscanf(text,
                        "%15s %15s places %lld window %lld width %lld hidden %lld layers %lld "
                        "heads %lld",
                        kind, units, &n[0], &n[1], &n[2], &n[3], &n[4], &n[5]) != 8) {
        return false;
    }
    *o = (grove_language_options){.places = n[0],
                                  .window = n[1],
                                  .width = n[2],
                                  .hidden = n[3],
                                  .layers = n[4],
                                  .heads = n[5]};
    bool known = false;
    for (int k = 0; k < (int)(sizeof kinds / sizeof *kinds); k++) {
        known = known || strcmp(kind, kinds[k]) == 0;
        o->kind = strcmp(kind, kinds[k]) == 0 ? (grove_language_kind)k : o->kind;
    }
    o->units = strcmp(units, grove_units_name(GROVE_WORDS)) == 0 ? GROVE_WORDS : GROVE_LETTERS;
    return known && strcmp(units, grove_units_name(o->units)) == 0 && check(o, NULL) == GROVE_OK;
}

static bool has_shape(grove_tensor t, const char *op, grove_shape shape) {
    return grove_is_valid(t) && (!op || strcmp(grove_node_op(t), op) == 0) &&
           grove_shape_equal(grove_node_shape(t), shape);
}

grove_status grove_language_open(const grove_model *model, grove_language *language,
                                 grove_error *error) {
    grove_language l = {.graph = grove_model_graph(model)};
    const grove_schema *schema = grove_model_schema(model);
    grove_error_clear(error);
    *language = (grove_language){0};
    bool good = read_text(grove_model_metadata(model, "language"), &l.how) && schema &&
                grove_schema_columns(schema) == 1 &&
                grove_schema_kind(schema, 0) == GROVE_COLUMN_CATEGORICAL;
    l.vocabulary = good ? grove_schema_ids(schema, 0) : 0;
    l.units = grove_find(l.graph, "units");
    l.next = grove_find(l.graph, "next");
    l.hidden = grove_find(l.graph, "hidden");
    l.logits = grove_find(l.graph, "out");
    l.loss = grove_find(l.graph, "loss");
    const int64_t all = grove_dim(l.how.places, 0);
    good = good &&
           has_shape(l.units, "input", GROVE_SHAPE(GROVE_BATCH, l.how.window - 1 + l.how.places)) &&
           has_shape(l.next, "input", GROVE_SHAPE(all)) &&
           has_shape(l.logits, NULL, GROVE_SHAPE(all, l.vocabulary)) && grove_is_valid(l.hidden) &&
           grove_node_shape(l.hidden).rank == 2 && grove_node_shape(l.hidden).dim[0] == all &&
           grove_node_shape(l.loss).rank == 0 && grove_is_valid(l.loss);
    if (!good) {
        return grove_fail(error, GROVE_BAD_FILE,
                          "the model is no language model, or not the one that it says it is");
    }
    *language = l;
    return GROVE_OK;
}
