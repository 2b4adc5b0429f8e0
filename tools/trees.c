/* SPDX-License-Identifier: MIT
 *
 * trees - the data and the looks behind tools/demo.
 *
 *     trees generate FOLDER           train.csv and test.csv; prints the best possible accuracy
 *     trees sites FOLDER              sites.csv: which of 60,000 species stands at a site
 *     trees nearest MODEL SPECIES     the species next to it in the space that the model learned
 *     trees saved                     what the embedding saves: numbers and time, measured now
 *
 * The world: 73,000 species. What a tree is used for is a hidden property of its species; but in
 * the desert a tree with broad leaves gives shade and no more. Soil, height and trunk tell little.
 * One label in twenty is wrong, so nobody can be right more often than in 95 of 100 rows.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "grove/grove.h"
#include "grove/model_file.h"

enum { SPECIES = 73000, TRAIN_ROWS = 400000, TEST_ROWS = 30000, USES = 6 };
enum { SHADE = 2, DESERT = 4, BROAD = 1 }; /* in the lists below */

static const char *const uses[] = {"timber", "fruit", "shade", "fuel", "medicine", "fibre"};
static const char *const regions[] = {"north", "coast", "hills", "plains", "desert"};
static const char *const soils[] = {"sand", "clay", "loam", "chalk"};
static const char *const leaves[] = {"needle", "broad", "compound"};

/* ---- the world ------------------------------------------------------------------------------- */

/* A number from 0 to `below` - 1 that depends on its arguments alone (SplitMix64's mix). */
static unsigned draw(uint64_t thing, uint64_t aspect, unsigned below) {
    uint64_t x = thing * 0x9E3779B97F4A7C15u + aspect * 0xD1B54A32D192ED03u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return (unsigned)(((x ^ (x >> 31)) >> 32) * below >> 32);
}

enum aspect { USE, LEAF, TALL, REGION, SOIL, HEIGHT, TRUNK, WHO, LUCK, WRONG, LOST };

enum { KNOWN = 8 };
static const char *const known[KNOWN] = {"baobab", "oak",    "birch", "olive",
                                         "cedar",  "walnut", "teak",  "willow"};
static const unsigned known_use[KNOWN] = {1, 0, 3, 1, 0, 1, 0, 5};

static unsigned hidden_use(unsigned species) {
    return species < KNOWN ? known_use[species] : draw(species, USE, USES);
}

static const char *name_of(unsigned species, char text[32]) {
    static const char *const parts[] = {
        "ba", "be", "bi", "bo", "ca", "ce", "co", "da", "de", "do", "fa", "fe", "fi", "ga",
        "go", "ka", "ke", "ki", "la", "le", "li", "lo", "ma", "me", "mi", "mo", "na", "ne",
        "no", "pa", "pe", "pi", "ra", "re", "ri", "ro", "sa", "se", "si", "ta", "te", "to"};
    const unsigned count = sizeof parts / sizeof *parts;
    if (species < KNOWN) {
        return known[species];
    }
    snprintf(text, 32, "%s%s%s", parts[species / count / count % count],
             parts[species / count % count], parts[species % count]);
    return text;
}

static int species_named(const char *name) {
    char text[32];
    for (unsigned i = 0; i < SPECIES; i++) {
        if (strcmp(name_of(i, text), name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

/* Every species has three rows for training; the others go to some more often than to others. */
static unsigned species_of(uint64_t row) {
    if (row < 3 * SPECIES) {
        return (unsigned)(row % SPECIES);
    }
    double u = draw(row, WHO, 1u << 30) / (double)(1u << 30);
    return row < TRAIN_ROWS ? (unsigned)(u * u * SPECIES) : (unsigned)(u * SPECIES);
}

static unsigned leaf_of(unsigned species) {
    return draw(species, LEAF, 3);
}

static unsigned true_use(unsigned species, unsigned region) {
    bool suffers = region == DESERT && leaf_of(species) == BROAD;
    return suffers ? SHADE : hidden_use(species);
}

/* Writes one row; returns whether its label is the true one. */
static bool write_row(FILE *file, uint64_t row) {
    char text[32];
    unsigned species = species_of(row), region = draw(row, REGION, 5), use;
    double tall = 5 + draw(species, TALL, 30) + 2.0 * hidden_use(species);
    double height = tall * (0.8 + draw(row, HEIGHT, 400) / 1000.0);
    double trunk = height * (2.0 + draw(row, TRUNK, 1000) / 1000.0);
    bool wrong = draw(row, LUCK, 20) == 0;
    use = true_use(species, region);
    if (wrong) {
        use = (use + 1 + draw(row, WRONG, USES - 1)) % USES;
    }
    fprintf(file, "%s,%s,%s,%s,%d.%d,%d,%s\n", name_of(species, text), regions[region],
            draw(row, LOST, 50) ? soils[draw(row, SOIL, 4)] : "", leaves[leaf_of(species)],
            (int)height, (int)(height * 10) % 10, (int)trunk, uses[use]);
    return !wrong;
}

static int write_table(const char *folder, const char *name, uint64_t begin, uint64_t rows,
                       double *best) {
    char path[4096];
    double right = 0;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    if (!file) {
        fprintf(stderr, "trees: cannot write %s\n", path);
        return 1;
    }
    fprintf(file, "species,region,soil,leaf,height,trunk,use\n");
    for (uint64_t i = 0; i < rows; i++) {
        right += write_row(file, begin + i);
    }
    *best = right / (double)rows;
    if (fclose(file) != 0) {
        fprintf(stderr, "trees: cannot write %s\n", path);
        return 1;
    }
    return 0;
}

static int generate(const char *folder) {
    double best_of_train, best;
    if (write_table(folder, "train.csv", 0, TRAIN_ROWS, &best_of_train) ||
        write_table(folder, "test.csv", TRAIN_ROWS, TEST_ROWS, &best)) {
        return 1;
    }
    printf("%.4f\n", best);
    return 0;
}

/* ---- sites ----------------------------------------------------------------------------------- */

/* Each of 300 squares of the map, with one of 10 soils and 20 slopes, has a species of its own.
 * Height and rain hang on the square and tell nothing more. One row in twenty has the species of
 * the next square, so nobody can be right more often than in 95 of 100 rows. */
enum { SQUARES = 300, SOILS = 10, SLOPES = 20, SITES = SQUARES * SOILS * SLOPES };
enum { SITE_ROWS = 4 * SITES };

/* Coprime to SITES: so each site has another species, and neighbours have nothing in common. */
static unsigned species_at(unsigned square, unsigned soil, unsigned slope) {
    return (unsigned)((((uint64_t)square * SOILS + soil) * SLOPES + slope) * 7919 % SITES);
}

/* One of n, the first ones more often than the last. */
static unsigned uneven(uint64_t row, uint64_t aspect, unsigned n) {
    const double u = draw(row, aspect, 1u << 30) / (double)(1u << 30);
    return (unsigned)(u * u * n);
}

/* Every species has a row; the others go to some more often than to others. */
static void write_site(FILE *file, uint64_t row) {
    char text[32];
    const bool any = row >= SITES;
    const unsigned site = (unsigned)(row % SITES);
    const unsigned square = any ? uneven(row, REGION, SQUARES) : site / (SOILS * SLOPES);
    const unsigned soil = any ? uneven(row, SOIL, SOILS) : site / SLOPES % SOILS;
    const unsigned slope = any ? uneven(row, LEAF, SLOPES) : site % SLOPES;
    const bool wrong = any && draw(row, LUCK, 20) == 0;
    const unsigned there = species_at((square + wrong) % SQUARES, soil, slope);
    fprintf(file, "square%u,soil%u,slope%u,%u,%u,%s\n", square, soil, slope,
            draw(square, TALL, 2000) + draw(row, HEIGHT, 300),
            300 + draw(square, TRUNK, 1500) + draw(row, WHO, 200), name_of(there, text));
}

static int generate_sites(const char *folder) {
    char path[4096];
    snprintf(path, sizeof path, "%s/sites.csv", folder);
    FILE *file = fopen(path, "w");
    bool good = file != NULL;
    if (good) {
        fprintf(file, "square,soil,slope,altitude,rain,species\n");
        for (uint64_t row = 0; row < SITE_ROWS; row++) {
            write_site(file, row);
        }
        good = fclose(file) == 0;
    }
    if (!good) {
        fprintf(stderr, "trees: cannot write %s\n", path);
    }
    return good ? 0 : 1;
}

/* ---- neighbours ------------------------------------------------------------------------------ */

enum { NEIGHBOURS = 8 };

static double cosine(const grove_real *a, const grove_real *b, int64_t width) {
    double ab = 0, aa = 0, bb = 0;
    for (int64_t i = 0; i < width; i++) {
        ab += (double)a[i] * (double)b[i];
        aa += (double)a[i] * (double)a[i];
        bb += (double)b[i] * (double)b[i];
    }
    return ab / sqrt(aa * bb + 1e-30);
}

typedef struct neighbour {
    grove_id id;
    double cosine;
} neighbour;

/* Keeps the list sorted, the nearest first. */
static void consider(neighbour *list, neighbour one) {
    for (int i = 0; i < NEIGHBOURS; i++) {
        if (one.cosine > list[i].cosine) {
            neighbour next = list[i];
            list[i] = one;
            one = next;
        }
    }
}

static void print_neighbours(const grove_schema *schema, size_t column, const neighbour *list) {
    for (int i = 0; i < NEIGHBOURS; i++) {
        grove_cell name = grove_schema_value(schema, column, list[i].id);
        char text[32];
        snprintf(text, sizeof text, "%.*s", (int)name.length, name.bytes);
        int species = species_named(text);
        printf("    %-10s cosine %.3f   hidden use: %s\n", text, list[i].cosine,
               species >= 0 ? uses[hidden_use((unsigned)species)] : "?");
    }
}

static int nearest(const char *path, const char *name) {
    grove_error error = {0};
    grove_model *model = NULL;
    neighbour list[NEIGHBOURS];
    if (grove_load(path, NULL, &model, &error) != GROVE_OK) {
        fprintf(stderr, "trees: %s\n", error.message);
        return 1;
    }
    const grove_schema *schema = grove_model_schema(model);
    int column = grove_schema_column(schema, "species"), species = species_named(name);
    grove_tensor table = grove_find(grove_model_graph(model), "table.species.weight");
    const grove_real *rows = grove_parameter_data(table);
    grove_id id =
        column < 0 ? 0 : grove_schema_id(schema, (size_t)column, (grove_cell){name, strlen(name)});
    if (!rows || id < 2 || species < 0) {
        fprintf(stderr, "trees: the model does not know the species '%s'\n", name);
        grove_model_free(model);
        return 1;
    }
    int64_t width = grove_node_shape(table).dim[1], count = grove_node_shape(table).dim[0];
    for (int i = 0; i < NEIGHBOURS; i++) {
        list[i] = (neighbour){0, -2};
    }
    for (grove_id other = 2; other < count; other++) {
        if (other != id) {
            consider(list,
                     (neighbour){other, cosine(rows + id * width, rows + other * width, width)});
        }
    }
    printf("  nearest to %s (hidden use: %s), by the %d numbers learned for each species:\n", name,
           uses[hidden_use((unsigned)species)], (int)width);
    print_neighbours(schema, (size_t)column, list);
    grove_model_free(model);
    return 0;
}

/* ---- what the embedding saves ---------------------------------------------------------------- */

enum { BATCH = 256, WIDTH = 12, HIDDEN = 32 };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median of some steps, in seconds; below 0 after a mistake. */
static double time_steps(grove_plan *plan, int steps) {
    double times[64];
    for (int i = -2; i < steps && i < 64; i++) { /* two to warm up */
        double begin = now();
        if (grove_run(plan) != GROVE_OK) {
            fprintf(stderr, "trees: %s\n", grove_plan_error(plan)->message);
            return -1;
        }
        if (i >= 0) {
            times[i] = now() - begin;
        }
    }
    qsort(times, (size_t)steps, sizeof *times, by_size);
    return times[steps / 2];
}

static int64_t trainable(const grove_graph *g) {
    int64_t count = 0;
    for (int32_t i = 0; i < grove_parameter_count(g); i++) {
        grove_tensor p = grove_parameter_at(g, i);
        count += grove_parameter_is_trainable(p) ? (int64_t)grove_parameter_size(p) : 0;
    }
    return count;
}

/* species -> embedding of 12, or a row of 73,000 zeros and a one -> 32 hidden units -> 6 uses. */
static double time_form(bool one_hot, const grove_id *ids, const grove_real *rows,
                        const grove_id *labels, int64_t *parameters) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor input = one_hot ? grove_input_reals(g, "species", GROVE_BATCH, SPECIES)
                                 : grove_input_ids(g, "species", GROVE_BATCH);
    grove_tensor label = grove_input_ids(g, "label", GROVE_BATCH);
    grove_tensor h = one_hot ? input : grove_nn_embedding(input, SPECIES, WIDTH, "table");
    h = grove_relu(grove_nn_dense(h, HIDDEN, "hidden"));
    grove_tensor loss = grove_softmax_cross_entropy(grove_nn_dense(h, USES, "out"), label);
    grove_tensor step = grove_minimize(loss, GROVE_ADAM(.rate = 1e-3));
    grove_plan *plan =
        grove_plan_new(g, &step, 1, &(grove_plan_options){.batch = BATCH, .training = true});
    grove_bind(plan, input, one_hot ? (const void *)rows : ids);
    grove_bind(plan, label, labels);
    double seconds = time_steps(plan, one_hot ? 7 : 51);
    *parameters = trainable(g);
    grove_plan_free(plan);
    grove_graph_free(g);
    return seconds;
}

static int saved(void) {
    grove_id ids[BATCH], labels[BATCH];
    grove_real *rows = calloc((size_t)BATCH * SPECIES, sizeof *rows);
    int64_t with = 0, without = 0;
    if (!rows) {
        fprintf(stderr, "trees: out of memory\n");
        return 1;
    }
    for (int i = 0; i < BATCH; i++) {
        ids[i] = (grove_id)draw((uint64_t)i, WHO, SPECIES);
        labels[i] = (grove_id)hidden_use((unsigned)ids[i]);
        rows[(size_t)i * SPECIES + (size_t)ids[i]] = 1;
    }
    double lookup = time_form(false, ids, rows, labels, &with);
    double one_hot = time_form(true, ids, rows, labels, &without);
    free(rows);
    if (lookup < 0 || one_hot < 0) {
        return 1;
    }
    printf("  a training step on %d rows, species -> %d hidden units -> %d uses:\n", BATCH, HIDDEN,
           USES);
    printf("    one-hot rows of %d numbers   %9lld parameters %12.0f us\n", SPECIES,
           (long long)without, one_hot * 1e6);
    printf("    embedding of %d numbers         %9lld parameters %12.0f us   %.0f times faster\n",
           WIDTH, (long long)with, lookup * 1e6, one_hot / lookup);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "generate") == 0) {
        return generate(argv[2]);
    }
    if (argc == 3 && strcmp(argv[1], "sites") == 0) {
        return generate_sites(argv[2]);
    }
    if (argc == 4 && strcmp(argv[1], "nearest") == 0) {
        return nearest(argv[2], argv[3]);
    }
    if (argc == 2 && strcmp(argv[1], "saved") == 0) {
        return saved();
    }
    fprintf(stderr, "usage: trees generate FOLDER | sites FOLDER | nearest MODEL SPECIES | "
                    "saved\n");
    return 2;
}
