/* SPDX-License-Identifier: MIT
 *
 * hashed.c - layers for more categories than a table should have rows. Compositions: rows are found
 * by hash_ids, quotient_ids and remainder_ids, looked up, and put together. Each table is only
 * looked up, so each gradient is row-sparse.
 */
#include <math.h>

#include "grove/embeddings.h"
#include "layer.h"

enum { HASHES = 2 }; /* unless asked for otherwise */
_Static_assert(GROVE_MAX_HASHES == 16, "the words of a refusal say so");

static grove_tensor refuse(grove_tensor ids, const char *layer, const char *name,
                           const char *words) {
    grove_mistake(ids.graph, GROVE_BAD_ARGUMENT, "%s layer '%.80s': %s", layer, name, words);
    return GROVE_NONE;
}

static grove_init normal(double deviation) {
    return (grove_init){.kind = GROVE_INIT_NORMAL, .b = deviation};
}

/* ---- by a hash ------------------------------------------------------------------------------- */

static const char *fault_of_hashed(int64_t buckets, int64_t width,
                                   const grove_nn_hashed_embedding_options *o) {
    if (buckets < 1 || buckets > INT32_MAX || width < 1) {
        return "it needs 1 to 2147483647 buckets, and 1 column or more";
    }
    if (o->hashes < 0 || o->hashes > GROVE_MAX_HASHES) {
        return "it makes 1 to 16 hashes of an id";
    }
    if (o->importance_rows < 0) {
        return "the number of importance_rows must be fixed, not a batch";
    }
    if (o->mean && o->importance_rows > 0) {
        return "rows that have learned weights are summed, there is no mean of them";
    }
    return NULL;
}

/* A sum of k rows has the length of a vector of a full table if each is smaller by sqrt(k), a mean
 * if each is larger by that. */
static grove_init init_of_hashed(double width, double hashes,
                                 const grove_nn_hashed_embedding_options *o) {
    grove_init init = normal(o->mean ? sqrt(hashes / width) : sqrt(1 / (hashes * width)));
    return o->table_init ? *o->table_init : init;
}

grove_tensor grove_nn_hashed_embedding(grove_tensor ids, int64_t buckets, int64_t width,
                                       const char *name,
                                       const grove_nn_hashed_embedding_options *options) {
    grove_nn_hashed_embedding_options o =
        options ? *options : (grove_nn_hashed_embedding_options){0};
    if (!grove_is_valid(ids) || !grove_layer_takes(GROVE_ID, ids, "hashed embedding layer", name)) {
        return GROVE_NONE;
    }
    const char *fault = fault_of_hashed(buckets, width, &o);
    if (fault) {
        return refuse(ids, "hashed embedding", name, fault);
    }
    const int hashes = o.hashes ? o.hashes : HASHES;
    grove_tensor table =
        grove_part_parameter(ids.graph, name, "weight", GROVE_SHAPE(buckets, width),
                             init_of_hashed((double)width, hashes, &o));
    grove_tensor importance = GROVE_NONE; /* [..., hashes] */
    if (o.importance_rows > 0) {
        grove_tensor weights = grove_part_parameter(
            ids.graph, name, "importance", GROVE_SHAPE(o.importance_rows, (int64_t)hashes),
            (grove_init){.kind = GROVE_INIT_CONSTANT, .a = 1});
        importance = grove_embedding(weights, ids);
    }
    grove_tensor rows = grove_hash_ids(ids, buckets, hashes, o.seed); /* [..., hashes] */
    grove_embedding_bag_options bag = {.mode = o.mean ? GROVE_BAG_MEAN : GROVE_BAG_SUM};
    return grove_name_if_free(grove_embedding_bag(table, rows, GROVE_NONE, importance, &bag), name);
}

/* ---- by quotient and remainder --------------------------------------------------------------- */

static const char *fault_of_quotient(int64_t rows, int64_t buckets, int64_t width,
                                     const grove_nn_quotient_remainder_options *o) {
    if (rows < 1 || rows > INT32_MAX || buckets < 1 || buckets > rows || width < 1) {
        return "it needs 1 to 2147483647 rows, 1 to as many buckets, and 1 column or more";
    }
    if (o->combine < GROVE_COMBINE_PRODUCT || o->combine > GROVE_COMBINE_CONCAT) {
        return "there is no such way to combine two vectors";
    }
    return NULL;
}

/* The deviation of both tables for which a vector of the result has a length of about 1: that of a
 * product is the product of the two, the variance of a sum is the sum of theirs, and a vector of
 * two parts is made of twice as many numbers. */
static double deviation_of(grove_combine combine, double width) {
    return combine == GROVE_COMBINE_PRODUCT ? sqrt(sqrt(1 / width)) : sqrt(1 / (2 * width));
}

static grove_tensor combined(grove_combine combine, grove_tensor quotient, grove_tensor remainder) {
    switch (combine) {
    case GROVE_COMBINE_SUM:
        return grove_add(quotient, remainder);
    case GROVE_COMBINE_CONCAT:
        return grove_concat((grove_tensor[]){quotient, remainder}, 2, -1);
    default:
        return grove_mul(quotient, remainder);
    }
}

grove_tensor
grove_nn_quotient_remainder_embedding(grove_tensor ids, int64_t rows, int64_t buckets,
                                      int64_t width, const char *name,
                                      const grove_nn_quotient_remainder_options *options) {
    grove_nn_quotient_remainder_options o =
        options ? *options : (grove_nn_quotient_remainder_options){0};
    if (!grove_is_valid(ids) ||
        !grove_layer_takes(GROVE_ID, ids, "quotient-remainder embedding layer", name)) {
        return GROVE_NONE;
    }
    const char *fault = fault_of_quotient(rows, buckets, width, &o);
    if (fault) {
        return refuse(ids, "quotient-remainder embedding", name, fault);
    }
    grove_init init = o.table_init ? *o.table_init : normal(deviation_of(o.combine, (double)width));
    grove_tensor quotients = grove_part_parameter(
        ids.graph, name, "quotient", GROVE_SHAPE((rows - 1) / buckets + 1, width), init);
    grove_tensor remainders =
        grove_part_parameter(ids.graph, name, "remainder", GROVE_SHAPE(buckets, width), init);
    grove_tensor quotient = grove_embedding(quotients, grove_quotient_ids(ids, buckets, rows));
    grove_tensor remainder = grove_embedding(remainders, grove_remainder_ids(ids, buckets, rows));
    return grove_name_if_free(combined(o.combine, quotient, remainder), name);
}
