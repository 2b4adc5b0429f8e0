/* SPDX-License-Identifier: MIT
 *
 * gradcheck.c - grove gradcheck: are the gradients of a model's loss those that differences give?
 *
 * A model with a schema is fed as it was in training; any other one by the names of its inputs
 * (ports.h). Where the file has no loss, as those of grove train, the cross-entropy of its
 * probabilities is appended.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ports.h"

typedef struct check {
    const options *o;
    grove_model *model;
    const grove_schema *schema;
    grove_table *table;
    grove_dataset *data; /* with a schema */
    ports in;            /* without one; also for the sentence of a mistake */
    grove_tensor loss, label;
    size_t *order; /* [rows of the table] */
    size_t rows;   /* of the batch */
    grove_id **ids, *labels;
    grove_real *targets;
    grove_real *numbers;
    float *read_numbers; /* as the dataset has them */
    grove_binding *bindings;
    int binding_count;
    grove_gradient_report report;
} check;

/* ---- the loss -------------------------------------------------------------------------------- */

static bool is_scalar(grove_tensor tensor) {
    return grove_is_valid(tensor) && grove_node_type(tensor) == GROVE_REAL &&
           grove_node_shape(tensor).rank == 0;
}

static bool is_number(const check *c) {
    return c->schema && grove_schema_target(c->schema) == GROVE_TARGET_NUMBER;
}

static bool has_sets(const check *c) {
    return c->schema && grove_schema_target(c->schema) == GROVE_TARGET_SET;
}

/* How many numbers a row has for a label of reals. */
static size_t classes_of(const check *c) {
    const int64_t ids = grove_schema_ids(c->schema, (size_t)grove_schema_label(c->schema));
    return has_sets(c) ? (size_t)ids : 1;
}

/* The cross-entropy of the logits that the softmax "probabilities" is made of, or the sigmoids; of
 * a number the squared error of "scaled". */
static grove_tensor append_loss(check *c) {
    grove_graph *graph = grove_model_graph(c->model);
    if (is_number(c)) {
        return grove_mean_squared_error(grove_find(graph, "scaled"),
                                        grove_input_reals(graph, "label", GROVE_BATCH));
    }
    grove_tensor p = grove_find(graph, "probabilities"), label = grove_find(graph, "label");
    if (has_sets(c) && strcmp(grove_node_op(p), "sigmoid") == 0) {
        label = grove_input_reals(graph, "label", GROVE_BATCH, grove_node_shape(p).dim[1]);
        return grove_binary_cross_entropy_with(grove_node_input(p, 0), label, GROVE_NONE,
                                               GROVE_NONE);
    }
    bool softmax = strcmp(grove_node_op(p), "softmax") == 0 && grove_node_shape(p).rank == 2;
    if (!softmax || !c->schema) {
        return GROVE_NONE;
    }
    label = grove_is_valid(label) ? label : grove_input_ids(graph, "label", GROVE_BATCH);
    return grove_softmax_cross_entropy(grove_node_input(p, 0), label);
}

static bool find_loss(check *c) {
    grove_graph *graph = grove_model_graph(c->model);
    c->loss = grove_find(graph, "loss");
    if (!is_scalar(c->loss) && grove_model_outputs(c->model) == 1) {
        c->loss = grove_model_output(c->model, 0);
    }
    c->loss = is_scalar(c->loss) ? c->loss : append_loss(c);
    if (!is_scalar(c->loss)) {
        return ports_refuse(&c->in, EXIT_BAD_MODEL,
                            "the model has no loss to check: neither a scalar called 'loss', nor a "
                            "softmax (or sigmoids) called 'probabilities' of a labelled schema");
    }
    return true;
}

/* ---- a batch --------------------------------------------------------------------------------- */

static bool has_memory(check *c, const void *memory) {
    return memory || ports_refuse(&c->in, EXIT_RUN_TIME, "out of memory");
}

static bool draw_rows(check *c) {
    size_t all = grove_table_rows(c->table);
    c->rows = all < (size_t)c->o->rows ? all : (size_t)c->o->rows;
    c->order = calloc(all, sizeof *c->order);
    if (c->order) {
        grove_shuffle(NULL, all, (uint64_t)c->o->seed, 0, c->order);
    }
    return has_memory(c, c->order);
}

static bool feed(check *c, const char *name, grove_type type, int64_t width, const void *data) {
    grove_tensor input = grove_find(grove_model_graph(c->model), name);
    grove_shape shape = grove_node_shape(input);
    bool fits = strcmp(grove_node_op(input), "input") == 0 && grove_node_type(input) == type &&
                shape.dim[0] == GROVE_BATCH &&
                (width ? shape.rank == 2 && shape.dim[1] == width : shape.rank == 1);
    c->bindings[c->binding_count++] = (grove_binding){input, data};
    return fits || ports_refuse(&c->in, EXIT_BAD_MODEL,
                                "the model has no input '%.200s' that fits its schema", name);
}

static bool make_room(check *c, size_t columns, size_t features) {
    size_t numbers = c->rows * features;
    c->bindings = calloc(columns + 2, sizeof *c->bindings);
    c->ids = calloc(columns + 1, sizeof *c->ids);
    c->labels = calloc(c->rows + 1, sizeof *c->labels);
    c->targets = calloc(c->rows + 1, classes_of(c) * sizeof *c->targets);
    c->numbers = calloc(numbers + 1, sizeof *c->numbers);
    c->read_numbers = calloc(numbers + 1, sizeof *c->read_numbers);
    bool good = c->bindings && c->ids && c->labels && c->targets && c->numbers && c->read_numbers;
    for (size_t i = 0; i < columns && good; i++) {
        c->ids[i] = calloc(c->rows + 1, sizeof **c->ids);
        good = c->ids[i] != NULL;
    }
    return has_memory(c, good ? c : NULL);
}

/* The rows as the schema encodes them, for the inputs that train.h names. */
static bool feed_schema(check *c) {
    grove_error error = {0};
    grove_encode_options wish = {.label_required = true};
    if (grove_schema_encode(c->schema, c->table, &wish, &c->data, &error) != GROVE_OK) {
        return ports_refuse(&c->in, code_of_data(error.status), "%s", error.message);
    }
    if (grove_dataset_bags(c->data) > 0) {
        return ports_refuse(&c->in, EXIT_USAGE,
                            "models that read bags or texts are not checked: a row of those has "
                            "no fixed number of inputs");
    }
    size_t columns = grove_dataset_categoricals(c->data), f = grove_dataset_features(c->data);
    if (!make_room(c, columns, f)) {
        return false;
    }
    grove_batch batch = {.ids = c->ids, .numbers = c->read_numbers, .labels = c->labels};
    if (grove_dataset_gather(c->data, c->order, 0, c->rows, &batch, &error) != GROVE_OK) {
        return ports_refuse(&c->in, EXIT_BAD_DATA, "%s", error.message);
    }
    for (size_t i = 0; i < c->rows && is_number(c); i++) {
        c->targets[i] = (grove_real)grove_dataset_targets(c->data)[c->order[i]];
    }
    for (size_t i = 0; i < c->rows && has_sets(c); i++) {
        const grove_label_set set = grove_dataset_set(c->data, c->order[i]);
        for (size_t k = 0; k < set.count; k++) {
            c->targets[i * classes_of(c) + (size_t)set.classes[k]] = 1;
        }
    }
    for (size_t i = 0; i < c->rows * f; i++) {
        c->numbers[i] = (grove_real)c->read_numbers[i];
    }
    bool good = true;
    for (size_t i = 0; i < columns && good; i++) {
        char name[512];
        size_t column = (size_t)grove_schema_categorical(c->schema, i);
        snprintf(name, sizeof name, "column.%s", grove_schema_name(c->schema, column));
        good = feed(c, name, GROVE_ID, 0, c->ids[i]);
    }
    good = good && (f == 0 || feed(c, "numbers", GROVE_REAL, (int64_t)f, c->numbers));
    const int64_t width = has_sets(c) ? (int64_t)classes_of(c) : 0;
    return good && (is_number(c) || has_sets(c) ? feed(c, "label", GROVE_REAL, width, c->targets)
                                                : feed(c, "label", GROVE_ID, 0, c->labels));
}

/* The rows by the names of the inputs. */
static bool feed_plain(check *c) {
    c->in.batch = c->rows;
    if (!open_inputs(&c->in) || !read_rows(&c->in, c->order, 0, c->rows)) {
        return false;
    }
    c->bindings = calloc((size_t)c->in.count + 1, sizeof *c->bindings);
    for (int i = 0; i < c->in.count && c->bindings; i++) {
        c->bindings[c->binding_count++] =
            (grove_binding){c->in.inputs[i].tensor, c->in.inputs[i].data};
    }
    return has_memory(c, c->bindings);
}

/* ---- the check ------------------------------------------------------------------------------- */

static bool run(check *c) {
    const options *o = c->o;
    grove_error error = {0};
    grove_gradient_check_options wish = {.batch = (int64_t)c->rows,
                                         .training = o->training,
                                         .samples = o->samples,
                                         .step = o->step,
                                         .tolerance = o->tolerance,
                                         .seed = (uint64_t)o->seed,
                                         .threads = (int)o->threads};
    grove_status status = grove_check_gradients(c->loss, NULL, 0, c->bindings, c->binding_count,
                                                &wish, &c->report, &error);
    int code = status == GROVE_NO_MEMORY  ? EXIT_RUN_TIME
               : status == GROVE_BAD_DATA ? EXIT_BAD_DATA
                                          : EXIT_BAD_MODEL;
    return status == GROVE_OK || ports_refuse(&c->in, code, "%s", error.message);
}

/* ---- the report ------------------------------------------------------------------------------ */

static double relative(const grove_slope *s) {
    double scale = fmax(fabs(s->analytic), fabs(s->numeric));
    return scale > 0 ? s->error / scale : 0;
}

static const char *precision(void) {
    return sizeof(grove_real) == sizeof(float) ? "float" : "double";
}

static void print_table(const check *c) {
    int width = width_of("parameter");
    for (int i = 0; i < c->report.count; i++) {
        int used = width_of(c->report.checks[i].name);
        width = used > width ? used : width;
    }
    print_padded("parameter", width);
    printf("  %-14s  %7s  %9s  %5s  %9s  %9s  %s\n", "shape", "checked", "too small", "kinks",
           "rel.error", "as a whole", "verdict");
    for (int i = 0; i < c->report.count; i++) {
        const grove_parameter_check *p = &c->report.checks[i];
        char shape[96], whole[24] = "-", worst[24] = "-";
        if (p->agreeing + p->wrong > 0) {
            snprintf(worst, sizeof worst, "%.1e", relative(&p->worst));
        }
        if (p->whole_is_judged || p->whole.error > p->whole.allowed) {
            snprintf(whole, sizeof whole, "%.1e", relative(&p->whole));
        }
        print_padded(p->name, width);
        printf("  %-14s  %7zu  %9zu  %5zu  %9s  %10s  %s\n",
               grove_shape_text(grove_node_shape(p->parameter), shape, sizeof shape), p->checked,
               p->too_small, p->kinks, worst, whole, grove_gradient_verdict_words(p->verdict));
    }
}

static int print_report(const check *c) {
    print_table(c);
    printf("\nrows        %zu, loss %.6g\nmethod      central differences of fourth order in %s, "
           "steps from %g down by 4\ntolerance   ",
           c->rows, c->report.loss, precision(),
           c->o->step > 0                        ? c->o->step
           : sizeof(grove_real) == sizeof(float) ? 0.5
                                                 : 0.03125);
    if (c->o->tolerance > 0) {
        printf("%g of a component\n", c->o->tolerance);
    } else {
        printf("derived: truncation + 8 deviations of the loss's rounding / step; judged where\n"
               "            that is below %s of a component\n",
               sizeof(grove_real) == sizeof(float) ? "1/64" : "1/4096");
    }
    if (!c->report.passed) {
        return complain("gradcheck", EXIT_MISSED, c->report.words);
    }
    printf("\n%s\n", c->report.words);
    return EXIT_DONE;
}

static json_t *json_slope(const grove_slope *s) {
    return json_pack("{s:o, s:o, s:o, s:o}", "analytic", json_number(s->analytic), "numeric",
                     json_number(s->numeric), "error", json_number(s->error), "allowed",
                     json_number(s->allowed));
}

static json_t *json_parameter(const grove_parameter_check *p) {
    json_t *shape = json_array(), *worst = json_slope(&p->worst), *whole = json_slope(&p->whole);
    grove_shape s = grove_node_shape(p->parameter);
    for (int i = 0; i < s.rank; i++) {
        json_array_append_new(shape, json_integer(s.dim[i]));
    }
    json_object_set_new(worst, "position", json_integer((json_int_t)p->worst.position));
    json_object_set_new(whole, "judged", json_boolean(p->whole_is_judged));
    return json_pack("{s:o, s:o, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "name",
                     json_text(p->name, strlen(p->name)), "shape", shape, "verdict",
                     grove_gradient_verdict_words(p->verdict), "size", (json_int_t)p->size,
                     "checked", (json_int_t)p->checked, "agreeing", (json_int_t)p->agreeing, "zero",
                     (json_int_t)p->zero, "too_small", (json_int_t)p->too_small, "kinks",
                     (json_int_t)p->kinks, "wrong", (json_int_t)p->wrong, "worst", worst, "whole",
                     whole);
}

static int report_json(const check *c) {
    json_t *list = json_array();
    for (int i = 0; i < c->report.count; i++) {
        json_array_append_new(list, json_parameter(&c->report.checks[i]));
    }
    int code = print_json("gradcheck",
                          json_pack("{s:i, s:b, s:s, s:s, s:I, s:o, s:o, s:o}", "schema", 1,
                                    "passed", c->report.passed, "words", c->report.words,
                                    "precision", precision(), "rows", (json_int_t)c->rows, "loss",
                                    json_number(c->report.loss), "tolerance",
                                    c->o->tolerance > 0 ? json_real(c->o->tolerance) : json_null(),
                                    "parameters", list));
    return code != EXIT_DONE || c->report.passed
               ? code
               : complain("gradcheck", EXIT_MISSED, c->report.words);
}

/* ---- the command ----------------------------------------------------------------------------- */

static int check_model(check *c) {
    c->schema = grove_model_schema(c->model);
    c->schema = c->schema && grove_schema_label(c->schema) >= 0 ? c->schema : NULL;
    int code = read_table("gradcheck", c->o->files[1], c->o, &c->table);
    if (code != EXIT_DONE) {
        return code;
    }
    c->in.model = c->model;
    c->in.table = c->table;
    bool good =
        find_loss(c) && draw_rows(c) && (c->schema ? feed_schema(c) : feed_plain(c)) && run(c);
    if (!good) {
        return complain("gradcheck", c->in.code, c->in.why);
    }
    return c->o->json ? report_json(c) : print_report(c);
}

static void close_check(check *c) {
    size_t columns = c->ids ? grove_dataset_categoricals(c->data) : 0;
    for (size_t i = 0; i < columns; i++) {
        free(c->ids[i]);
    }
    free(c->ids);
    free(c->labels);
    free(c->targets);
    free(c->numbers);
    free(c->read_numbers);
    free(c->bindings);
    free(c->order);
    close_inputs(&c->in);
    grove_gradient_report_free(&c->report);
    grove_dataset_free(c->data);
    grove_table_free(c->table);
    grove_model_free(c->model);
    free(c);
}

int run_gradcheck(const options *o) {
    check *c = calloc(1, sizeof *c);
    if (!c) {
        return complain("gradcheck", EXIT_RUN_TIME, "out of memory");
    }
    c->o = o;
    int code = read_model("gradcheck", o->files[0], &c->model);
    code = code == EXIT_DONE ? check_model(c) : code;
    close_check(c);
    return code;
}
