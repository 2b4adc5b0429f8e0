/* SPDX-License-Identifier: MIT
 * io/model.h - what the parts of the model file share.
 *
 *     model_text.c     JSON, written and read value by value
 *     model_save.c     grove_save: which nodes are needed; the file as a whole
 *     model_nodes.c    the graph -> metadata "model" and a tensor for each stored leaf
 *     model_load.c     grove_load, and looking at a model
 *     model_build.c    metadata "model" -> the graph
 *     model_numbers.c  tensor -> the numbers of a leaf
 *     model_columns.c  the schema <-> metadata "columns" and its vocabularies
 */
#ifndef GROVE_IO_MODEL_H
#define GROVE_IO_MODEL_H

#include "grove/model_file.h"
#include "json_reader.h"
#include "ops/room.h"
#include "safetensors.h"

#define GROVE_MODEL_SCHEMA 1 /* of the form; written as a number and as a text */
#define GROVE_MODEL_SCHEMA_TEXT "1"
#define GROVE_MODEL_NODE_LIMIT 1000000

/* ---- JSON ------------------------------------------------------------------------------------ */

/* A text that grows; once memory was short it stays `failed` and takes no more. */
typedef struct grove_model_text {
    grove_allocator allocator;
    char *bytes; /* [size], ending in a NUL that is not counted */
    size_t size, capacity;
    bool failed;
} grove_model_text;

void grove_model_put(grove_model_text *text, const char *words);
void grove_model_put_string(grove_model_text *text, const char *string); /* in quotes */
void grove_model_put_integer(grove_model_text *text, int64_t number);
void grove_model_put_count(grove_model_text *text, uint64_t number);
void grove_model_put_real(grove_model_text *text, double number); /* finite */

/* `,"key":{...}`: the fields of a struct, whose real numbers must be finite. */
void grove_model_put_fields(grove_model_text *text, const char *key, const grove_field *fields,
                            const void *from);

/* Additions to json_reader.h in its manner: 0 or false once something is wrong. */
int64_t grove_model_integer(grove_json *json);
uint64_t grove_model_count(grove_json *json); /* up to UINT64_MAX */
double grove_model_real(grove_json *json);
bool grove_model_flag(grove_json *json);
/* The key and the colon of an object's next member. */
const char *grove_model_key(grove_json *json);

/* The words are UTF-8. */
bool grove_model_is_utf8(const char *words);

/* What a parameter's options are saved as. */
typedef struct grove_model_options {
    bool frozen;
    double rate;
    int64_t decay;
} grove_model_options;
extern const grove_field grove_model_option_fields[];

/* ---- saving ---------------------------------------------------------------------------------- */

typedef struct grove_model_saving {
    const char *path;
    grove_graph *graph;
    const grove_tensor *outputs; /* [output_count] */
    int output_count;
    int32_t *numbers; /* [nodes of the graph] the place in the file, or -1 */
    grove_tensors_writer *writer;
    grove_error *error;
} grove_model_saving;

/* Fails with a sentence that begins with the file's name. */
grove_status grove_model_fail(const grove_model_saving *saving, grove_status status,
                              const char *format, ...) GROVE_PRINTF(3, 4);
/* The writer's, with the file's name in front of what the writer says. */
grove_status grove_model_add_text(const grove_model_saving *saving, const char *key,
                                  const char *text);
grove_status grove_model_add_tensor(const grove_model_saving *saving, const char *name,
                                    grove_dtype dtype, size_t rank, const int64_t *shape,
                                    const void *data);

grove_status grove_model_save_nodes(const grove_model_saving *saving);
grove_status grove_model_save_columns(const grove_model_saving *saving, const grove_schema *schema);

/* ---- loading --------------------------------------------------------------------------------- */

struct grove_model {
    grove_allocator allocator;
    grove_arena texts;
    grove_graph *graph;
    grove_tensor *outputs; /* [output_count] */
    size_t output_count, output_capacity;
    grove_schema *schema;
    grove_metadata *metadata; /* [metadata_count], by key */
    size_t metadata_count;
};

/* Mistakes of grammar stick in the JSON reader; one of meaning is told at once, in `status`. */
typedef struct grove_model_loading {
    grove_tensors_reading reading;
    grove_model *model;
    const grove_load_options *options;
    bool *claimed; /* [tensors of the file] */
    grove_arena arena;
    grove_json json;
    const char *key; /* of the metadata that is being read */
    grove_status status;
} grove_model_loading;

static inline bool grove_model_going_on(const grove_model_loading *loading) {
    return loading->status == GROVE_OK && !loading->json.wrong;
}

/* Notes GROVE_BAD_FILE with a sentence that begins with the file's name; the first one is kept. */
void grove_model_refuse(grove_model_loading *loading, const char *format, ...) GROVE_PRINTF(2, 3);
void grove_model_no_memory(grove_model_loading *loading, size_t bytes);

/* Begins to read a metadata text as JSON; at its end, notes what was wrong with its grammar. */
void grove_model_open_json(grove_model_loading *loading, const char *key, const char *text);
void grove_model_close_json(grove_model_loading *loading);

/* The tensor of that name, which now belongs to someone; NULL if there is none, or belongs. */
const grove_tensors_entry *grove_model_claim(grove_model_loading *loading, const char *name);

/* Reads an object whose members are these fields, in their order, into a struct. `who` and `what`
 * stand in messages: "scale (node 3)", "attribute". */
void grove_model_read_fields(grove_model_loading *loading, const grove_field *fields, void *into,
                             const char *who, const char *what);

/* The same, of a file that may be older than the fields behind the `needed` first ones: those keep
 * what they held, from the first one on that is not there. */
void grove_model_read_some_fields(grove_model_loading *loading, const grove_field *fields,
                                  size_t needed, void *into, const char *who, const char *what);

void grove_model_load_nodes(grove_model_loading *loading, const char *text);
void grove_model_load_columns(grove_model_loading *loading, const char *text);

/* What a leaf of this op, type and shape needs is there: claims it. */
const grove_tensors_entry *grove_model_claim_numbers(grove_model_loading *loading,
                                                     const grove_shaping *leaf, const char *name);
/* Copies (or converts) it to the leaf. */
void grove_model_copy_numbers(grove_model_loading *loading, const grove_tensors_entry *entry,
                              grove_tensor leaf);

/* The first place where one of count numbers (or numbers of that dtype) is not finite; or count. */
size_t grove_model_first_bad(const void *numbers, size_t count, grove_dtype dtype);
/* What numbers of that type are stored as. */
grove_dtype grove_model_dtype(grove_type type);

#endif
