/* SPDX-License-Identifier: MIT
 *
 * boosting - two small networks, one after the other, on a loss of our own.
 *
 * A shop bakes bread each morning: how much depends on the day of the week and on the rain. A loaf
 * that is left over costs 1, a customer who finds the shelf empty costs 4; no loss of the field
 * says that, so it is three lines of ops. With e = baked - wanted:
 *
 *     loss = the mean of log(1 + exp(e)) + 4 log(1 + exp(-e))
 *
 * Boosting asks autograd for the gradient and the curvature of that loss at what is baked so far,
 * and fits the next network to what they say is missing (grove/boost.h).
 */
#include <stdio.h>

#include "grove/grove.h"

enum { DAYS = 800, STAGES = 2 };

static grove_tensor bread_loss(void *user, grove_tensor baked, grove_tensor wanted,
                               grove_tensor weights) {
    (void)user;
    grove_tensor e = grove_sub(baked, wanted);
    grove_tensor missing = grove_scale(grove_softplus(grove_neg(e)), 4);
    return grove_weighted_mean(grove_add(grove_softplus(e), missing), weights);
}

/* What was sold: more at the weekend, less in the rain unless it is a Sunday. */
static grove_status draw_days(grove_table **table, grove_error *error) {
    static const char *const names[] = {"day", "rain", "wanted"};
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    grove_status status = grove_table_new(names, 3, NULL, table, error);
    for (int i = 0; i < DAYS && status == GROVE_OK; i++) {
        char rain[16], wanted[16];
        const int day = i % 7, mm = i * 613 % 40, luck = i * 37 % 11 - 5;
        const int sold = 40 + (day >= 5 ? 20 : 2 * day) + (day == 6 ? mm / 2 : -mm / 2) + luck;
        snprintf(rain, sizeof rain, "%d", mm);
        snprintf(wanted, sizeof wanted, "%d", sold);
        status = grove_table_append(*table, (const char *[]){days[day], rain, wanted}, error);
    }
    return status;
}

/* Weak ones: twelve units, ten passes over the days. */
static grove_status boost(const grove_schema *schema, const grove_dataset *days,
                          grove_boost_stage *stages, grove_classifier *model, grove_error *error) {
    static const int64_t hidden[] = {12};
    const grove_classifier_options network = {
        .hidden = hidden, .hidden_count = 1, .own_loss = bread_loss, .seed = 1};
    const grove_fit_options fit = {.epochs = 10,
                                   .batch = 50,
                                   .seed = 1,
                                   .optimizer = {.kind = GROVE_OPTIMIZER_ADAM, .rate = 0.02}};
    const grove_boost_options options = {
        .stages = STAGES, .corrective_epochs = 10, .network = &network, .fit = &fit};
    grove_boost_result result;
    return grove_boost_fit(schema, (grove_rows){.dataset = days, .count = DAYS}, (grove_rows){0},
                           &options, stages, model, &result, error);
}

int main(void) {
    const grove_schema_options wishes = {.label = "wanted", .target = GROVE_TARGET_NUMBER};
    const grove_encode_options labelled = {.label_required = true};
    grove_boost_stage stages[STAGES] = {{0}};
    grove_classifier model = {0};
    grove_table *table = NULL;
    grove_schema *schema = NULL;
    grove_dataset *days = NULL;
    grove_error error = {0};
    bool good = draw_days(&table, &error) == GROVE_OK &&
                grove_schema_guess(table, &wishes, &schema, &error) == GROVE_OK &&
                grove_schema_fit(schema, table, NULL, DAYS, &error) == GROVE_OK &&
                grove_schema_encode(schema, table, &labelled, &days, &error) == GROVE_OK &&
                boost(schema, days, stages, &model, &error) == GROVE_OK;
    for (int i = 0; i < STAGES && good; i++) {
        printf("stage %d: a step of %.2f; loss %.3f, and %.3f when all stages were corrected\n",
               i + 1, stages[i].rate, stages[i].searched_loss, stages[i].train_loss);
    }
    if (!good) {
        fprintf(stderr, "boosting: %s\n", error.message);
    }
    grove_classifier_free(&model);
    grove_dataset_free(days);
    grove_schema_free(schema);
    grove_table_free(table);
    return good && stages[1].searched_loss < stages[0].train_loss ? 0 : 1;
}
