/* SPDX-License-Identifier: MIT
 *
 * grove/language.h - language models: which letter, or word, comes next? Trained on lines of text;
 * then they make up new ones, and tell how likely given ones are.
 *
 * A line is a row of units, letters (code points of UTF-8; a byte that is none stands for itself)
 * or words (what blanks separate), and ends with an end mark. The units are the values of the one
 * categorical column of a schema, "letter" or "word": id 0 is what training did not see, id 1, the
 * empty cell, is the end mark, which stands before each line, too. The loss is the mean of -log p
 * over all units, end marks among them, in nats (of letters divided by log 2: bits per character).
 *
 *     mlp          the vectors of the last `window` units side by side, dense layers, tanh
 *                  (Bengio, Ducharme, Vincent & Jauvin 2003)
 *     gru          a state that is carried from unit to unit (Cho et al. 2014)
 *     transformer  blocks of causal attention over all units before, with learned positions
 *                  (Vaswani et al. 2017), pre-norm as in GPT-2
 *
 * Ownership: a language owns its graph, unless it was opened in a model, which then outlives it.
 */
#ifndef GROVE_LANGUAGE_H
#define GROVE_LANGUAGE_H

#include "data.h"
#include "model_file.h"
#include "plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- lines ----------------------------------------------------------------------------------- */

typedef enum grove_units { GROVE_LETTERS, GROVE_WORDS } grove_units;
GROVE_API const char *grove_units_name(grove_units units); /* "letter", "word" */

/* Lines of a text; empty ones are left out. */
typedef struct grove_lines grove_lines;

/* Reads a file, "-": standard input. LF or CRLF ends a line. GROVE_NO_FILE if it cannot be read;
 * GROVE_BAD_DATA, with the line, for a NUL byte, and where there is no line at all. On failure
 * *lines is NULL. allocator NULL: the C library's. */
GROVE_API grove_status grove_lines_read(const char *path, grove_units units,
                                        const grove_allocator *allocator, grove_lines **lines,
                                        grove_error *error);
/* The same of bytes [size], which are no longer needed afterwards. */
GROVE_API grove_status grove_lines_of(const char *bytes, size_t size, const char *name,
                                      grove_units units, const grove_allocator *allocator,
                                      grove_lines **lines, grove_error *error);
GROVE_API void grove_lines_free(grove_lines *lines);

GROVE_API size_t grove_lines_count(const grove_lines *lines);
GROVE_API grove_cell grove_lines_text(const grove_lines *lines, size_t line);
GROVE_API size_t grove_lines_number(const grove_lines *lines,
                                    size_t line); /* in the file, from 1 */
/* Units of a line without its end mark, and of the longest line. */
GROVE_API size_t grove_lines_length(const grove_lines *lines, size_t line);
GROVE_API size_t grove_lines_longest(const grove_lines *lines);

/* Some lines of a text: rows [count], or NULL: the first `count`. */
typedef struct grove_line_rows {
    const grove_lines *lines;
    const size_t *rows;
    size_t count;
} grove_line_rows;

/* The schema of one column with the units of these lines. min_count as in grove_schema_options. */
GROVE_API grove_status grove_lines_schema(grove_line_rows rows, int64_t min_count,
                                          grove_schema **schema, grove_error *error);

/* ---- the model ------------------------------------------------------------------------------- */

typedef enum grove_language_kind {
    GROVE_LANGUAGE_TRANSFORMER,
    GROVE_LANGUAGE_GRU,
    GROVE_LANGUAGE_MLP
} grove_language_kind;
GROVE_API const char *grove_language_name(grove_language_kind kind); /* "transformer"... */

/* Zero means the default, field by field. */
typedef struct grove_language_options {
    grove_language_kind kind;
    grove_units units;
    int64_t places; /* units of a line that are read at once, the end mark counted; longer lines are
                        read in pieces. 32 */
    int64_t window; /* mlp: units before it that one is told from; 8. Others have none */
    int64_t width;  /* numbers in the vector of a unit: transformer 64, gru 32, mlp 16 */
    int64_t hidden; /* units of a hidden layer: of a transformer's feed-forward layers 4 * width,
                        gru 192, mlp 256 */
    int64_t layers; /* transformer 4, others 1 */
    int64_t heads;  /* transformer: 4 */
    double dropout; /* after each layer, in training */
    uint64_t seed;
    grove_allocator allocator;
} grove_language_options;

typedef struct grove_language {
    grove_graph *graph;
    bool owns_graph;
    grove_language_options how; /* all of it, defaults filled in */
    int64_t vocabulary;         /* ids */
    grove_tensor units;         /* the input "units", ids [batch, window - 1 + places] */
    grove_tensor next;   /* the input "next", ids [places * batch]; -1: no unit, not counted */
    grove_tensor hidden; /* the last hidden layer, "hidden" [places * batch, units] */
    grove_tensor logits; /* "out" [places * batch, vocabulary] */
    grove_tensor loss;   /* "loss" */
} grove_language;

/* A graph for the vocabulary of the schema. On failure there is nothing to free. */
GROVE_API grove_status grove_language_new(const grove_schema *schema,
                                          const grove_language_options *options,
                                          grove_language *language, grove_error *error);
/* Takes a zeroed one, and NULL. */
GROVE_API void grove_language_free(grove_language *language);

/* ---- training -------------------------------------------------------------------------------- */

typedef struct grove_language_progress {
    int epoch, epochs;
    double train_loss, valid_loss; /* of this epoch; the second NaN without lines to validate on */
    bool is_best;
    double seconds; /* of the epoch */
} grove_language_progress;

/* Zero means the default, field by field. */
typedef struct grove_language_fit_options {
    int epochs;   /* 20 */
    int batch;    /* lines in a step; 64 */
    int patience; /* epochs without a better validation loss before it ends; 0: it does not */
    double rate;  /* 0.002, after a warm-up of a hundredth of the steps; then down to a hundredth of
                     it along half a cosine (AdamW, gradients clipped to a length of 1) */
    double decay; /* of weights; below 0: none; 0 means 0.01 */
    uint64_t seed;                                                      /* of the order of lines */
    int threads;                                                        /* as of a plan */
    bool (*go_on)(void *user, const grove_language_progress *progress); /* after each epoch; false
                                                                           ends the training */
    void *user;
} grove_language_fit_options;

typedef struct grove_language_fit_result {
    int epochs, best_epoch; /* done; and whose weights are kept: the last without validation */
    double train_loss, valid_loss; /* of the best epoch */
} grove_language_fit_result;

/* valid.count 0: none. The best weights by the validation loss are those that the graph has
 * afterwards. The same seed gives the same bytes, for any number of threads. */
GROVE_API grove_status grove_language_fit(grove_language *language, const grove_schema *schema,
                                          grove_line_rows train, grove_line_rows valid,
                                          const grove_language_fit_options *options,
                                          grove_language_fit_result *result, grove_error *error);

/* How likely lines are: the loss over all their units. */
typedef struct grove_language_score {
    double loss;    /* nats a unit */
    size_t units;   /* end marks among them */
    size_t unknown; /* of them, that training did not see; their loss is that of id 0 */
    size_t pieces; /* that lines were read in; more than lines where some are longer than .places */
} grove_language_score;
GROVE_API grove_status grove_language_measure(const grove_language *language,
                                              const grove_schema *schema, grove_line_rows rows,
                                              int threads, grove_language_score *score,
                                              grove_error *error);

/* The baseline: each unit by the one before it, counted in `train`, one added to each count
 * (Laplace). The loss on `rows`; takes vocabulary^2 counts. */
GROVE_API grove_status grove_bigram_loss(const grove_schema *schema, grove_line_rows train,
                                         grove_line_rows rows, const grove_allocator *allocator,
                                         double *loss, grove_error *error);

/* A vector for each line: of a gru its state after the last unit, else the mean of the last hidden
 * layer over the line's units: vectors [count, width], width = grove_language_width. Of a line
 * longer than .places the last piece counts. */
GROVE_API size_t grove_language_width(const grove_language *language);
GROVE_API grove_status grove_language_vectors(const grove_language *language,
                                              const grove_schema *schema, grove_line_rows rows,
                                              int threads, float *vectors, grove_error *error);

/* ---- files ----------------------------------------------------------------------------------- */

/* A model file (model_file.h) with the metadata "language" and texts of the program's own. */
GROVE_API grove_status grove_language_save(const char *path, const grove_language *language,
                                           const grove_schema *schema,
                                           const grove_metadata *metadata, size_t count,
                                           grove_error *error);
GROVE_API bool grove_model_is_language(const grove_model *model);
/* GROVE_BAD_FILE where the model is none, or not what its metadata say. */
GROVE_API grove_status grove_language_open(const grove_model *model, grove_language *language,
                                           grove_error *error);

/* ---- making up text -------------------------------------------------------------------------- */

/* Zero means the default, field by field. */
typedef struct grove_generate_options {
    size_t count;       /* samples; 1 */
    double temperature; /* logits are divided by it; 1. Below 1 the likely is likelier */
    bool greedy;        /* always the most likely unit, instead of drawing */
    int64_t top_k;      /* draw among the k most likely alone; 0: all */
    uint64_t seed;
    int64_t longest;   /* units at most; 0: places - 1. Of a transformer no more than that */
    grove_cell prompt; /* each sample begins with it */
    int batch;         /* samples at a time; 64. It changes no sample */
    int threads;
    bool uncached; /* compute all places anew for each unit, by the graph that was trained: for
                           checks, and to see what the cache of keys and values saves */
    grove_allocator allocator;
} grove_generate_options;

typedef struct grove_text_sample {
    size_t number;    /* from 0 */
    const char *text; /* ends with a NUL; words with one blank between */
    size_t length;    /* bytes */
    size_t units;
    bool is_cut;            /* it was longest and had no end */
    double log_probability; /* the sum over its units, under the model itself: temperature 1, all
                               units; of the prompt too, of the end mark where there is one */
} grove_text_sample;

/* Calls `take` for each sample in turn; false ends it. Unit t of sample i is drawn by word (i, t)
 * of a Philox stream of the seed: neither batch nor threads change it. The unknown unit is never
 * drawn. GROVE_BAD_ARGUMENT for a prompt with units that training did not see, or too long. */
GROVE_API grove_status grove_generate(const grove_language *language, const grove_schema *schema,
                                      const grove_generate_options *options,
                                      bool (*take)(void *user, const grove_text_sample *sample),
                                      void *user, grove_error *error);

/* Draws from logits [count] as generate does, by a number u from 0 to below 1; id 0 is left out. */
GROVE_API int32_t grove_draw_unit(const grove_real *logits, size_t count, double temperature,
                                  int64_t top_k, double u, double *room);

#ifdef __cplusplus
}
#endif
#endif
