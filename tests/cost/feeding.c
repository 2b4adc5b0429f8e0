/* SPDX-License-Identifier: MIT
 *
 * feeding - what share of an epoch's time its shuffling and batching take: the trainer's own
 * functions for that, alone, against training for an epoch; for a table of Adult's shape.
 *
 *     build/tests/cost_feeding [--once]
 */
#include "cost.h"

#include "train/predictor.h"

enum { ROWS = 29305, COLUMNS = 14, BATCH = 256, REPEATS = 15 };

typedef struct bench {
    grove_dataset *dataset;
    grove_schema *schema;
    grove_classifier classifier;
    grove_feed feed;
    size_t order[ROWS];
} bench;

static const unsigned values[COLUMNS] = {9, 16, 7, 15, 6, 5, 2, 42, 0, 0, 0, 0, 0, 0};

static void must(bool good) {
    if (!good) {
        abort();
    }
}

/* Random cells: 8 categorical columns, 6 numbers, a label. */
static grove_table *make_table(void) {
    char texts[COLUMNS + 1][24], names[COLUMNS + 1][24];
    const char *cells[COLUMNS + 1];
    grove_table *table;
    uint32_t random = 1;
    for (int c = 0; c <= COLUMNS; c++) {
        snprintf(names[c], sizeof names[c], "c%d", c);
        cells[c] = names[c];
    }
    must(grove_table_new(cells, COLUMNS + 1, NULL, &table, NULL) == GROVE_OK);
    for (int row = 0; row < ROWS; row++) {
        for (int c = 0; c <= COLUMNS; c++) {
            random = random * 1664525u + 1013904223u;
            unsigned below = c == COLUMNS ? 2 : values[c];
            snprintf(texts[c], sizeof texts[c], below ? "v%u" : "0.%u",
                     below ? (random >> 16) % below : random >> 8);
            cells[c] = texts[c];
        }
        must(grove_table_append(table, cells, NULL) == GROVE_OK);
    }
    return table;
}

static void make(bench *b) {
    static const int64_t hidden[] = {128, 64};
    grove_table *table = make_table();
    must(grove_schema_guess(table, &(grove_schema_options){.label = "c14"}, &b->schema, NULL) ==
         GROVE_OK);
    must(grove_schema_fit(b->schema, table, NULL, ROWS, NULL) == GROVE_OK);
    must(grove_schema_encode(b->schema, table, &(grove_encode_options){.label_required = true},
                             &b->dataset, NULL) == GROVE_OK);
    must(grove_classifier_new(
             b->schema,
             &(grove_classifier_options){.hidden = hidden, .hidden_count = 2, .embedding_width = 8},
             &b->classifier, NULL) == GROVE_OK);
    must(grove_feed_open(&b->feed, b->classifier.graph, b->schema, BATCH, NULL) == GROVE_OK);
    grove_table_free(table);
}

static void feed(void *state) {
    bench *b = state;
    grove_shuffle(NULL, ROWS, 1, 1, b->order);
    for (size_t begin = 0; begin + BATCH <= ROWS; begin += BATCH) {
        grove_feed_rows(&b->feed, b->dataset, b->order + begin, BATCH);
        grove_feed_forget(&b->feed, BATCH, 0.01, 1, 1, begin);
    }
}

static void shuffle(void *state) {
    bench *b = state;
    grove_shuffle(NULL, ROWS, 1, 1, b->order);
}

static void train(void *state) {
    bench *b = state;
    grove_fit_options how = {.epochs = 1,
                             .batch = BATCH,
                             .optimizer = {.kind = GROVE_OPTIMIZER_ADAM},
                             .unknown_share = 0.01,
                             .seed = 1};
    grove_fit_result result;
    grove_classifier_free(&b->classifier);
    static const int64_t hidden[] = {128, 64};
    must(grove_classifier_new(
             b->schema,
             &(grove_classifier_options){.hidden = hidden, .hidden_count = 2, .embedding_width = 8},
             &b->classifier, NULL) == GROVE_OK);
    must(grove_fit(&b->classifier, b->schema, (grove_rows){b->dataset, NULL, ROWS}, (grove_rows){0},
                   &how, &result, NULL) == GROVE_OK);
}

int main(int argc, char **argv) {
    static bench b;
    bool once = cost_only_once(argc, argv);
    make(&b);
    cost_way ways[] = {{.name = "shuffling", .work = shuffle, .state = &b},
                       {.name = "shuffling and batching", .work = feed, .state = &b},
                       {.name = "an epoch", .work = train, .state = &b}};
    cost_measure(ways, 3, once ? 1 : REPEATS, 1);
    for (int i = 0; i < 3; i++) {
        printf("%-24s %8.0f us  %6.2f %%\n", ways[i].name, 1e6 * ways[i].seconds[0],
               100 * ways[i].seconds[0] / ways[2].seconds[0]);
    }
    grove_feed_close(&b.feed);
    grove_classifier_free(&b.classifier);
    grove_dataset_free(b.dataset);
    grove_schema_free(b.schema);
    return 0;
}
