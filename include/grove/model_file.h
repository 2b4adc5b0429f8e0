/* SPDX-License-Identifier: MIT
 *
 * grove/model_file.h - a model in a file: what is needed to compute its outputs, and nothing else.
 *
 * One safetensors file (grove/tensors_file.h) holds the graph, the numbers of its parameters and,
 * where there is one, the schema that says what its inputs mean. So any program can save a model,
 * and another one, or the command `grove`, can load, inspect and run it:
 *
 *     tensor <name>              F32 (of a double build: F64), or I32 for ids: the numbers of the
 *                                parameter, state or constant of that name
 *     tensor vocab.<column>...   .bytes U8, .offsets I64 [V + 1], .count I64 [V]: the values of a
 *                                categorical column, or the classes of the label
 *     metadata "schema"          "1": the form that is described here
 *     metadata "producer"        "grove 0.1.0"
 *     metadata "model"           the graph, as JSON
 *     metadata "columns"         the schema's columns, as JSON
 *     and the texts that the saving program adds: metrics, for example
 *
 * The graph is a list of nodes. An input is the position of an earlier node; a size below 0 has
 * the batch in it: -k is k batches, and -(k + 2^32 c) is k batches and c more (grove_dim); members
 * and attributes stand in the order shown. "options" are a parameter's own, where it has some.
 *
 *     {"schema":1,"seed":7,"nodes":[
 *       {"op":"input","name":"species","attributes":{"type":1,"shape":[-1]}},
 *       {"op":"parameter","name":"table.weight","attributes":{"type":0,"shape":[73000,12]},
 *        "options":{"frozen":true,"rate":0,"decay":0}},
 *       {"op":"embedding","name":"table","inputs":[1,0]}],"outputs":[2]}
 *
 * The same model gives the same bytes. A file is not trusted: each node passes the checks that its
 * builder makes, and no more memory is asked for than the file's own size explains.
 *
 * Ops of the saving program's own (grove/op.h) are told by name and attributes like grove's: the
 * file holds no code, so only a program that has these ops can load it, with grove_load_with.
 *
 * Ownership: a model owns its graph, its schema and all texts; plans of the graph die before it.
 */
#ifndef GROVE_MODEL_FILE_H
#define GROVE_MODEL_FILE_H

#include "data.h"
#include "graph.h"
#include "tensors_file.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- saving ---------------------------------------------------------------------------------- */

typedef struct grove_metadata {
    const char *key, *text;
} grove_metadata;

/* Zero means the default, field by field. */
typedef struct grove_save_options {
    const grove_schema *schema;     /* what the inputs mean; NULL: the file does not say */
    const grove_metadata *metadata; /* [metadata_count] texts of the program's own; their keys are
                                       none of those listed above */
    size_t metadata_count;
} grove_save_options;

/* Writes what is needed to compute outputs [output_count], tensors of one graph, with the numbers
 * that its parameters have now; options NULL: all defaults. Written whole or not at all: on failure
 * a file that stood at `path` stays as it was; "-" is standard output.
 *
 * An output that depends on an update (adam, count...) is refused: ask for the loss, not for what
 * grove_minimize returned. So is a parameter with a number that is not finite (GROVE_BAD_DATA). */
GROVE_API grove_status grove_save(const char *path, const grove_tensor *outputs, int output_count,
                                  const grove_save_options *options, grove_error *error);

/* ---- loading --------------------------------------------------------------------------------- */

typedef struct grove_model grove_model;

/* Reads a file that grove_save wrote; allocator NULL means the C library's. GROVE_NO_FILE if it
 * cannot be read, GROVE_BAD_FILE if anything in it is not as it should be: also a tensor that
 * belongs to nothing, or a number that is not finite. A file of the other precision is converted.
 * On failure *model is NULL. */
GROVE_API grove_status grove_load(const char *path, const grove_allocator *allocator,
                                  grove_model **model, grove_error *error);
GROVE_API void grove_model_free(grove_model *model); /* takes NULL */

/* Zero means the default, field by field. */
struct grove_op;
typedef struct grove_load_options {
    grove_allocator allocator;         /* default: the C library's */
    const struct grove_op *const *ops; /* [op_count] of the program's own (grove/op.h), which the
                                          file may name; they outlive the model */
    size_t op_count;
} grove_load_options;

/* The same for a model that has ops which are not grove's; options NULL: all defaults. An op that
 * the file names and nobody has is GROVE_BAD_FILE. */
GROVE_API grove_status grove_load_with(const char *path, const grove_load_options *options,
                                       grove_model **model, grove_error *error);

/* The graph, to be planned, looked at, or trained on: nodes may be appended. */
GROVE_API grove_graph *grove_model_graph(const grove_model *model);

/* The tensors that were saved, in their order; GROVE_NONE for one that is not there. By name:
 * grove_find in the graph. */
GROVE_API int grove_model_outputs(const grove_model *model);
GROVE_API grove_tensor grove_model_output(const grove_model *model, int index);

/* NULL where the file has none. */
GROVE_API const grove_schema *grove_model_schema(const grove_model *model);

/* "schema", "producer" and the texts of the saving program, in the order of their keys. NULL where
 * there is none of that key or index. */
GROVE_API const char *grove_model_metadata(const grove_model *model, const char *key);
GROVE_API size_t grove_model_metadata_count(const grove_model *model);
GROVE_API grove_metadata grove_model_metadata_at(const grove_model *model, size_t index);

#ifdef __cplusplus
}
#endif
#endif
