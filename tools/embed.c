/* SPDX-License-Identifier: MIT
 *
 * embed.c - grove embed: the vectors of a column's values, for the readers of other programs; those
 * of rows are made in layer.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "language.h"
#include "layer.h"
#include "vectors.h"

/* ---- names that a text file can hold --------------------------------------------------------- */

typedef struct labels {
    grove_cell *names; /* [count] */
    char *bytes;       /* that they lie in */
    size_t changed;    /* names that could not stay as they are */
} labels;

static void free_labels(labels *l) {
    free(l->names);
    free(l->bytes);
}

/* The bytes of the blank that begins here, 0 if none does. Readers cut at those of Unicode, too:
 * U+0085, U+00A0, U+1680, U+2000 to 200A, 2028, 2029, 202F, 205F, U+3000. */
static size_t blank_length(grove_cell text, size_t at) {
    const unsigned char *b = (const unsigned char *)text.bytes + at;
    size_t left = text.length - at;
    if (b[0] <= 0x20 || b[0] == 0x7F) {
        return 1;
    }
    if (left >= 2 && b[0] == 0xC2) {
        return b[1] == 0x85 || b[1] == 0xA0 ? 2 : 0;
    }
    if (left >= 3 && b[0] == 0xE2) {
        bool first = b[1] == 0x80 && (b[2] <= 0x8A || b[2] == 0xA8 || b[2] == 0xA9 || b[2] == 0xAF);
        return first || (b[1] == 0x81 && b[2] == 0x9F) ? 3 : 0;
    }
    bool rare = left >= 3 && ((b[0] == 0xE1 && b[1] == 0x9A && b[2] == 0x80) ||
                              (b[0] == 0xE3 && b[1] == 0x80 && b[2] == 0x80));
    return rare ? 3 : 0;
}

/* word2vec: no blank at all, '_' instead; TSV: no control character, a blank instead. */
static grove_cell clean(grove_cell name, bool word, char *to) {
    size_t used = 0;
    for (size_t i = 0; i < name.length;) {
        unsigned char byte = (unsigned char)name.bytes[i];
        size_t blank = word ? blank_length(name, i) : byte < 0x20 || byte == 0x7F;
        to[used++] = !blank ? name.bytes[i] : word ? '_' : ' ';
        i += blank > 0 ? blank : 1;
    }
    return (grove_cell){to, used};
}

/* False when memory is short. To be freed in any case. */
static bool make_labels(const vector_table *t, bool word, labels *l) {
    size_t size = 1;
    for (size_t id = 0; id < t->count; id++) {
        size += vector_name(t, id).length;
    }
    l->names = calloc(t->count + 1, sizeof *l->names);
    l->bytes = malloc(size);
    size = 0;
    for (size_t id = 0; id < t->count && l->names && l->bytes; id++) {
        grove_cell name = vector_name(t, id);
        l->names[id] = clean(name, word, l->bytes + size);
        size += l->names[id].length;
        l->changed += l->names[id].length != name.length ||
                      memcmp(l->names[id].bytes, name.bytes, name.length) != 0;
    }
    return l->names && l->bytes;
}

/* In a file of word2vec a name leads to one vector. */
static int check_twins(const vector_table *t, const labels *l) {
    char why[400];
    grove_cell *sorted = malloc((t->count + 1) * sizeof *sorted);
    if (!sorted) {
        return complain("embed", EXIT_RUN_TIME, "out of memory");
    }
    memcpy(sorted, l->names, t->count * sizeof *sorted);
    grove_cell twin = find_twin(sorted, t->count);
    free(sorted);
    if (!twin.bytes) {
        return EXIT_DONE;
    }
    snprintf(why, sizeof why,
             "two values would both be called '%.*s', as word2vec text has no blanks in names: "
             "--format tsv or npy has room for both",
             (int)(twin.length < 80 ? twin.length : 80), twin.bytes);
    return complain("embed", EXIT_BAD_MODEL, why);
}

static void report_changed(const labels *l, bool word) {
    if (l->changed > 0) {
        fprintf(stderr, "grove embed: %zu names were changed: %s\n", l->changed,
                word ? "each blank is written as '_', for blanks end a name in word2vec text"
                     : "each tab, line end and control character is written as a blank");
    }
}

/* ---- files ----------------------------------------------------------------------------------- */

/* The numbers of a row, each with `before` in front of it but the first, which has `first`. */
static void write_numbers(grove_atomic_file *file, const vector_table *t, size_t id, char before,
                          bool first) {
    char text[32];
    for (size_t k = 0; k < t->width; k++) {
        if (k > 0 || first) {
            grove_atomic_write(file, &before, 1);
        }
        grove_format_float(text, (float)t->numbers[id * t->width + k]);
        grove_atomic_write(file, text, strlen(text));
    }
    grove_atomic_write(file, "\n", 1);
}

static int commit(grove_atomic_file *file) {
    grove_error error = {0};
    if (grove_atomic_commit(file, &error) != GROVE_OK) {
        return complain("embed", EXIT_RUN_TIME, error.message);
    }
    return EXIT_DONE;
}

static int write_word2vec(const options *o, const vector_table *t, const labels *l) {
    char head[64];
    grove_error error = {0};
    grove_atomic_file file;
    grove_atomic_begin(&file, NULL, o->out ? o->out : "-", &error); /* its mistake sticks */
    snprintf(head, sizeof head, "%zu %zu\n", t->count, t->width);
    grove_atomic_write(&file, head, strlen(head));
    for (size_t id = 0; id < t->count; id++) {
        grove_atomic_write(&file, l->names[id].bytes, l->names[id].length);
        write_numbers(&file, t, id, ' ', true);
    }
    return commit(&file);
}

static int write_npy(const options *o, const vector_table *t) {
    grove_error error = {0};
    grove_atomic_file file;
    grove_atomic_begin(&file, NULL, o->out ? o->out : "-", &error);
    npy_begin(&file, t->count, t->width);
    npy_numbers(&file, t->numbers, t->count * t->width);
    return commit(&file);
}

static void write_metadata(grove_atomic_file *file, const vector_table *t, const labels *l) {
    char text[64], norm[32];
    grove_atomic_write(file, "value\tcount\tnorm\n", strlen("value\tcount\tnorm\n"));
    for (size_t id = 0; id < t->count; id++) {
        grove_format_float(norm, (float)vector_norm(t, id));
        snprintf(text, sizeof text, "\t%lld\t%s\n", (long long)vector_count(t, id), norm);
        grove_atomic_write(file, l->names[id].bytes, l->names[id].length);
        grove_atomic_write(file, text, strlen(text));
    }
}

/* Both files are complete before the first takes its place. */
static int write_folder(const char *vectors_path, const char *metadata_path, const vector_table *t,
                        const labels *l) {
    grove_error error = {0};
    grove_atomic_file vectors, metadata;
    int code = check_output("embed", vectors_path);
    code = code == EXIT_DONE ? check_output("embed", metadata_path) : code;
    if (code != EXIT_DONE) {
        return code;
    }
    grove_atomic_begin(&vectors, NULL, vectors_path, &error);
    grove_atomic_begin(&metadata, NULL, metadata_path, &error);
    for (size_t id = 0; id < t->count; id++) {
        write_numbers(&vectors, t, id, '\t', false);
    }
    write_metadata(&metadata, t, l);
    code = commit(&vectors);
    if (code != EXIT_DONE) {
        grove_atomic_abort(&metadata);
        return code;
    }
    return commit(&metadata);
}

static int write_tsv(const options *o, const vector_table *t, const labels *l) {
    size_t size = strlen(o->out) + sizeof "/metadata.tsv";
    char *vectors = malloc(size), *metadata = malloc(size);
    int code = EXIT_RUN_TIME;
    bool made = mkdir(o->out, 0777) == 0;
    if (!vectors || !metadata) {
        complain("embed", code, "out of memory");
    } else if (!made && errno != EEXIST) {
        char why[400];
        snprintf(why, sizeof why, "cannot write '%.200s': %s", o->out, strerror(errno));
        complain("embed", code, why);
    } else {
        snprintf(vectors, size, "%s/vectors.tsv", o->out);
        snprintf(metadata, size, "%s/metadata.tsv", o->out);
        code = write_folder(vectors, metadata, t, l);
    }
    if (made && code != EXIT_DONE) {
        rmdir(o->out); /* fails where something is in it */
    }
    free(vectors);
    free(metadata);
    return code;
}

/* ---- the command ----------------------------------------------------------------------------- */

static int write_all(const options *o, const vector_table *t) {
    labels l = {0};
    bool word = strcmp(o->format, "word2vec") == 0, tsv = strcmp(o->format, "tsv") == 0;
    int code = EXIT_DONE;
    if ((word || tsv) && !make_labels(t, word, &l)) {
        code = complain("embed", EXIT_RUN_TIME, "out of memory");
    }
    if (code == EXIT_DONE && word) {
        code = check_twins(t, &l);
    }
    if (code == EXIT_DONE) {
        code = word ? write_word2vec(o, t, &l) : tsv ? write_tsv(o, t, &l) : write_npy(o, t);
    }
    if (code == EXIT_DONE) {
        report_changed(&l, word);
    }
    free_labels(&l);
    return code;
}

static int embed_column(const options *o, const grove_model *model) {
    vector_table table;
    int code = find_vectors("embed", model, o->column, &table);
    return code == EXIT_DONE ? write_all(o, &table) : code;
}

int run_embed(const options *o) {
    grove_model *model = NULL;
    int code = read_model("embed", o->files[0], &model);
    if (code == EXIT_DONE && o->file_count == 2 && grove_model_is_language(model)) {
        code = embed_language(o, model);
    } else if (code == EXIT_DONE && !o->layer && !o->column) {
        code = complain("embed", EXIT_USAGE,
                        "either --column NAME or --layer NAME says what vectors are wanted");
    } else if (code == EXIT_DONE) {
        code = o->layer ? embed_layer(o, model) : embed_column(o, model);
    }
    grove_model_free(model);
    return code;
}
