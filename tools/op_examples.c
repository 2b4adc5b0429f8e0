/* SPDX-License-Identifier: MIT
 *
 * op_examples - every descriptor of an op, and its worked examples with all numbers, as JSON. The
 * manual (tools/opdoc) is made from it: so its numbers come from a run, not from a text.
 *
 * An example that does not bring its numbers gets some; GROVE_BATCH is 2. An op is run with the
 * gradient of sum(y * dy), in a training plan where it does its work only there.
 */
#include <jansson.h>
#include <stdio.h>

#include "grove/grad.h"
#include "grove/plan.h"
#include "ops/room.h"

enum { BATCH = 2, MOST = 4096 };

typedef union numbers {
    grove_real real[MOST];
    grove_id id[MOST];
} numbers;

/* One example, built. Tensors that there are not are GROVE_NONE. */
typedef struct stage {
    const grove_op *op;
    const grove_example *example;
    grove_graph *graph;
    grove_tensor in[GROVE_EXAMPLE_INPUTS], dx[GROVE_EXAMPLE_INPUTS];
    grove_tensor y, dy;
} stage;

static const char *const kind_names[] = {[GROVE_FIELD_FLAG] = "flag",
                                         [GROVE_FIELD_INT] = "whole number",
                                         [GROVE_FIELD_REAL] = "number",
                                         [GROVE_FIELD_SHAPE] = "shape"};

static const struct {
    unsigned flag;
    const char *name;
} flag_names[] = {
    {GROVE_ALIAS, "alias"},   {GROVE_IN_PLACE, "in place"}, {GROVE_TRAINING, "training"},
    {GROVE_UPDATE, "update"}, {GROVE_FIRST, "first"},       {GROVE_STORED, "stored"},
    {GROVE_BOUND, "bound"},   {GROVE_TRAINED, "trained"},   {GROVE_PIECEWISE, "piecewise"},
    {GROVE_LOOKUP, "lookup"}, {GROVE_SEAMLESS, "seamless"}, {GROVE_PRODUCT, "product"},
};

/* ---- tensors as JSON ------------------------------------------------------------------------- */

/* What a dimension is where the batch is BATCH. */
static int64_t size_of(int64_t dim) {
    return grove_dim_batches(dim) * BATCH + grove_dim_more(dim);
}

static size_t count_of(grove_shape shape) {
    size_t count = 1;
    for (int i = 0; i < shape.rank; i++) {
        count *= (size_t)size_of(shape.dim[i]);
    }
    return count;
}

static json_t *json_of_shape(grove_shape shape) {
    char text[96];
    return json_string(grove_shape_text(shape, text, sizeof text));
}

/* The sizes that the numbers really have. */
static json_t *json_of_dims(grove_shape shape) {
    json_t *dims = json_array();
    for (int i = 0; i < shape.rank; i++) {
        json_array_append_new(dims, json_integer(size_of(shape.dim[i])));
    }
    return dims;
}

/* {"type", "shape", "dims", "values"}; values are texts, for JSON knows no infinity. */
static json_t *json_of_tensor(grove_tensor tensor, const void *values) {
    bool real = grove_node_type(tensor) == GROVE_REAL;
    grove_shape shape = grove_node_shape(tensor);
    json_t *list = json_array();
    for (size_t i = 0; values && i < count_of(shape) && i < MOST; i++) {
        char text[32];
        double number =
            real ? (double)((const grove_real *)values)[i] : (double)((const grove_id *)values)[i];
        snprintf(text, sizeof text, real ? "%.5g" : "%.0f", number + 0.0);
        if (!real && ((const grove_id *)values)[i] == GROVE_NOBODY) {
            snprintf(text, sizeof text, "nobody");
        }
        json_array_append_new(list, json_string(text));
    }
    return json_pack("{s:s, s:o, s:o, s:o}", "type", real ? "real" : "ids", "shape",
                     json_of_shape(shape), "dims", json_of_dims(shape), "values", list);
}

/* ---- an example, built ----------------------------------------------------------------------- */

static grove_tensor make_leaf(stage *s, int i) {
    const grove_example_tensor *in = &s->example->in[i];
    char name[16];
    snprintf(name, sizeof name, "in%d", i);
    if (!in->stored) {
        return grove_input(s->graph, name, in->type, in->shape);
    }
    return in->type == GROVE_REAL ? grove_parameter(s->graph, name, in->shape, (grove_init){0})
                                  : grove_state(s->graph, name, GROVE_ID, in->shape);
}

static bool build(stage *s, const grove_op *op, const grove_example *example) {
    *s = (stage){.op = op, .example = example, .graph = grove_graph_new(NULL)};
    s->y = s->dy = GROVE_NONE;
    for (int i = 0; i < GROVE_EXAMPLE_INPUTS; i++) {
        s->in[i] = s->dx[i] = GROVE_NONE;
    }
    s->in[0].graph = s->graph; /* where an op without inputs finds its graph */
    for (int i = 0; i < example->inputs; i++) {
        s->in[i] = make_leaf(s, i);
    }
    s->y = example->build(s->in);
    if (op->grad && grove_is_valid(s->y) && grove_node_type(s->y) == GROVE_REAL) {
        s->dy = grove_input(s->graph, "dy", GROVE_REAL, grove_node_shape(s->y));
        grove_tensor total = grove_sum(grove_mul(s->y, s->dy), GROVE_ALL_AXES);
        grove_gradients(total, s->in, example->inputs, s->dx);
    }
    return grove_graph_error(s->graph)->status == GROVE_OK;
}

/* The example's numbers, or some that are easy to read. */
static void fill(numbers *data, grove_tensor tensor, const double *values, double first,
                 double step) {
    for (size_t i = 0; i < count_of(grove_node_shape(tensor)) && i < MOST; i++) {
        if (grove_node_type(tensor) == GROVE_ID) {
            data->id[i] = values ? (grove_id)values[i] : (grove_id)(i % 2);
        } else {
            data->real[i] = (grove_real)(values ? values[i] : first + step * (double)i);
        }
    }
}

/* ---- and run --------------------------------------------------------------------------------- */

static void give(stage *s, grove_plan *plan, grove_tensor tensor, numbers *data) {
    void *stored = grove_parameter_data(tensor);
    if (stored) {
        size_t size = grove_node_type(tensor) == GROVE_REAL ? sizeof(grove_real) : sizeof(grove_id);
        memcpy(stored, data, grove_parameter_size(tensor) * size);
    } else if (grove_is_valid(tensor) && tensor.graph == s->graph) {
        grove_bind(plan, tensor, data);
    }
}

static grove_plan *plan_of(const stage *s) {
    grove_tensor outputs[2 + GROVE_EXAMPLE_INPUTS];
    int count = 0;
    outputs[count++] = s->y;
    for (int i = 0; i < s->example->inputs; i++) {
        if (grove_is_valid(s->dx[i])) {
            outputs[count++] = s->dx[i];
        }
    }
    bool training = (s->op->flags & (GROVE_TRAINING | GROVE_UPDATE)) != 0;
    return grove_plan_new(s->graph, outputs, count,
                          &(grove_plan_options){.batch = BATCH, .training = training});
}

static json_t *json_of_attributes(const stage *s) {
    json_t *all = json_array();
    const char *from = grove_attributes(s->y);
    bool same = strcmp(grove_node_op(s->y), s->op->name) == 0;
    for (const grove_field *f = s->op->fields; same && f && f->name; f++) {
        char text[128] = "";
        const void *at = from + f->offset;
        if (f->kind == GROVE_FIELD_FLAG) {
            snprintf(text, sizeof text, "%s", *(const bool *)at ? "true" : "false");
        } else if (f->kind == GROVE_FIELD_INT) {
            snprintf(text, sizeof text, "%lld", (long long)*(const int64_t *)at);
        } else if (f->kind == GROVE_FIELD_REAL) {
            snprintf(text, sizeof text, "%.6g", *(const double *)at);
        } else {
            grove_shape_text(*(const grove_shape *)at, text, sizeof text);
        }
        json_array_append_new(all, json_pack("{s:s, s:s}", "name", f->name, "value", text));
    }
    return all;
}

/* What went in, came out, flowed back, and stands in stored inputs afterwards. */
static json_t *json_of_run(const stage *s, grove_plan *plan, const numbers *before,
                           const numbers *dy) {
    json_t *in = json_array(), *dx = json_array(), *after = json_array();
    for (int i = 0; i < s->example->inputs; i++) {
        json_array_append_new(in, json_of_tensor(s->in[i], &before[i]));
        bool has = grove_is_valid(s->dx[i]);
        json_array_append_new(dx, has ? json_of_tensor(s->dx[i], grove_value(plan, s->dx[i]))
                                      : json_null());
        bool written = s->op->written >> i & 1u;
        json_array_append_new(after, written
                                         ? json_of_tensor(s->in[i], grove_parameter_data(s->in[i]))
                                         : json_null());
    }
    bool update = (s->op->flags & GROVE_UPDATE) != 0;
    json_t *out = update ? json_null() : json_of_tensor(s->y, grove_value(plan, s->y));
    json_t *given = grove_is_valid(s->dy) ? json_of_tensor(s->dy, dy) : json_null();
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "in", in, "out", out, "dy", given, "dx", dx,
                     "after", after, "attributes", json_of_attributes(s));
}

/* NULL where the run fails. */
static json_t *run(stage *s) {
    static numbers data[GROVE_EXAMPLE_INPUTS], before[GROVE_EXAMPLE_INPUTS], dy, own;
    grove_plan *plan = plan_of(s);
    for (int i = 0; i < s->example->inputs; i++) {
        fill(&data[i], s->in[i], s->example->in[i].values, 0.5 + 0.25 * i, 0.25);
        before[i] = data[i];
        give(s, plan, s->in[i], &data[i]);
    }
    if (grove_is_valid(s->dy)) {
        fill(&dy, s->dy, s->example->dy, 1, 0.5);
        grove_bind(plan, s->dy, &dy);
    }
    if (s->op->flags & GROVE_BOUND) {
        fill(&own, s->y, NULL, 0.5, 0.25);
        grove_bind(plan, s->y, &own);
    }
    json_t *result = NULL;
    if (grove_run(plan) == GROVE_OK) {
        result = json_of_run(s, plan, before, &dy);
    } else {
        fprintf(stderr, "op_examples: %s: %s\n", s->op->name, grove_plan_error(plan)->message);
    }
    grove_plan_free(plan);
    return result;
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* An example that must be refused gives the whole sentence that a user would read. */
static json_t *json_of_example(const grove_op *op, const grove_example *example) {
    stage s;
    bool built = build(&s, op, example);
    const char *message = grove_graph_error(s.graph)->message;
    json_t *result = NULL;
    if (example->refused && !built) {
        result = json_pack("{s:s, s:i}", "refused", message, "inputs", example->inputs);
    } else if (!example->refused && built) {
        result = run(&s);
    } else {
        fprintf(stderr, "op_examples: %s: %s\n", op->name, built ? "is not refused" : message);
    }
    grove_graph_free(s.graph);
    return result;
}

static json_t *json_of_flags(const grove_op *op) {
    json_t *flags = json_array();
    for (size_t i = 0; i < sizeof flag_names / sizeof *flag_names; i++) {
        if (op->flags & flag_names[i].flag) {
            json_array_append_new(flags, json_string(flag_names[i].name));
        }
    }
    return flags;
}

static json_t *json_of_fields(const grove_op *op) {
    json_t *fields = json_array();
    for (const grove_field *f = op->fields; f && f->name; f++) {
        json_array_append_new(
            fields, json_pack("{s:s, s:s}", "name", f->name, "kind", kind_names[f->kind]));
    }
    return fields;
}

static json_t *json_of_op(const grove_op *op) {
    json_t *examples = json_array();
    for (const grove_example *e = op->examples; e && e->build; e++) {
        if (json_array_append_new(examples, json_of_example(op, e)) != 0) {
            json_decref(examples);
            return NULL;
        }
    }
    json_t *no_gradient = op->no_gradient ? json_string(op->no_gradient) : json_null();
    return json_pack("{s:s, s:s, s:i, s:i, s:o, s:o, s:o, s:o}", "name", op->name, "formula",
                     op->formula, "min_inputs", op->min_inputs, "max_inputs", op->max_inputs,
                     "flags", json_of_flags(op), "fields", json_of_fields(op), "no_gradient",
                     no_gradient, "examples", examples);
}

int main(void) {
    json_t *ops = json_array();
    for (int i = 0; i < GROVE_ROWS; i++) {
        if (json_array_append_new(ops, json_of_op(grove_op_table[i])) != 0) {
            return 1;
        }
    }
    json_t *all = json_pack("{s:i, s:s, s:o}", "schema", 1, "version", grove_version(), "ops", ops);
    int status = json_dumpf(all, stdout, JSON_INDENT(1) | JSON_SORT_KEYS);
    json_decref(all);
    return status == 0 && putchar('\n') != EOF && fflush(stdout) == 0 ? 0 : 1;
}
