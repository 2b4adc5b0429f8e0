/* SPDX-License-Identifier: MIT
 *
 * inspect.c - grove inspect: what is in a model, or in the columns of a table?
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boosting.h"
#include "columns.h"
#include "common.h"
#include "posterior.h"
#include "schema_file.h"
#include "tables.h"

/* ---- models ---------------------------------------------------------------------------------- */

/* What one node adds: the trained numbers among its inputs. */
static int64_t parameters_of(grove_tensor node) {
    int64_t count = 0;
    for (int i = 0; i < grove_node_inputs(node); i++) {
        grove_tensor input = grove_node_input(node, i);
        if (grove_parameter_is_trainable(input)) {
            count += (int64_t)grove_parameter_size(input);
        }
    }
    return count;
}

static int64_t all_parameters(const grove_graph *graph) {
    int64_t count = 0;
    for (int32_t i = 0; i < grove_parameter_count(graph); i++) {
        grove_tensor parameter = grove_parameter_at(graph, i);
        if (grove_parameter_is_trainable(parameter)) {
            count += (int64_t)grove_parameter_size(parameter);
        }
    }
    return count;
}

static int64_t all_bytes(const grove_graph *graph) {
    int64_t bytes = 0;
    for (int32_t i = 0; i < grove_parameter_count(graph); i++) {
        grove_tensor stored = grove_parameter_at(graph, i);
        size_t size = grove_node_type(stored) == GROVE_REAL ? sizeof(grove_real) : sizeof(grove_id);
        bytes += (int64_t)(grove_parameter_size(stored) * size);
    }
    return bytes;
}

/* 12, or "batch", "2*batch", "batch + 12" */
static json_t *json_dim(int64_t dim) {
    char text[64];
    if (dim >= 0) {
        return json_integer(dim);
    }
    grove_shape_text(GROVE_SHAPE(dim), text, sizeof text);
    return json_stringn(text + 1, strlen(text) - 2); /* without the brackets */
}

static json_t *json_shape(grove_shape shape) {
    json_t *list = json_array();
    for (int i = 0; i < shape.rank; i++) {
        json_array_append_new(list, json_dim(shape.dim[i]));
    }
    return list;
}

static json_t *json_nodes(const grove_graph *graph) {
    json_t *list = json_array();
    for (int32_t i = 0; i < grove_node_count(graph); i++) {
        grove_tensor node = grove_node_at(graph, i);
        const char *name = grove_node_name(node);
        if (!grove_parameter_data(node)) {
            json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:I}", "op", grove_node_op(node),
                                                  "name", json_text(name, strlen(name)), "shape",
                                                  json_shape(grove_node_shape(node)), "parameters",
                                                  (json_int_t)parameters_of(node)));
        }
    }
    return list;
}

static int model_json(const grove_model *model, int depth) {
    const grove_graph *graph = grove_model_graph(model);
    const grove_schema *schema = grove_model_schema(model);
    json_t *object = json_pack("{s:i, s:i, s:I, s:I, s:o}", "schema", 1, "depth", depth,
                               "parameters", (json_int_t)all_parameters(graph), "bytes",
                               (json_int_t)all_bytes(graph), "layers", json_nodes(graph));
    json_t *columns = schema ? json_columns(schema, NULL) : NULL;
    if (schema && json_object_set_new(object, "columns", json_add_tables(columns, schema, graph))) {
        json_decref(object);
        object = NULL; /* memory is short */
    }
    if (object && schema && is_bayesian(schema, graph)) {
        json_object_set_new(object, "posteriors", json_posteriors(schema, graph));
    }
    json_t *boosting = read_boosting(model);
    if (object && boosting) {
        json_object_set(object, "boosting", boosting);
    }
    json_decref(boosting);
    return print_json("inspect", object);
}

static void print_tables_below(const grove_schema *schema, const grove_graph *graph) {
    if (grove_schema_categoricals(schema) > 0) {
        printf("\n");
        print_tables(stdout, schema, graph);
    }
}

static void print_nodes(const grove_graph *graph) {
    printf("%-28s  %-22s  %-18s  %12s\n", "name", "op", "shape", "parameters");
    for (int32_t i = 0; i < grove_node_count(graph); i++) {
        grove_tensor node = grove_node_at(graph, i);
        char shape[96], count[40] = "";
        if (grove_parameter_data(node)) {
            continue; /* counted where it is used */
        }
        if (parameters_of(node) > 0) {
            with_commas(count, parameters_of(node));
        }
        print_padded(grove_node_name(node), 28);
        printf("  %-22s  %-18s  %12s\n", grove_node_op(node),
               grove_shape_text(grove_node_shape(node), shape, sizeof shape), count);
    }
}

static int print_model(const grove_model *model, int depth) {
    char parameters[40], bytes[40];
    const grove_graph *graph = grove_model_graph(model);
    print_nodes(graph);
    printf("\nparameters  %s\nbytes       %s\n", with_commas(parameters, all_parameters(graph)),
           with_commas(bytes, all_bytes(graph)));
    printf("depth       %d  (hidden + output + embedding layers on the longest way)\n", depth);
    if (grove_model_schema(model)) {
        printf("\n");
        if (!print_columns(grove_model_schema(model), NULL)) {
            return complain("inspect", EXIT_RUN_TIME, "out of memory");
        }
        print_tables_below(grove_model_schema(model), graph);
        print_posteriors(grove_model_schema(model), graph);
    }
    json_t *boosting = read_boosting(model);
    if (boosting) {
        print_boosting(boosting);
    }
    json_decref(boosting);
    return EXIT_DONE;
}

static int save_schema(const options *o, const grove_schema *schema) {
    if (o->schema && !schema) {
        return complain("inspect", EXIT_BAD_MODEL,
                        "the model does not say what its columns are: there is no schema to write");
    }
    return o->schema ? write_schema_file("inspect", o->schema, schema) : EXIT_DONE;
}

static int inspect_model(const options *o) {
    grove_model *model;
    int code = read_model("inspect", o->files[0], &model);
    if (code != EXIT_DONE) {
        return code;
    }
    int depth = depth_of(model);
    if (depth < 0) {
        code = complain("inspect", EXIT_RUN_TIME, "out of memory");
    } else {
        code = save_schema(o, grove_model_schema(model));
    }
    if (code == EXIT_DONE) {
        code = o->json ? model_json(model, depth) : print_model(model, depth);
    }
    grove_model_free(model);
    return code;
}

/* ---- tables ---------------------------------------------------------------------------------- */

/* Vocabularies of all rows: here nothing is trained, so nothing is held back. */
static grove_status look(const options *o, const grove_table *table, grove_schema **schema,
                         grove_error *error) {
    grove_target_kind target = GROVE_TARGET_CLASS;
    char reason[GROVE_REASON_SIZE];
    grove_status status = GROVE_OK;
    if (o->label && o->label_split) {
        target = GROVE_TARGET_SET;
    } else if (o->label) {
        status = grove_guess_target(table, o->label, &target, reason, error);
    }
    if (status == GROVE_OK) {
        status = guess_columns(o, table, target, schema, error);
    }
    return status == GROVE_OK
               ? grove_schema_fit(*schema, table, NULL, grove_table_rows(table), error)
               : status;
}

static int show_table(const options *o, const grove_table *table, const grove_schema *schema) {
    char rows[40];
    if (o->json) {
        return print_json("inspect",
                          json_pack("{s:i, s:I, s:o, s:o}", "schema", 1, "rows",
                                    (json_int_t)grove_table_rows(table), "separator",
                                    json_separator(table), "columns",
                                    json_add_tables(json_columns(schema, table), schema, NULL)));
    }
    printf("%s rows\n\n", with_commas(rows, (int64_t)grove_table_rows(table)));
    print_separator(o, table);
    if (!print_columns(schema, table)) {
        return complain("inspect", EXIT_RUN_TIME, "out of memory");
    }
    print_tables_below(schema, NULL);
    return EXIT_DONE;
}

static int inspect_table(const options *o) {
    options all = *o;
    all.min_count = 1;
    grove_error error = {0};
    grove_schema *schema = NULL;
    grove_table *table;
    int code = o->schema ? check_output("inspect", o->schema) : EXIT_DONE;
    if (code == EXIT_DONE) {
        code = read_table("inspect", o->files[0], o, &table);
    }
    if (code != EXIT_DONE) {
        return code;
    }
    grove_status status = look(&all, table, &schema, &error);
    code = status == GROVE_OK ? save_schema(o, schema)
                              : complain("inspect", code_of_data(status), error.message);
    if (code == EXIT_DONE) {
        code = show_table(o, table, schema);
    }
    grove_schema_free(schema);
    grove_table_free(table);
    return code;
}

/* A model begins with eight bytes of length and the brace of its header; no table begins so. What
 * is no regular file (a pipe) is not looked into: what is read of it is gone. */
static bool is_model(const char *path) {
    unsigned char head[9] = {0};
    const char *end = strrchr(path, '.');
    struct stat found;
    bool regular = stat(path, &found) == 0 && S_ISREG(found.st_mode);
    int file = regular ? open(path, O_RDONLY) : -1;
    bool got = file >= 0 && read(file, head, sizeof head) == (ssize_t)sizeof head;
    if (file >= 0) {
        close(file);
    }
    bool named_so = end && strcmp(end, ".safetensors") == 0;
    return named_so || (got && head[8] == '{' && head[6] == 0 && head[7] == 0);
}

int run_inspect(const options *o) {
    const bool model = is_model(o->files[0]);
    const char *idle = model ? option_of_tables(o) : NULL;
    if (idle) {
        char sentence[200];
        snprintf(sentence, sizeof sentence,
                 "--%s says how a table is read, and '%.100s' is a model", idle, o->files[0]);
        return complain("inspect", EXIT_USAGE, sentence);
    }
    return model ? inspect_model(o) : inspect_table(o);
}
