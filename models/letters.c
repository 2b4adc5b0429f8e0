/* SPDX-License-Identifier: MIT
 *
 * letters - a model of names: which letter comes next, after the last three?
 *
 * A letter is an id like any other category: '.' (before and after a name) is 0, 'a' is 1, 'z' 26.
 * One table holds a vector for each letter, whatever its place; three lookups side by side go
 * through a hidden layer, and a softmax over 27 letters tells the chance of each to be next. In the
 * end letters that behave alike have vectors that point the same way: vowels among them.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "grove/grove.h"

enum { LETTERS = 27, CONTEXT = 3, WIDTH = 6, BATCH = 128, STEPS = 1000, MOST = 4096 };

static const char names[] =
    "anna.emma.maria.sofia.laura.julia.clara.elena.nora.sara.lena.mila.ida.ella.lisa.eva.hanna.lea."
    "marie.sophie.alice.louise.chloe.claire.helen.irene.diana.rosa.lucia.carla.paula.marta.monica."
    "silvia.teresa.angela.olivia.amelia.emilia.matilda.isabella.victoria.camila.valentina.daniela."
    "gabriela.adriana.susana.katarina.karolina.veronika.natalia.tamara.larisa.galina.irina.marina."
    "polina.alina.selina.melina.carolina.martina.bettina.sabina.regina.nina.tina.dina.gina.lina."
    "peter.paul.john.james.robert.michael.william.david.richard.thomas.charles.daniel.matthew."
    "anthony.mark.steven.andrew.kenneth.kevin.brian.george.edward.ronald.timothy.jason.jeffrey."
    "ryan.jacob.gary.nicholas.eric.jonathan.stephen.larry.justin.scott.brandon.benjamin.samuel."
    "gregory.frank.alexander.raymond.patrick.jack.dennis.jerry.tyler.aaron.jose.adam.nathan.henry."
    "douglas.zachary.kyle.walter.ethan.jeremy.harold.keith.christian.roger.noah.gerald.carl.terry."
    "sean.austin.arthur.lawrence.jesse.dylan.bryan.joe.jordan.billy.bruce.albert.willie.gabriel."
    "logan.alan.juan.wayne.roy.ralph.randy.eugene.vincent.russell.elijah.louis.bobby.philip.johnny."
    "martin.stefan.felix.simon.lukas.jonas.leon.oskar.anton.emil.hugo.viktor.roman.ivan.boris.igor."
    "oleg.pavel.milan.marko.luka.marco.paolo.mario.dario.carlo.pedro.pablo.diego.mateo.sergio.";

/* Sample i: its context ids[i] [CONTEXT] and the letter that follows. Returns how many. */
static size_t read_names(grove_id (*ids)[CONTEXT], grove_id *next) {
    grove_id last[CONTEXT] = {0};
    size_t count = strlen(names);
    for (size_t i = 0; i < count; i++) {
        memcpy(ids[i], last, sizeof last);
        next[i] = names[i] == '.' ? 0 : (grove_id)(names[i] - 'a' + 1);
        memmove(last, last + 1, sizeof last - sizeof last[0]);
        last[CONTEXT - 1] = next[i];
        if (next[i] == 0) {
            memset(last, 0, sizeof last);
        }
    }
    return count;
}

/* The next random number, from 0 to below 1 (SplitMix64). */
static double draw(uint64_t *state) {
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

/* Runs a plan. Whatever went wrong, in building the graph too, is told here. */
static bool run(grove_plan *plan) {
    bool good = grove_run(plan) == GROVE_OK;
    if (!good) {
        fprintf(stderr, "letters: %s\n", grove_plan_error(plan)->message);
    }
    return good;
}

/* Writes one new name, letter by letter, each drawn by its probability p [1, LETTERS]. The plan
 * reads the context from last [CONTEXT]. */
static bool write_name(grove_plan *plan, grove_tensor p, grove_id *last, uint64_t *state) {
    memset(last, 0, CONTEXT * sizeof *last);
    for (int length = 0; length < 15; length++) {
        if (!run(plan)) {
            return false;
        }
        const grove_real *chance = grove_value(plan, p);
        double left = draw(state);
        grove_id letter = 0;
        while (letter < LETTERS - 1 && (left -= (double)chance[letter]) >= 0) {
            letter++;
        }
        if (letter == 0) {
            break;
        }
        printf("%c", 'a' + letter - 1);
        memmove(last, last + 1, (CONTEXT - 1) * sizeof *last);
        last[CONTEXT - 1] = letter;
    }
    printf(" ");
    return true;
}

/* The cosine between two rows of the table [LETTERS, WIDTH]. */
static double likeness(const grove_real *table, char a, char b) {
    const grove_real *x = table + (a - 'a' + 1) * WIDTH, *y = table + (b - 'a' + 1) * WIDTH;
    double xy = 0, xx = 0, yy = 0;
    for (int k = 0; k < WIDTH; k++) {
        xy += (double)x[k] * (double)y[k];
        xx += (double)x[k] * (double)x[k];
        yy += (double)y[k] * (double)y[k];
    }
    return xy / sqrt(xx * yy);
}

/* Tells which letter is most like each vowel; returns how many of those are vowels themselves. */
static int compare_vowels(const grove_real *table) {
    int vowels = 0;
    printf("most like");
    for (const char *a = "aeiou"; *a; a++) {
        char best = 'z';
        for (char b = 'a'; b <= 'z'; b++) {
            bool is_better = b != *a && likeness(table, *a, b) > likeness(table, *a, best);
            best = is_better ? b : best;
        }
        printf(" %c: %c (%.2f) ", *a, best, likeness(table, *a, best));
        vowels += strchr("aeiouy", best) != NULL;
    }
    printf("\n");
    return vowels;
}

int main(void) {
    static grove_id ids[MOST][CONTEXT], next[MOST], batch_ids[BATCH][CONTEXT], batch_next[BATCH];
    grove_id last[CONTEXT];
    size_t samples = read_names(ids, next);
    uint64_t random = 1;

    grove_graph *g = grove_graph_new(&(grove_graph_options){.seed = 3});
    grove_tensor context = grove_input_ids(g, "context", GROVE_BATCH, CONTEXT);
    grove_tensor wanted = grove_input_ids(g, "next", GROVE_BATCH);
    grove_tensor x = grove_nn_embedding(context, LETTERS, WIDTH, "letter"); /* [batch, 3, 6] */
    x = grove_reshape(x, GROVE_SHAPE(GROVE_BATCH, CONTEXT * WIDTH));        /* [batch, 18] */
    x = grove_tanh(grove_nn_dense(x, 48, "hidden"));
    grove_tensor logits = grove_nn_dense(x, LETTERS, "out"), p = grove_softmax(logits);
    grove_tensor loss = grove_softmax_cross_entropy(logits, wanted);
    grove_tensor step = grove_minimize(loss, GROVE_ADAGRAD(.rate = 0.1));

    grove_plan *train =
        grove_plan_new(g, &step, 1, &(grove_plan_options){.batch = BATCH, .training = true});
    grove_plan *all = grove_plan_new(g, &loss, 1, &(grove_plan_options){.batch = (int64_t)samples});
    grove_plan *one = grove_plan_new(g, &p, 1, NULL);
    grove_bind(train, context, batch_ids);
    grove_bind(train, wanted, batch_next);
    grove_bind(all, context, ids);
    grove_bind(all, wanted, next);
    grove_bind(one, context, last);
    bool good = run(all);
    double before = grove_scalar(all, loss);
    for (int i = 0; i < STEPS && good; i++) {
        for (int k = 0; k < BATCH; k++) {
            size_t sample = (size_t)(draw(&random) * (double)samples);
            memcpy(batch_ids[k], ids[sample], sizeof batch_ids[k]);
            batch_next[k] = next[sample];
        }
        good = run(train);
    }
    good = good && run(all);
    double after = grove_scalar(all, loss);
    printf("%zu letters; loss %.3f before, %.3f after (all letters alike: log 27 = %.3f)\n",
           samples, before, after, log(LETTERS));
    printf("new names: ");
    for (int i = 0; i < 10 && good; i++) {
        good = write_name(one, p, last, &random);
    }
    printf("\n");
    const grove_real *table = grove_parameter_data(grove_find(g, "letter.weight"));
    good = good && after < 2 && compare_vowels(table) >= 4;
    grove_plan_free(one);
    grove_plan_free(all);
    grove_plan_free(train);
    grove_graph_free(g);
    return good ? 0 : 1;
}
