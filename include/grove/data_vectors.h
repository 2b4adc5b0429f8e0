/* SPDX-License-Identifier: MIT
 *
 * grove/data_vectors.h - vectors that were learned elsewhere, by their tokens: the text files of
 * word2vec, GloVe and fastText.
 *
 *     400000 50                          word2vec and fastText: how many vectors, how long
 *     the 0.418 0.24968 -0.41242 ...     a token, and its numbers, with a blank between
 *     of 0.70853 0.57088 -0.4716 ...
 *
 * GloVe has no first line of its own. Such a file is read from its begin to its end, and of all its
 * vectors those are kept that somebody has a row for.
 */
#ifndef GROVE_DATA_VECTORS_H
#define GROVE_DATA_VECTORS_H

#include "data_table.h"
#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is to be filled: row i of the numbers, with the vector of token i. Tokens are compared byte
 * by byte; one that is empty asks for nothing, and its row stays as it is. */
typedef struct grove_vector_rows {
    const grove_cell *tokens; /* [count], none twice */
    size_t count;
    size_t width;        /* numbers in a vector, at least 1 */
    grove_real *numbers; /* [count, width] */
} grove_vector_rows;

/* How the tokens and the file met. */
typedef struct grove_vector_coverage {
    size_t found;   /* tokens that got their vector */
    size_t missing; /* tokens that the file does not have; their rows stay as they are */
    size_t unused;  /* vectors of the file that no token asked for */
} grove_vector_coverage;

/* Reads the file and fills the rows. `path` "-" is standard input. coverage and allocator may be
 * NULL.
 *
 * The first line tells number and width if it is made of two whole numbers and nothing else (so it
 * is not taken for a vector of width 1). Blank or tab separate; a blank at the end of a line, which
 * fastText leaves there, a CR, and a byte order mark are skipped. Numbers are those of
 * grove_parse_number, in any locale.
 *
 * Nothing is repaired. GROVE_NO_FILE if the file cannot be read; GROVE_BAD_DATA, with the number of
 * the line, for a line that is empty or has too many or too few numbers, for what is no finite
 * number or too large for a float, for a NUL byte, for a second vector of a token that has a row,
 * for a first line that is not true, and for a file without vectors; GROVE_BAD_ARGUMENT for a token
 * that stands in two rows. On failure no row is changed. */
GROVE_API grove_status grove_read_vectors(const char *path, const grove_vector_rows *rows,
                                          const grove_allocator *allocator,
                                          grove_vector_coverage *coverage, grove_error *error);

/* The same from memory: `bytes` is [size]; `name` stands in messages where the path would. */
GROVE_API grove_status grove_read_vectors_bytes(const void *bytes, size_t size, const char *name,
                                                const grove_vector_rows *rows,
                                                const grove_allocator *allocator,
                                                grove_vector_coverage *coverage,
                                                grove_error *error);

#ifdef __cplusplus
}
#endif
#endif
