/* SPDX-License-Identifier: MIT
 *
 * Model files: what is saved comes back with the same bits, and what could not be right is refused
 * in words, whoever wrote it. */
#include <check.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "graph.h"
#include "grove/model_file.h"
#include "grove/nn.h"
#include "grove/plan.h"
#include "grove/schedules.h"
#include "hostile_allocator.h"
#include "scene.h"

static char folder[] = "/tmp/grove_model_XXXXXX";
static char path[64], other_path[64];

enum { FILE_MOST = 1 << 16, ROWS = 3, NUMBERS = 2, CLASSES = 3 };

static void expect_words(const grove_error *error, const char *words) {
    ck_assert_msg(strstr(error->message, words) != NULL, "\"%s\" is not in \"%s\"", words,
                  error->message);
}

static size_t read_bytes(const char *from, unsigned char *bytes) {
    FILE *file = fopen(from, "rb");
    ck_assert_ptr_nonnull(file);
    size_t size = fread(bytes, 1, FILE_MOST, file);
    fclose(file);
    ck_assert_uint_lt(size, FILE_MOST);
    return size;
}

static void write_bytes(const char *to, const void *bytes, size_t size) {
    FILE *file = fopen(to, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
}

static void expect_same_files(const char *a, const char *b) {
    static unsigned char of_a[FILE_MOST], of_b[FILE_MOST];
    size_t size = read_bytes(a, of_a);
    ck_assert_uint_eq(read_bytes(b, of_b), size);
    ck_assert_int_eq(memcmp(of_a, of_b, size), 0);
}

/* ---- a classifier, its schema, its answers --------------------------------------------------- */

static const grove_id ids[ROWS] = {4, 0, 2};
static const grove_real numbers[ROWS * NUMBERS] = {1, -2, (grove_real)0.3, 4, 5, -6};

/* A table, a dense layer on it and on numbers, a second one whose weight is used twice; a frozen
 * parameter; and a training step, which must stay out of the file. */
static grove_graph *make_classifier(hostile_memory *memory, grove_tensor outputs[2]) {
    grove_graph *g = grove_graph_new(
        &(grove_graph_options){.seed = UINT64_MAX - 1, .allocator = hostile_allocator(memory)});
    grove_tensor species = grove_input_ids(g, "species", GROVE_BATCH);
    grove_tensor height = grove_input_reals(g, "height \"in\" m\n", GROVE_BATCH, NUMBERS);
    grove_tensor label = grove_input_ids(g, "label", GROVE_BATCH);
    grove_tensor parts[] = {grove_nn_embedding(species, 5, 4, "table"), height};
    grove_tensor h = grove_relu(grove_nn_dense(grove_concat(parts, 2, 1), CLASSES, "hidden"));
    grove_tensor w = grove_parameter(g, "w", GROVE_SHAPE(CLASSES, CLASSES),
                                     (grove_init){.kind = GROVE_INIT_NORMAL, .b = 1});
    grove_parameter_set(
        w, &(grove_parameter_options){.frozen = true, .rate = 0.1, .decay = GROVE_DECAY_OFF});
    h = grove_matmul(grove_relu(grove_matmul(h, w, false, true)), w, false, false);
    h = grove_scale(h, 0.1);
    outputs[0] = grove_name(grove_softmax(h), "probabilities");
    outputs[1] = grove_name(grove_softmax_cross_entropy(h, label), "loss");
    grove_minimize(outputs[1], GROVE_ADAM(.rate = 1e-3));
    return g;
}

static const int64_t value_offsets[] = {0, 3, 9, 12}, value_counts[] = {5, 5, 2};
static const grove_vocabulary species_values = {.size = 3,
                                                .byte_count = 12,
                                                .bytes = "oakbaobab\xFF\0x",
                                                .offsets = value_offsets,
                                                .counts = value_counts,
                                                .unknown = 7,
                                                .missing = 1};
static const grove_vocabulary label_values = {.size = 2,
                                              .byte_count = 9,
                                              .bytes = "oakbaobab",
                                              .offsets = value_offsets,
                                              .counts = value_counts};

static grove_schema *make_schema(const grove_allocator *allocator) {
    grove_schema *schema = grove_schema_new(allocator);
    if (schema) {
        grove_schema_add_column(schema, "species", GROVE_COLUMN_CATEGORICAL, "text", NULL);
        grove_schema_add_column(schema, "height", GROVE_COLUMN_NUMERIC, "caf\xE9", NULL);
        grove_schema_add_column(schema, "note", GROVE_COLUMN_IGNORED, NULL, NULL);
        grove_schema_add_column(schema, "kind", GROVE_COLUMN_LABEL, "as asked for", NULL);
        grove_schema_set_vocabulary(schema, 0, &species_values, NULL);
        grove_schema_set_scale(schema, 1, 0.1, 1e-300, 3, NULL);
        grove_schema_set_vocabulary(schema, 3, &label_values, NULL);
    }
    return schema;
}

static void answer(grove_graph *g, grove_tensor output, grove_real *probabilities) {
    grove_plan *plan = grove_plan_new(g, &output, 1, &(grove_plan_options){.batch = ROWS});
    grove_bind(plan, grove_find(g, "species"), ids);
    grove_bind(plan, grove_find(g, "height \"in\" m\n"), numbers);
    grove_status status = grove_run(plan);
    ck_assert_msg(status == GROVE_OK, "%s", grove_plan_error(plan)->message);
    ck_assert_uint_eq(grove_value_count(plan, output), ROWS * CLASSES);
    memcpy(probabilities, grove_value(plan, output), sizeof(grove_real) * ROWS * CLASSES);
    grove_plan_free(plan);
}

static void save_classifier(const char *to, grove_real *probabilities) {
    static const grove_metadata extras[] = {{"metrics", "{\"accuracy\":1}"}, {"a key", "\xC3\xA9"}};
    hostile_memory memory = {0};
    grove_tensor outputs[2];
    grove_error error;
    grove_graph *g = make_classifier(&memory, outputs);
    grove_schema *schema = make_schema(NULL);
    grove_save_options options = {schema, extras, 2};
    grove_status status = grove_save(to, outputs, 2, &options, &error);
    ck_assert_msg(status == GROVE_OK, "%s", error.message);
    if (probabilities) {
        answer(g, outputs[0], probabilities);
    }
    grove_schema_free(schema);
    grove_graph_free(g);
    ck_assert_uint_eq(memory.live, 0);
}

static grove_model *must_load(const char *from) {
    grove_model *model;
    grove_error error;
    grove_status status = grove_load(from, NULL, &model, &error);
    ck_assert_msg(status == GROVE_OK, "%s", error.message);
    return model;
}

/* ---- there and back -------------------------------------------------------------------------- */

START_TEST(a_model_comes_back_with_the_same_bits) {
    grove_real before[ROWS * CLASSES], after[ROWS * CLASSES];
    save_classifier(path, before);
    grove_model *model = must_load(path);
    grove_graph *g = grove_model_graph(model);
    ck_assert_int_eq(grove_model_outputs(model), 2);
    ck_assert_int_eq(grove_model_output(model, 0).index, grove_find(g, "probabilities").index);
    ck_assert_int_eq(grove_model_output(model, 1).index, grove_find(g, "loss").index);
    ck_assert(!grove_is_valid(grove_model_output(model, 2)));
    answer(g, grove_model_output(model, 0), after);
    ck_assert_int_eq(memcmp(before, after, sizeof before), 0);
    ck_assert(grove_seed(g) == UINT64_MAX - 1);
    /* The weight that is used twice is there once; moments and updates are not. */
    ck_assert_int_eq(grove_parameter_count(g), 4);
    grove_parameter_options own = grove_parameter_get(grove_find(g, "w"));
    ck_assert(own.frozen && own.rate == 0.1 && own.decay == GROVE_DECAY_OFF);
    /* And it can be trained on. */
    ck_assert(grove_is_valid(grove_minimize(grove_model_output(model, 1), GROVE_SGD(.rate = 1))));
    grove_model_free(model);
}
END_TEST

START_TEST(the_schema_comes_back) {
    save_classifier(path, NULL);
    grove_model *model = must_load(path);
    const grove_schema *schema = grove_model_schema(model);
    ck_assert_uint_eq(grove_schema_columns(schema), 4);
    ck_assert_str_eq(grove_schema_name(schema, 0), "species");
    ck_assert_str_eq(grove_schema_reason(schema, 0), "text");
    ck_assert_str_eq(grove_schema_reason(schema, 1), ""); /* it was not UTF-8 */
    ck_assert_int_eq(grove_schema_kind(schema, 2), GROVE_COLUMN_IGNORED);
    ck_assert_int_eq(grove_schema_label(schema), 3);
    grove_vocabulary values = grove_schema_vocabulary(schema, 0);
    ck_assert(values.size == 3 && values.unknown == 7 && values.missing == 1);
    ck_assert_int_eq(memcmp(values.bytes, species_values.bytes, 12), 0);
    ck_assert_int_eq(memcmp(values.offsets, value_offsets, sizeof value_offsets), 0);
    ck_assert_int_eq(memcmp(values.counts, value_counts, sizeof value_counts), 0);
    ck_assert(grove_schema_mean(schema, 1) == 0.1 && grove_schema_deviation(schema, 1) == 1e-300);
    ck_assert_int_eq(grove_schema_missing(schema, 1), 3);
    ck_assert_int_eq(grove_schema_ids(schema, 3), 2);
    grove_model_free(model);
}
END_TEST

START_TEST(metadata_can_be_asked_for) {
    save_classifier(path, NULL);
    grove_model *model = must_load(path);
    ck_assert_str_eq(grove_model_metadata(model, "a key"), "\xC3\xA9");
    ck_assert_str_eq(grove_model_metadata(model, "metrics"), "{\"accuracy\":1}");
    ck_assert_str_eq(grove_model_metadata(model, "schema"), "1");
    ck_assert_str_eq(grove_model_metadata(model, "producer"), "grove 0.1.0");
    ck_assert_ptr_null(grove_model_metadata(model, "model"));
    ck_assert_uint_eq(grove_model_metadata_count(model), 4);
    ck_assert_str_eq(grove_model_metadata_at(model, 0).key, "a key");
    ck_assert_ptr_null(grove_model_metadata_at(model, 4).key);
    grove_model_free(model);
    grove_model_free(NULL);
}
END_TEST

START_TEST(the_same_model_gives_the_same_bytes) {
    save_classifier(path, NULL);
    save_classifier(other_path, NULL);
    expect_same_files(path, other_path);
    grove_model *model = must_load(path); /* and so does what was loaded */
    grove_tensor outputs[] = {grove_model_output(model, 0), grove_model_output(model, 1)};
    grove_metadata extras[] = {grove_model_metadata_at(model, 0),
                               grove_model_metadata_at(model, 1)};
    grove_save_options options = {grove_model_schema(model), extras, 2};
    ck_assert_int_eq(grove_save(other_path, outputs, 2, &options, NULL), GROVE_OK);
    expect_same_files(path, other_path);
    grove_model_free(model);
}
END_TEST

START_TEST(a_model_needs_no_schema) {
    hostile_memory memory = {0};
    grove_tensor outputs[2];
    grove_graph *g = make_classifier(&memory, outputs);
    ck_assert_int_eq(grove_save(path, outputs, 1, NULL, NULL), GROVE_OK);
    grove_graph_free(g);
    grove_model *model = must_load(path);
    ck_assert_ptr_null(grove_model_schema(model));
    ck_assert(!grove_is_valid(grove_find(grove_model_graph(model), "label")));
    grove_model_free(model);
}
END_TEST

/* ---- every op that has an example ------------------------------------------------------------ */

static grove_plan *plan_example(grove_graph *g, grove_tensor y, bool training) {
    return grove_plan_new(g, &y, 1,
                          &(grove_plan_options){.batch = SCENE_BATCH, .training = training});
}

static void bind_example(scene *s, grove_plan *plan, grove_graph *loaded) {
    for (int i = 0; i < s->example->inputs; i++) {
        char name[16];
        snprintf(name, sizeof name, "in%d", i);
        grove_tensor leaf = grove_find(loaded, name);
        if (grove_is_valid(leaf) && !grove_parameter_data(leaf)) {
            grove_bind(plan, leaf, &s->data[i]);
        }
    }
    if (s->op->flags & GROVE_BOUND) {
        grove_bind(plan, grove_find(loaded, grove_node_name(s->result[SCENE_Y])), &s->bound);
    }
}

static void compare_example(scene *s, const scene_results *before, bool training) {
    grove_error error;
    grove_status status = grove_save(path, &s->result[SCENE_Y], 1, NULL, &error);
    if (s->op->flags & GROVE_UPDATE) {
        ck_assert_int_eq(status, GROVE_BAD_ARGUMENT);
        expect_words(&error, "it is an update, and a model file only computes");
        return;
    }
    ck_assert_msg(status == GROVE_OK, "%s: %s", s->op->name, error.message);
    grove_model *model = must_load(path);
    grove_graph *loaded = grove_model_graph(model);
    grove_tensor y = grove_model_output(model, 0);
    grove_plan *plan = plan_example(loaded, y, training);
    bind_example(s, plan, loaded);
    ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
    size_t count = grove_value_count(plan, y), size = grove_type_size(grove_node_type(y));
    ck_assert_uint_eq(count, before->count[SCENE_Y]);
    ck_assert_msg(memcmp(grove_value(plan, y), &before->numbers[SCENE_Y], count * size) == 0,
                  "%s: other numbers", s->op->name);
    grove_plan_free(plan);
    grove_model_free(model);
}

START_TEST(an_op_comes_back) {
    static scene s;
    static scene_results before;
    const grove_op *op = grove_op_table[_i];
    for (const grove_example *e = op->examples; e && e->build; e++) {
        scene_options options = {0};
        /* An update is refused by plans and files alike, but for a training plan. */
        for (int training = (op->flags & GROVE_UPDATE) != 0; training < 2 && !e->refused;
             training++) {
            ck_assert_int_eq(scene_open(&s, op, e, &options), GROVE_OK);
            grove_error error;
            scene_run_options run = {.training = training};
            ck_assert_msg(scene_try(&s, &run, &before, &error) == GROVE_OK, "%s", error.message);
            compare_example(&s, &before, training);
            scene_close(&s);
        }
    }
}
END_TEST

/* ---- what is not saved ----------------------------------------------------------------------- */

START_TEST(what_cannot_be_saved_is_refused) {
    hostile_memory memory = {0};
    grove_tensor outputs[2];
    grove_error error;
    grove_graph *g = make_classifier(&memory, outputs);
    unlink(path);
    ck_assert_int_eq(grove_save(path, outputs, 0, NULL, &error), GROVE_BAD_ARGUMENT);
    expect_words(&error, "at least one output");
    ck_assert_int_eq(grove_save(path, &(grove_tensor){g, 9999}, 1, NULL, &error),
                     GROVE_BAD_ARGUMENT);
    expect_words(&error, "output 0 is no tensor");
    grove_metadata model = {"model", "x"}, twice[] = {{"k", "1"}, {"k", "2"}};
    grove_save_options options = {.metadata = &model, .metadata_count = 1};
    ck_assert_int_eq(grove_save(path, outputs, 2, &options, &error), GROVE_BAD_ARGUMENT);
    expect_words(&error, "the metadata 'model' cannot be set");
    options = (grove_save_options){.metadata = twice, .metadata_count = 2};
    ck_assert_int_eq(grove_save(path, outputs, 2, &options, &error), GROVE_BAD_ARGUMENT);
    expect_words(&error, "there is a metadata text 'k' already");
    grove_real *w = grove_parameter_data(grove_find(g, "w"));
    w[4] = (grove_real)NAN;
    ck_assert_int_eq(grove_save(path, outputs, 2, NULL, &error), GROVE_BAD_DATA);
    expect_words(&error, path);
    expect_words(&error, "'w') cannot be saved: not finite is its number at position 4");
    ck_assert_int_ne(access(path, F_OK), 0);
    w[4] = 1;
    ck_assert_int_eq(grove_save("/nowhere/x", outputs, 2, NULL, &error), GROVE_NO_FILE);
    expect_words(&error, "'/nowhere/x'");
    grove_relu(grove_find(g, "species"));
    ck_assert_int_eq(grove_save(path, outputs, 2, NULL, &error), GROVE_BAD_TYPE);
    expect_words(&error, "the graph has a mistake: ");
    grove_graph_free(g);
}
END_TEST

START_TEST(a_schema_that_was_not_fitted_is_refused) {
    hostile_memory memory = {0};
    grove_tensor outputs[2];
    grove_error error;
    grove_graph *g = make_classifier(&memory, outputs);
    for (int i = 0; i < 2; i++) {
        grove_schema *schema = grove_schema_new(NULL);
        grove_schema_add_column(schema, i ? "age" : "a\xFF", GROVE_COLUMN_CATEGORICAL, NULL, NULL);
        grove_save_options options = {.schema = schema};
        ck_assert_int_ne(grove_save(path, outputs, 2, &options, &error), GROVE_OK);
        expect_words(&error, i ? "column 'age' was never fitted" : "column 0 of the schema is not");
        grove_schema_free(schema);
    }
    grove_graph_free(g);
}
END_TEST

/* ---- what is not loaded ---------------------------------------------------------------------- */

/* Writes a file of these texts and tensors, loads it, and wants to be refused with these words (or
 * not, if they are NULL). */
typedef struct crafted {
    const char *model, *columns;
    grove_tensors_entry tensors[5]; /* ending without a name */
    const char *words;
} crafted;

static void expect_crafted(const crafted *c) {
    grove_tensors_writer *writer = grove_tensors_writer_new(NULL);
    grove_error error;
    ck_assert_int_eq(grove_tensors_add_metadata(writer, "schema", "1", NULL), GROVE_OK);
    ck_assert_int_eq(grove_tensors_add_metadata(writer, "model", c->model, NULL), GROVE_OK);
    if (c->columns) {
        ck_assert_int_eq(grove_tensors_add_metadata(writer, "columns", c->columns, NULL), GROVE_OK);
    }
    for (const grove_tensors_entry *t = c->tensors; t->name; t++) {
        ck_assert_int_eq(
            grove_tensors_add(writer, t->name, t->dtype, t->rank, t->shape, t->data, NULL),
            GROVE_OK);
    }
    ck_assert_int_eq(grove_tensors_write(writer, path, NULL), GROVE_OK);
    grove_tensors_writer_free(writer);
    hostile_memory memory = {0};
    grove_allocator allocator = hostile_allocator(&memory);
    grove_model *model;
    grove_status status = grove_load(path, &allocator, &model, &error);
    ck_assert_msg(status == (c->words ? GROVE_BAD_FILE : GROVE_OK), "%d %s", status, error.message);
    if (c->words) {
        ck_assert_ptr_null(model);
        expect_words(&error, path);
        expect_words(&error, c->words);
    }
    ck_assert_uint_lt(memory.most_bytes, 1 << 20);
    grove_model_free(model);
    ck_assert_uint_eq(memory.live, 0);
}

static const float four[] = {1, 2, 3, 4}, bad[] = {1, 2, INFINITY, 4};
static const double four_doubles[] = {1, 2, 3, 0.1}, large[] = {1, 1e300, 3, 4};
static const int32_t four_ids[] = {1, 2, 3, 4};

#define GRAPH(nodes, outputs)                                                                      \
    "{\"schema\":1,\"seed\":0,\"nodes\":[" nodes "],\"outputs\":[" outputs "]}"
#define LEAF(op, name, type, shape)                                                                \
    "{\"op\":\"" op "\",\"name\":\"" name "\",\"attributes\":{\"type\":" type ",\"shape\":" shape  \
    "}}"
#define W LEAF("parameter", "w", "0", "[2,2]")
#define X LEAF("input", "x", "0", "[-1,2]")
#define NODE(members) "{\"op\":" members "}"
#define TENSOR_W(type, numbers)                                                                    \
    {                                                                                              \
        { .name = "w", .dtype = GROVE_DTYPE_##type, .rank = 2, .shape = {2, 2}, .data = numbers }  \
    }

static const crafted graphs[] = {
    {GRAPH(X "," NODE("\"neg\",\"inputs\":[0]"), "1"), .words = NULL},
    {GRAPH(X "," NODE("\"scale\",\"inputs\":[0],\"attributes\":{\"factor\":-1.5e-3}"), "1"),
     .words = NULL},
    {"", .words = "its metadata 'model' cannot be read: at byte 0 '{' is missing"},
    {"{", .words = "is missing"},
    {"{\"schema\":2}", .words = "its graph has the schema 2; this grove reads 1"},
    {"{\"schema\":1,\"nodes\":[]}", .words = "has 'nodes' where 'seed' should stand"},
    {"{\"schema\":1,\"seed\":-1", .words = "an integer from 0 to below 2^64 is missing"},
    {"{\"schema\":1,\"seed\":18446744073709551616", .words = "below 2^64 is missing"},
    {GRAPH(X, "0") "x", .words = "the end is missing"},
    {GRAPH("", ""), .words = "it has no outputs"},
    {GRAPH(X, ""), .words = "it has no outputs"},
    {GRAPH(X, "1"), .words = "its output 0 is node 1, but it has 1 nodes"},
    {GRAPH(X, "-1"), .words = "its output 0 is node -1"},
    {GRAPH(NODE("\"fly\""), "0"), .words = "node 0 has the op 'fly', which is none of grove's own"},
    {GRAPH("{}", "0"), .words = "node 0 has no op"},
    {GRAPH("{\"name\":\"x\",\"op\":\"neg\"}", "0"),
     .words = "its member 'name' is unknown, or not"},
    {GRAPH(NODE("\"neg\",\"colour\":1"), "0"), .words = "node 0: its member 'colour' is unknown"},
    {GRAPH(NODE("\"neg\",\"op\":\"neg\""), "0"), .words = "its member 'op' is unknown, or not"},
    {GRAPH(NODE("\"neg\",\"inputs\":[0]"), "0"),
     .words = "neg (node 0): its input 0 is node 0, which does not come before it"},
    {GRAPH(X "," NODE("\"neg\",\"inputs\":[2]") "," X, "0"),
     .words = "which does not come before it"},
    {GRAPH(X "," NODE("\"neg\",\"inputs\":[-1]"), "0"), .words = "its input 0 is node -1"},
    {GRAPH(X "," NODE("\"neg\",\"inputs\":[9223372036854775808]"), "0"), .words = "an integer is"},
    {GRAPH(X "," NODE("\"neg\",\"inputs\":[00]"), "0"), .words = "an integer is missing"},
    {GRAPH(X "," NODE("\"neg\",\"inputs\":[0.0]"), "0"), .words = "an integer is missing"},
    {GRAPH(X "," NODE("\"neg\""), "0"), .words = "neg (node 1): it takes 1 to 1 inputs, not 0"},
    {GRAPH(X "," NODE("\"neg\",\"inputs\":[0,0]"), "0"), .words = "inputs, not 2"},
    {GRAPH(X "," NODE("\"scale\",\"inputs\":[0]"), "0"), .words = "its attributes are missing"},
    {GRAPH(X "," NODE("\"scale\",\"inputs\":[0],\"attributes\":{}"), "0"),
     .words = "scale (node 1): its attribute 'factor' is missing"},
    {GRAPH(X "," NODE("\"scale\",\"inputs\":[0],\"attributes\":{\"factor\":\"2\"}"), "0"),
     .words = "scale (node 1): its attribute 'factor' cannot be read: a number is missing"},
    {GRAPH(X "," NODE("\"scale\",\"inputs\":[0],\"attributes\":{\"factor\":1e999}"), "0"),
     .words = "a number is missing"},
    {GRAPH(X "," NODE("\"scale\",\"inputs\":[0],\"attributes\":{\"factor\":2,\"x\":1}"), "0"),
     .words = "scale (node 1): it has no attribute 'x'"},
    {GRAPH(X "," NODE("\"neg\",\"inputs\":[0],\"attributes\":{\"x\":1}"), "0"),
     .words = "neg (node 1): it has no attribute 'x'"},
    {GRAPH(X "," NODE("\"matmul\",\"inputs\":[0,0],\"attributes\":{\"transpose_a\":1"), "0"),
     .words = "'transpose_a' cannot be read: true or false is missing"},
    {GRAPH(X
           "," NODE("\"neg\",\"inputs\":[0],\"options\":{\"frozen\":true,\"rate\":1,\"decay\":0}"),
           "0"),
     .words = "it has options that only parameters have"},
    {GRAPH(LEAF("input", "x", "1", "[-1]") "," NODE(
               "\"replace_ids\",\"inputs\":[0],\"attributes\":{\"probability\":0.5,\"replacement\":"
               "4294967296,\"rows\":9223372036854775807,\"stream\":1}"),
           "1"),
     .words = "the replacement must be one of the rows"},
    {GRAPH(X "," X, "0"), .words = "another node is called that"},
    {GRAPH(LEAF("input", "", "0", "[1]"), "0"), .words = "a name must not be empty"},
    {GRAPH(LEAF("input", "x", "2", "[1]"), "0"), .words = "neither real numbers nor ids"},
    {GRAPH(LEAF("input", "x", "0", "[1,1,1,1,1,1,1]"), "0"), .words = "at most 6 integers"},
    {GRAPH(LEAF("input", "x", "0", "[[[[[[[[[["), "0"), .words = "an integer is missing"},
    {GRAPH(LEAF("input", "x", "0", "[4611686018427387904,4]"), "0"), .words = "fit in memory"},
    {GRAPH(LEAF("input", "x", "0", "[-9223372036854775808,4]"), "0"), .words = "fit in memory"},
    {GRAPH(X "," NODE("\"matmul\",\"inputs\":[0,0],\"attributes\":{\"transpose_a\":false,"
                      "\"transpose_b\":false}"),
           "0"),
     .words = "matmul (node 1): "},
    {GRAPH(X "," LEAF("state", "step", "1", "[]") "," NODE("\"count\",\"inputs\":[1]"), "0"),
     .tensors = {{.name = "step", .dtype = GROVE_DTYPE_I32, .data = four_ids}},
     .words = "count (node 2): an update does not belong in a model file"},
};

static const crafted stored[] = {
    {GRAPH(W, "0"), NULL, TENSOR_W(F32, four), NULL},
    {GRAPH(W, "0"), NULL, TENSOR_W(F64, four_doubles), NULL},
    {GRAPH(LEAF("state", "w", "1", "[2,2]"), "0"), NULL, TENSOR_W(I32, four_ids), NULL},
    {GRAPH(W, "0"), .words = "the tensor 'w', which holds the numbers of the parameter of that"},
    {GRAPH(LEAF("parameter", "w", "0", "[1000000000,4]"), "0"), NULL, TENSOR_W(F32, four),
     "the tensor 'w' has the shape [2, 2], but its parameter has [1000000000, 4]"},
    {GRAPH(LEAF("parameter", "v", "0", "[1000000000,4]"), "0"), .words = "the tensor 'v', which"},
    {GRAPH(LEAF("parameter", "w", "0", "[4]"), "0"), NULL, TENSOR_W(F32, four),
     "but its parameter"},
    {GRAPH(LEAF("parameter", "w", "0", "[-1,2]"), "0"), NULL, TENSOR_W(F32, four),
     "its size must not depend on the batch"},
    {GRAPH(LEAF("parameter", "w", "1", "[2,2]"), "0"), NULL, TENSOR_W(I32, four_ids), "its type"},
    {GRAPH(W, "0"), NULL, TENSOR_W(I32, four_ids), "has dtype I32; a parameter of numbers is F32"},
    {GRAPH(LEAF("state", "w", "1", "[2,2]"), "0"), NULL, TENSOR_W(F32, four), "of ids is I32"},
    {GRAPH(W, "0"), NULL, TENSOR_W(F32, bad), "'w' has a number that is not finite, at position 2"},
    {GRAPH(X, "0"), NULL, TENSOR_W(F32, four), "the tensor 'w' belongs to nothing"},
    {GRAPH(NODE("\"parameter\",\"attributes\":{\"type\":0,\"shape\":[2,2]}"), "0"), NULL,
     TENSOR_W(F32, four), "it has no name to find its numbers by"},
    {GRAPH(W "," W, "0"), NULL, TENSOR_W(F32, four), "'w'"},
    {GRAPH(NODE("\"parameter\",\"name\":\"w\",\"attributes\":{\"type\":0,\"shape\":[2,2]},"
                "\"options\":{\"frozen\":true,\"rate\":1,\"decay\":3}"),
           "0"),
     NULL, TENSOR_W(F32, four), "it has options that no parameter can have"},
};

static const int64_t good_offsets[] = {0, 1, 3}, wild_offsets[] = {0, 1LL << 40, 3},
                     falling_offsets[] = {0, 4, 3}, counts[] = {2, 1}, bad_counts[] = {2, -1};
#define VOCABULARY(text, offset_count, offset_list, count_list)                                    \
    {                                                                                              \
        {"vocab.c.bytes", GROVE_DTYPE_U8, 1, {3}, 0, 0, text},                                     \
            {"vocab.c.offsets", GROVE_DTYPE_I64, 1, {offset_count}, 0, 0, offset_list},            \
            {"vocab.c.count", GROVE_DTYPE_I64, 1, {2}, 0, 0, count_list},                          \
    }
/* As files had it before there were forms of numbers; and with what came then. */
#define FORM_AND(min_count, buckets, more)                                                         \
    ",\"missing\":[\"NA\"],\"form\":{\"min_count\":" min_count                                     \
    ",\"max_values\":0,\"buckets\":" buckets                                                       \
    ",\"seed\":0,\"split\":0,\"sum\":false,\"keep_case\":false,\"no_pairs\":false,"                \
    "\"no_parts\":false" more "}"
#define FORM(min_count, buckets) FORM_AND(min_count, buckets, "")
#define COLUMN(kind, rest) "[{\"name\":\"c\",\"kind\":\"" kind "\",\"reason\":\"\"" rest "}]"
#define VALUES ",\"values\":{\"unknown\":0,\"missing\":0}"
#define SCALE(std) ",\"scale\":{\"mean\":0,\"std\":" std ",\"missing\":0}"
#define XG GRAPH(X, "0")
#define SETS VALUES ",\"bag\":{\"rows\":3,\"longest\":2,\"mean\":1,\"std\":0}"
#define SETS_OF(usual_count, usual)                                                                \
    {                                                                                              \
        {"vocab.c.bytes", GROVE_DTYPE_U8, 1, {3}, 0, 0, "abc"},                                    \
            {"vocab.c.offsets", GROVE_DTYPE_I64, 1, {3}, 0, 0, good_offsets},                      \
            {"vocab.c.count", GROVE_DTYPE_I64, 1, {2}, 0, 0, counts},                              \
            {"vocab.c.usual", GROVE_DTYPE_I32, 1, {usual_count}, 0, 0, usual},                     \
    }
static const int32_t two_classes[] = {0, 1}, no_such_class[] = {0, 2}, twice[] = {1, 1};

static const crafted schemas[] = {
    {XG, "[]", .words = NULL},
    {XG, COLUMN("categorical", VALUES), VOCABULARY("abc", 3, good_offsets, counts), NULL},
    {XG, COLUMN("label", VALUES), VOCABULARY("abc", 3, good_offsets, counts), NULL},
    {XG, COLUMN("numeric", SCALE("2")), .words = NULL},
    {XG, COLUMN("numeric", SCALE("2") FORM("0", "0")), .words = NULL},
    {XG, COLUMN("numeric", SCALE("2") FORM_AND("0", "0", ",\"numbers\":3")), .words = NULL},
    {XG, COLUMN("numeric", SCALE("2") FORM_AND("0", "0", ",\"numbers\":4")),
     .words = "there is no such form of numbers"},
    {XG, COLUMN("numeric", SCALE("2") FORM_AND("0", "0", ",\"numbers\":-1")),
     .words = "there is no such form of numbers"},
    {XG, COLUMN("numeric", SCALE("2") FORM_AND("0", "0", ",\"numbers\":0,\"unknown\":1")),
     .words = NULL},
    {XG, COLUMN("numeric", SCALE("2") FORM_AND("0", "0", ",\"numbers\":0,\"unknown\":3")),
     .words = "there is no such policy of unknown cells"},
    {XG, COLUMN("ignored", FORM_AND("0", "0", ",\"numbers\":0,\"unknown\":2")),
     .words = "only a categorical or a numeric column has a policy of unknown cells"},
    {XG, COLUMN("ignored", FORM_AND("0", "0", ",\"numbers\":2")),
     .words = "only a numeric column has a form of numbers"},
    {XG, COLUMN("numeric", SCALE("2") FORM_AND("0", "0", ",\"digits\":3")),
     .words = "its number 'numbers' is missing"},
    {XG, COLUMN("labels", SETS), SETS_OF(2, two_classes), NULL},
    {XG, COLUMN("labels", SETS), SETS_OF(0, NULL), NULL},
    {XG, COLUMN("labels", SETS), SETS_OF(2, no_such_class), "the usual set of column 'c'"},
    {XG, COLUMN("labels", SETS), SETS_OF(2, twice), "the usual set of column 'c'"},
    {XG, COLUMN("labels", SETS), VOCABULARY("abc", 3, good_offsets, counts),
     "its tensor 'vocab.c.usual' is missing"},
    {XG, COLUMN("labels", VALUES), SETS_OF(2, two_classes), "cannot be read"},
    {XG, COLUMN("label", VALUES), SETS_OF(2, two_classes), "belongs to nothing"},
    {XG, COLUMN("ignored", ""), .words = NULL},
    {XG, "", .words = "its metadata 'columns' cannot be read: at byte 0 '[' is missing"},
    {XG, "[{}]", .words = "its metadata 'columns' cannot be read"},
    {XG, "[{\"kind\":\"ignored\"}]", .words = "column 0 has 'kind' where 'name' should stand"},
    {XG, COLUMN("odd", ""), .words = "column 'c': 'odd' is no kind of column"},
    {XG, COLUMN("ignored", VALUES), .words = "has 'values' where 'missing' should stand"},
    {XG, COLUMN("ignored", ",\"missing\":[],\"form\":{}"),
     .words = "its number 'min_count' is missing"},
    {XG, COLUMN("ignored", ",\"missing\":\"NA\""), .words = "cannot be read"},
    {XG, COLUMN("ignored", FORM("0", "4")),
     .words = "only a categorical column, a bag or a text is hashed"},
    {XG, COLUMN("ignored", FORM("-1", "0")), .words = "a vocabulary takes values that one row has"},
    {XG, COLUMN("ignored", FORM("0", "-4")), .words = "a hash needs 1 to 2147483645 buckets"},
    {XG, COLUMN("categorical", ""), .words = "cannot be read"},
    {XG, COLUMN("categorical", VALUES), .words = "its tensor 'vocab.c.offsets' is missing"},
    {XG, COLUMN("categorical", ",\"values\":{\"unknown\":-1,\"missing\":0}"),
     VOCABULARY("abc", 3, good_offsets, counts), "its columns: the vocabulary of column"},
    {XG, COLUMN("categorical", ",\"values\":{\"unknown\":0}"),
     VOCABULARY("abc", 3, good_offsets, counts), "column 'c': its number 'missing' is missing"},
    {XG, COLUMN("categorical", VALUES), VOCABULARY("abc", 3, wild_offsets, counts), "offsets"},
    {XG, COLUMN("categorical", VALUES), VOCABULARY("abc", 3, falling_offsets, counts), "offsets"},
    {XG, COLUMN("categorical", VALUES), VOCABULARY("abc", 2, good_offsets, counts),
     "its tensor 'vocab.c.count' has another dtype or shape; it should be I64, one list of 1"},
    {XG, COLUMN("categorical", VALUES), VOCABULARY("abc", 0, NULL, counts), "offsets is empty"},
    {XG, COLUMN("categorical", VALUES), VOCABULARY("abc", 3, good_offsets, bad_counts), "count"},
    {XG, COLUMN("ignored", ""), VOCABULARY("abc", 3, good_offsets, counts), "belongs to nothing"},
    {XG, COLUMN("numeric", SCALE("0")), .words = "its columns: the scale of column"},
    {XG, COLUMN("numeric", SCALE("1e999")), .words = "'std' cannot be read: a number is missing"},
};

START_TEST(a_graph_that_cannot_be_is_refused) {
    expect_crafted(&graphs[_i]);
}
END_TEST
START_TEST(numbers_that_do_not_fit_are_refused) {
    expect_crafted(&stored[_i]);
}
END_TEST
START_TEST(a_schema_that_cannot_be_is_refused) {
    expect_crafted(&schemas[_i]);
}
END_TEST

/* A file of before that was stored knows A to Z alone, whether or not it has a form. */
START_TEST(an_old_text_keeps_its_lower_case) {
    static const char *const rests[] = {
        "", FORM("0", "0"), FORM_AND("0", "0", ",\"numbers\":0,\"unknown\":0"),
        FORM_AND("0", "0", ",\"numbers\":0,\"unknown\":0,\"ascii_case\":false")};
    char columns[600];
    for (int i = 0; i < 4; i++) {
        crafted c = {XG, columns, VOCABULARY("abc", 3, good_offsets, counts), NULL};
        snprintf(columns, sizeof columns,
                 "[{\"name\":\"c\",\"kind\":\"text\",\"reason\":\"\"" VALUES
                 ",\"bag\":{\"rows\":1,\"longest\":1,\"mean\":1,\"std\":0}%s}]",
                 rests[i]);
        expect_crafted(&c);
        grove_model *model = must_load(path);
        ck_assert(grove_schema_form(grove_model_schema(model), 0)->ascii_case == (i < 3));
        grove_model_free(model);
    }
}
END_TEST

START_TEST(numbers_too_large_for_a_float_are_refused) {
    crafted c = {GRAPH(W, "0"), NULL, TENSOR_W(F64, large), NULL};
    c.words = sizeof(grove_real) == 4 ? "has a number that is not finite, at position 1" : NULL;
    expect_crafted(&c);
}
END_TEST

START_TEST(numbers_of_the_other_precision_are_converted) {
    expect_crafted(&stored[1]);
    grove_model *model = must_load(path);
    const grove_real *w = grove_parameter_data(grove_model_output(model, 0));
    ck_assert(w[2] == 3 && w[3] == (grove_real)0.1);
    grove_model_free(model);
}
END_TEST

/* What was asked wrongly of a finished graph is no mistake in it: it can still be saved. */
START_TEST(a_failed_call_on_a_graph_spoils_no_file) {
    hostile_memory memory = {.fail_at = 0};
    grove_error error = {0};
    grove_tensor outputs[2];
    grove_graph *g = make_classifier(&memory, outputs);
    ck_assert_int_eq(grove_settle(outputs[1]), GROVE_BAD_ARGUMENT);
    ck_assert_int_eq(grove_swap_averages(grove_find(g, "optimizer")), GROVE_BAD_ARGUMENT);
    ck_assert_int_eq(grove_set_rate(outputs[0], 1), GROVE_BAD_ARGUMENT);
    grove_status status = grove_save(path, outputs, 2, NULL, &error);
    ck_assert_msg(status == GROVE_OK, "%s", error.message);
    grove_graph_free(g);
}
END_TEST

START_TEST(other_files_are_refused) {
    grove_model *model;
    grove_error error;
    ck_assert_int_eq(grove_load("/nowhere/x", NULL, &model, &error), GROVE_NO_FILE);
    ck_assert_int_eq(grove_load("/nowhere/x", NULL, NULL, &error), GROVE_BAD_ARGUMENT);
    ck_assert_str_eq(error.message, "load: there is no place for the model");
    ck_assert_int_eq(grove_load_with("/nowhere/x", NULL, NULL, NULL), GROVE_BAD_ARGUMENT);
    ck_assert_ptr_null(model);
    grove_tensors_writer *writer = grove_tensors_writer_new(NULL);
    grove_tensors_write(writer, path, NULL);
    ck_assert_int_eq(grove_load(path, NULL, &model, &error), GROVE_BAD_FILE);
    expect_words(&error, "it is no model of grove: it has no metadata 'model'");
    grove_tensors_add_metadata(writer, "model", XG, NULL);
    grove_tensors_write(writer, path, NULL);
    ck_assert_int_eq(grove_load(path, NULL, &model, &error), GROVE_BAD_FILE);
    expect_words(&error, "its metadata 'schema' is 'missing'; this grove reads '1'");
    grove_tensors_writer_free(writer);
}
END_TEST

/* ---- damage ---------------------------------------------------------------------------------- */

static void try_to_load(bool may_load, const char *what, size_t at) {
    hostile_memory memory = {0};
    grove_allocator allocator = hostile_allocator(&memory);
    grove_model *model;
    grove_error error;
    grove_status status = grove_load(other_path, &allocator, &model, &error);
    bool good = status == GROVE_BAD_FILE || (may_load && status == GROVE_OK);
    ck_assert_msg(good, "%s at %zu: status %d %s", what, at, (int)status, error.message);
    grove_model_free(model);
    ck_assert_uint_eq(memory.live, 0);
}

static size_t find_words(const unsigned char *bytes, size_t size, const char *words) {
    size_t length = strlen(words), at = 0;
    while (at + length <= size && memcmp(bytes + at, words, length) != 0) {
        at++;
    }
    ck_assert_uint_le(at + length, size);
    return at;
}

/* Round 1 hides the checksums under another key, so that damage comes through to the model. */
START_TEST(damage_anywhere_is_survived) {
    static unsigned char bytes[FILE_MOST];
    static const unsigned char flips[] = {0x01, 0x10, 0x80};
    save_classifier(path, NULL);
    size_t size = read_bytes(path, bytes), key = find_words(bytes, size, "crc32c") + 5;
    bytes[key] = _i ? 'x' : 'c';
    write_bytes(other_path, bytes, size);
    int file = open(other_path, O_WRONLY);
    for (size_t at = 0; at < size; at++) {
        bool is_key = at + 5 >= key && at <= key;
        for (size_t k = 0; k < sizeof flips; k++) {
            unsigned char flipped = bytes[at] ^ flips[k];
            ck_assert_int_eq(pwrite(file, &flipped, 1, (off_t)at), 1);
            try_to_load(_i == 1 || is_key, "flipped", at);
        }
        ck_assert_int_eq(pwrite(file, &bytes[at], 1, (off_t)at), 1);
    }
    for (size_t cut = size - 1; cut > 7; cut -= 7) {
        ck_assert_int_eq(ftruncate(file, (off_t)cut), 0);
        try_to_load(false, "cut", cut);
    }
    close(file);
}
END_TEST

/* ---- memory that runs out -------------------------------------------------------------------- */

START_TEST(each_allocation_of_saving_may_fail) {
    hostile_memory memory = {.for_good = _i != 0};
    grove_tensor outputs[2];
    grove_error error;
    grove_graph *g = make_classifier(&memory, outputs);
    grove_schema *schema = make_schema(NULL);
    grove_save_options options = {.schema = schema};
    unlink(path);
    for (size_t n = 1; n < 1000; n++) {
        size_t live = memory.live;
        memory.calls = 0;
        memory.fail_at = n;
        grove_status status = grove_save(path, outputs, 2, &options, &error);
        ck_assert_uint_eq(memory.live, live);
        if (memory.calls < n) {
            ck_assert_int_eq(status, GROVE_OK);
            break;
        }
        ck_assert_msg(status == GROVE_NO_MEMORY, "when %zu failed: %s", n, error.message);
        ck_assert_int_ne(access(path, F_OK), 0);
    }
    ck_assert_int_eq(access(path, F_OK), 0);
    grove_schema_free(schema);
    grove_graph_free(g);
}
END_TEST

START_TEST(each_allocation_of_loading_may_fail) {
    save_classifier(path, NULL);
    for (size_t n = 1; n < 1000; n++) {
        hostile_memory memory = {.fail_at = n, .for_good = _i != 0};
        grove_allocator allocator = hostile_allocator(&memory);
        grove_model *model;
        grove_error error;
        grove_status status = grove_load(path, &allocator, &model, &error);
        grove_model_free(model);
        ck_assert_uint_eq(memory.live, 0);
        if (memory.calls < n) {
            ck_assert_int_eq(status, GROVE_OK);
            return;
        }
        ck_assert_msg(status == GROVE_NO_MEMORY, "when %zu failed: %s", n, error.message);
    }
    ck_abort_msg("it asks for memory without end");
}
END_TEST

/* ---- */

static void add_round_trips(Suite *suite) {
    TCase *trips = tcase_create("there and back");
    tcase_add_test(trips, a_model_comes_back_with_the_same_bits);
    tcase_add_test(trips, the_schema_comes_back);
    tcase_add_test(trips, metadata_can_be_asked_for);
    tcase_add_test(trips, the_same_model_gives_the_same_bytes);
    tcase_add_test(trips, a_model_needs_no_schema);
    tcase_add_loop_test(trips, an_op_comes_back, 0, GROVE_ROWS);
    suite_add_tcase(suite, trips);
}

static void add_refusals(Suite *suite) {
    TCase *refusals = tcase_create("refusals");
    tcase_add_test(refusals, what_cannot_be_saved_is_refused);
    tcase_add_test(refusals, a_schema_that_was_not_fitted_is_refused);
    tcase_add_loop_test(refusals, a_graph_that_cannot_be_is_refused, 0,
                        sizeof graphs / sizeof *graphs);
    tcase_add_loop_test(refusals, numbers_that_do_not_fit_are_refused, 0,
                        sizeof stored / sizeof *stored);
    tcase_add_loop_test(refusals, a_schema_that_cannot_be_is_refused, 0,
                        sizeof schemas / sizeof *schemas);
    tcase_add_test(refusals, an_old_text_keeps_its_lower_case);
    tcase_add_test(refusals, numbers_too_large_for_a_float_are_refused);
    tcase_add_test(refusals, numbers_of_the_other_precision_are_converted);
    tcase_add_test(refusals, other_files_are_refused);
    tcase_add_test(refusals, a_failed_call_on_a_graph_spoils_no_file);
    suite_add_tcase(suite, refusals);
}

static void add_hardships(Suite *suite) {
    TCase *hardships = tcase_create("damage and shortage");
    tcase_set_timeout(hardships, 120);
    tcase_add_loop_test(hardships, damage_anywhere_is_survived, 0, 2);
    tcase_add_loop_test(hardships, each_allocation_of_saving_may_fail, 0, 2);
    tcase_add_loop_test(hardships, each_allocation_of_loading_may_fail, 0, 2);
    suite_add_tcase(suite, hardships);
}

int main(void) {
    if (!mkdtemp(folder)) {
        return 1;
    }
    snprintf(path, sizeof path, "%s/a.safetensors", folder);
    snprintf(other_path, sizeof other_path, "%s/b.safetensors", folder);
    Suite *suite = suite_create("model_file");
    add_round_trips(suite);
    add_refusals(suite);
    add_hardships(suite);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    unlink(path);
    unlink(other_path);
    rmdir(folder);
    return failed == 0 ? 0 : 1;
}
