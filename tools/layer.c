/* SPDX-License-Identifier: MIT */
#include "layer.h"

#include <stdlib.h>
#include <string.h>

#include "unknown.h"
#include "vectors.h"

enum { BATCH = 256 };

static int no_memory(const layer *l) {
    return complain(l->command, EXIT_RUN_TIME, "out of memory");
}

/* ---- which layer ----------------------------------------------------------------------------- */

/* How many numbers the node makes of a row; 0 if it makes none: it is an input, or the batch is not
 * its first axis alone. */
static size_t width_of_node(grove_tensor node) {
    size_t width = 1;
    grove_shape shape = grove_node_shape(node);
    if (shape.rank < 1 || shape.dim[0] != GROVE_BATCH || grove_node_type(node) != GROVE_REAL ||
        strcmp(grove_node_op(node), "input") == 0) {
        return 0;
    }
    for (int i = 1; i < shape.rank; i++) {
        width *= shape.dim[i] > 0 && width < 1000000 ? (size_t)shape.dim[i] : 0;
    }
    return width < 1000000 ? width : 0;
}

static int refuse_layer(const options *o, const layer *l) {
    const grove_graph *graph = grove_model_graph(l->a.model);
    char near[NAMES_SIZE], all[NAMES_SIZE], why[1400];
    size_t count = 0;
    grove_cell *names = calloc((size_t)grove_node_count(graph) + 1, sizeof *names);
    if (!names) {
        return no_memory(l);
    }
    for (int32_t i = 0; i < grove_node_count(graph); i++) {
        grove_tensor node = grove_node_at(graph, i);
        if (grove_node_name(node)[0] && width_of_node(node) > 0) {
            names[count++] = cell_of(grove_node_name(node));
        }
    }
    nearest_names(near, names, count, cell_of(o->layer), 1);
    all_names(all, names, count);
    free(names);
    if (count == 0) {
        return complain(l->command, EXIT_BAD_MODEL,
                        "no layer of the model has a name and a row of "
                        "numbers for each row of a table");
    }
    snprintf(why, sizeof why,
             "the model has no layer '%.80s' with a row of numbers for each row of the table; the "
             "nearest name is %s; layers that do: %s",
             o->layer, near, all);
    return complain(l->command, EXIT_USAGE, why);
}

static int find_layer(const options *o, layer *l) {
    l->node = grove_find(grove_model_graph(l->a.model), o->layer);
    l->width = width_of_node(l->node);
    return l->width > 0 ? EXIT_DONE : refuse_layer(o, l);
}

/* ---- the model, ready to run ----------------------------------------------------------------- */

static int read_rows_of_table(const options *o, layer *l) {
    grove_error error = {0};
    grove_encode_options encoding = {0};
    if (grove_schema_bags(l->a.schema) > 0) {
        return complain(l->command, EXIT_USAGE,
                        "--layer takes no models that read bags or texts: a row of those has no "
                        "fixed number of inputs");
    }
    int code = read_table(l->command, o->files[1], o, &l->a.table);
    if (code != EXIT_DONE) {
        return code;
    }
    if (grove_schema_encode(l->a.schema, l->a.table, &encoding, &l->a.data, &error) != GROVE_OK) {
        return complain(l->command, code_of_data(error.status), error.message);
    }
    l->a.rows = grove_dataset_rows(l->a.data);
    return note_unknown(&l->a) ? settle_unknown(l->command, o, l->a.table, &l->a) : no_memory(l);
}

/* An input of that name, type and width in the graph? Where the model has another one, or none,
 * binding and running tell. */
static void bind_all(layer *l) {
    char name[512];
    const grove_graph *graph = grove_model_graph(l->a.model);
    for (size_t i = 0; i < grove_schema_categoricals(l->a.schema); i++) {
        size_t column = (size_t)grove_schema_categorical(l->a.schema, i);
        snprintf(name, sizeof name, "column.%s", grove_schema_name(l->a.schema, column));
        grove_tensor input = grove_find(graph, name);
        if (grove_node_type(input) == GROVE_ID && grove_node_shape(input).rank == 1) {
            grove_bind(l->plan, input, l->ids + i * BATCH);
        }
    }
    grove_tensor numbers = grove_find(graph, "numbers");
    grove_shape shape = grove_node_shape(numbers);
    size_t features = grove_schema_features(l->a.schema);
    if (shape.rank == 2 && shape.dim[1] == (int64_t)features &&
        grove_node_type(numbers) == GROVE_REAL) {
        grove_bind(l->plan, numbers, l->reals);
    }
}

static int refuse_plan(const layer *l) {
    const grove_error *mistake = grove_plan_error(l->plan);
    int code = mistake->status == GROVE_NO_MEMORY ? EXIT_RUN_TIME : EXIT_BAD_MODEL;
    return complain(l->command, code, mistake->message);
}

static int open_plan(const options *o, layer *l) {
    grove_plan_options options = {.batch = BATCH, .threads = (int)o->threads};
    l->ids = calloc(grove_schema_categoricals(l->a.schema) * BATCH + 1, sizeof *l->ids);
    l->reals = calloc(grove_schema_features(l->a.schema) * BATCH + 1, sizeof *l->reals);
    l->plan = grove_plan_new(grove_model_graph(l->a.model), &l->node, 1, &options);
    if (!l->ids || !l->reals || !l->plan) {
        return no_memory(l);
    }
    bind_all(l);
    return grove_plan_error(l->plan)->status == GROVE_OK ? EXIT_DONE : refuse_plan(l);
}

void close_layer(layer *l) {
    grove_plan_free(l->plan);
    free(l->ids);
    free(l->reals);
    free_answers(&l->a);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void feed(layer *l, size_t begin, size_t count) {
    size_t features = grove_dataset_features(l->a.data);
    for (size_t i = 0; i < grove_dataset_categoricals(l->a.data); i++) {
        memcpy(l->ids + i * BATCH, grove_dataset_ids(l->a.data, i) + begin, count * sizeof *l->ids);
    }
    for (size_t k = 0; k < count * features; k++) {
        l->reals[k] = (grove_real)grove_dataset_numbers(l->a.data)[begin * features + k];
    }
}

static bool write_header(const options *o, const layer *l, grove_atomic_file *file) {
    size_t size = strlen(o->layer) + 24;
    char *text = malloc(size);
    for (size_t k = 0; k < l->width && text; k++) {
        snprintf(text, size, "%s_%zu", o->layer, k + 1);
        grove_atomic_write(file, ",", k > 0);
        grove_csv_write_cell(cell_of(text), ',', to_atomic_file, file);
    }
    grove_atomic_write(file, "\n", 1);
    free(text);
    return text != NULL;
}

static void write_rows(const layer *l, const grove_real *values, size_t count,
                       grove_atomic_file *file) {
    char text[32];
    for (size_t i = 0; i < count * l->width; i++) {
        grove_format_float(text, (float)values[i]);
        grove_atomic_write(file, text, strlen(text));
        grove_atomic_write(file, (i + 1) % l->width == 0 ? "\n" : ",", 1);
    }
}

int run_layer(layer *l, void (*take)(void *user, const grove_real *values, size_t count),
              void *user) {
    for (size_t begin = 0; begin < l->a.rows; begin += BATCH) {
        size_t count = l->a.rows - begin < BATCH ? l->a.rows - begin : BATCH;
        feed(l, begin, count);
        if (grove_run(l->plan) != GROVE_OK) {
            return refuse_plan(l);
        }
        take(user, grove_value(l->plan, l->node), count);
    }
    return EXIT_DONE;
}

typedef struct writer {
    const layer *l;
    bool npy;
    grove_atomic_file *file;
} writer;

static void write_some(void *user, const grove_real *values, size_t count) {
    const writer *w = user;
    if (w->npy) {
        npy_numbers(w->file, values, count * w->l->width);
    } else {
        write_rows(w->l, values, count, w->file);
    }
}

static int write_layer(const options *o, layer *l) {
    grove_error error = {0};
    grove_atomic_file file;
    bool npy = strcmp(o->format, "npy") == 0, good = true;
    grove_atomic_begin(&file, NULL, o->out ? o->out : "-", &error); /* its mistake sticks */
    if (npy) {
        npy_begin(&file, l->a.rows, l->width);
    } else {
        good = write_header(o, l, &file);
    }
    int code = good ? run_layer(l, write_some, &(writer){l, npy, &file}) : no_memory(l);
    if (code != EXIT_DONE) {
        grove_atomic_abort(&file);
        return code;
    }
    if (grove_atomic_commit(&file, &error) != GROVE_OK) {
        return complain(l->command, EXIT_RUN_TIME, error.message);
    }
    report_unknown(l->command, &l->a);
    return EXIT_DONE;
}

int open_layer(const char *command, const options *o, const grove_model *model, layer *l) {
    *l = (layer){.command = command, .a = {.model = model, .schema = grove_model_schema(model)}};
    if (!l->a.schema) {
        return complain(command, EXIT_BAD_MODEL,
                        "the model does not say what its columns are, so it cannot read a table; "
                        "models written by grove train do");
    }
    int code = o->out ? check_output(command, o->out) : EXIT_DONE;
    code = code == EXIT_DONE ? find_layer(o, l) : code;
    code = code == EXIT_DONE ? read_rows_of_table(o, l) : code;
    return code == EXIT_DONE ? open_plan(o, l) : code;
}

int embed_layer(const options *o, const grove_model *model) {
    layer l;
    int code = open_layer("embed", o, model, &l);
    code = code == EXIT_DONE ? write_layer(o, &l) : code;
    close_layer(&l);
    return code;
}
