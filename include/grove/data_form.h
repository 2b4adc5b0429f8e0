/* SPDX-License-Identifier: MIT
 *
 * grove/data_form.h - how the cells of a column are read: what else is missing besides the empty
 * cell, which values get a row of their own, and what shares rows by a hash.
 *
 * A kind (data.h) says what a column is; its form, what is made of it. Both can be guessed, said by
 * a person, and are stored with the model.
 */
#ifndef GROVE_DATA_FORM_H
#define GROVE_DATA_FORM_H

#include "data_table.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GROVE_COLUMN_KIND_LIST(X)                                                                  \
    X(CATEGORICAL, "categorical")                                                                  \
    X(NUMERIC, "numeric")                                                                          \
    X(LABEL, "label")                                                                              \
    X(IGNORED, "ignored") X(TARGET, "target") X(BAG, "bag") X(TEXT, "text") X(LABELS, "labels")

typedef enum grove_column_kind {
#define GROVE_COLUMN_KIND_ENUM(name, words) GROVE_COLUMN_##name,
    GROVE_COLUMN_KIND_LIST(GROVE_COLUMN_KIND_ENUM)
#undef GROVE_COLUMN_KIND_ENUM
        GROVE_COLUMN_KINDS /* how many there are */
} grove_column_kind;

/* "categorical"...; and back: false for a text that names no kind. */
GROVE_API const char *grove_column_kind_name(grove_column_kind kind);
GROVE_API bool grove_column_kind_from_name(const char *name, grove_column_kind *kind);

/* What a network is given of a number x, (x - mean) / deviation, z, in any case:
 *
 *     auto      what the network's own settings say
 *     standard  z alone
 *     bins      beside z a learned vector for the bin that x lies in
 *     periodic  beside z a vector that is read off waves in z, of learned frequencies
 */
#define GROVE_NUMBER_FORM_LIST(X)                                                                  \
    X(AUTO, "auto") X(STANDARD, "standard") X(BINS, "bins") X(PERIODIC, "periodic")

typedef enum grove_number_form {
#define GROVE_NUMBER_FORM_ENUM(name, words) GROVE_NUMBERS_##name,
    GROVE_NUMBER_FORM_LIST(GROVE_NUMBER_FORM_ENUM)
#undef GROVE_NUMBER_FORM_ENUM
        GROVE_NUMBER_FORMS /* how many there are */
} grove_number_form;

/* "standard"...; "" for what is none. And back: false for a text that names none. */
GROVE_API const char *grove_number_form_name(grove_number_form form);
GROVE_API bool grove_number_form_from_name(const char *name, grove_number_form *form);

/* Code, its word in options and reports. */
#define GROVE_UNKNOWN_POLICY_LIST(X) X(ROW, "unknown") X(ERROR, "error") X(MISSING, "missing")

/* What is made of the unknown cells of a column. ROW: the row of id 0, which learned from rare
 * values. ERROR: the table is refused. MISSING: a category is taken as an empty cell, if training
 * saw some in that column; else, and for numbers, as ROW. */
typedef enum grove_unknown_policy {
#define GROVE_UNKNOWN_POLICY_ENUM(code, word) GROVE_UNKNOWN_##code,
    GROVE_UNKNOWN_POLICY_LIST(GROVE_UNKNOWN_POLICY_ENUM)
#undef GROVE_UNKNOWN_POLICY_ENUM
        GROVE_UNKNOWN_POLICIES
} grove_unknown_policy;

/* "unknown"...; "" for what is none. And back: false for a text that names none. */
GROVE_API const char *grove_unknown_policy_name(grove_unknown_policy policy);
GROVE_API bool grove_unknown_policy_from_name(const char *name, grove_unknown_policy *policy);

typedef struct grove_schema grove_schema;

/* Zero means the default, field by field. */
typedef struct grove_column_form {
    const char *const *missing; /* [missing_count] texts of cells that are missing, as the empty
                                   cell always is: "NA", "?" */
    size_t missing_count;
    int64_t min_count;  /* values that fewer training rows have stay out of the vocabulary; 0: the
                           schema's own rule */
    int64_t max_values; /* of a vocabulary: the most frequent ones are kept; 0: all */
    int64_t buckets;    /* of a categorical column: no vocabulary, but so many ids, from 2 on, of
                           which each value, known or new, has one by its hash; values share them
                           by chance. 0: a vocabulary */
    uint64_t seed;      /* of that hash */
    char split;         /* of a bag, and of several labels: what stands between them; ';' */
    bool sum;           /* of a bag: the sum of its values' vectors, not their mean */
    bool keep_case;     /* of a text: "Oil" is not "oil"; else capital letters are small ones */
    bool ascii_case;    /* of a text: A to Z alone; else those of Latin-1, Latin Extended-A, Greek
                           and Cyrillic, too, the same everywhere (Unicode's simple lower case).
                           Models of before that rule are read with this */
    bool no_pairs;      /* of a text: no pairs of neighbouring words */
    bool no_parts;      /* of a text: no parts of words, of 3 to 5 characters */
    grove_number_form numbers;    /* of a numeric column */
    grove_unknown_policy unknown; /* of a categorical or a numeric column, where a model that was
                                     trained is asked (data_unknown.h); training pays no heed */
} grove_column_form;

/* A column whose kind is not guessed, and how its cells are read. */
typedef struct grove_column_wish {
    const char *name;
    grove_column_kind kind;
    grove_column_form form;
} grove_column_wish;

/* How the cells of a column are read; of a column that is not there: all defaults. The schema owns
 * it. To be set before fit; refused: what cannot be, as a hash for numbers or a bucket too many. */
GROVE_API const grove_column_form *grove_schema_form(const grove_schema *schema, size_t column);
GROVE_API grove_status grove_schema_set_form(grove_schema *schema, size_t column,
                                             const grove_column_form *form, grove_error *error);
/* Is this cell of the column missing? */
GROVE_API bool grove_schema_is_missing(const grove_schema *schema, size_t column, grove_cell cell);

#ifdef __cplusplus
}
#endif
#endif
