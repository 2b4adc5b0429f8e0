/* SPDX-License-Identifier: MIT
 *
 * evaluate.c - grove evaluate: how well does a model predict the rows of a table?
 */
#include "answers.h"
#include "page_data.h"
#include "report.h"
#include "require.h"

static int report_words(const options *o, const answers *a, const grove_metrics *metrics,
                        const full_report *full) {
    int code = EXIT_DONE;
    if (o->full) {
        code = print_report("evaluate", full);
        printf("\n");
    } else {
        print_metrics(metrics);
    }
    printf("unknown cells      %.2f %%\n", 100 * unknown_share(a));
    return code;
}

static int report(const options *o, const answers *a) {
    grove_error error = {0};
    grove_metrics metrics;
    grove_status status = grove_classification_metrics(
        a->probabilities, grove_dataset_labels(a->data), a->rows, a->classes,
        grove_schema_majority(a->schema), NULL, &metrics, &error);
    if (status != GROVE_OK) {
        return complain("evaluate", code_of_data(status), error.message);
    }
    full_report full = {0};
    const bool wanted = o->full || o->require.count > 0;
    int code = wanted ? make_report("evaluate", o, o->full, a, &full) : EXIT_DONE;
    if (code == EXIT_DONE) {
        code = o->json ? print_json("evaluate", json_evaluation(o, a, &metrics, &full))
                       : report_words(o, a, &metrics, &full);
    }
    if (code == EXIT_DONE && wanted) {
        code = check_demands("evaluate", &o->require, &full.model);
    }
    free_report(&full);
    return code;
}

int run_evaluate(const options *o) {
    grove_model *model;
    int code = read_model("evaluate", o->files[0], &model);
    if (code != EXIT_DONE) {
        return code;
    }
    answers a = {.model = model, .schema = grove_model_schema(model)};
    code = ask("evaluate", o, true, &a);
    if (code == EXIT_DONE) {
        report_unknown("evaluate", &a);
        code = report(o, &a);
    }
    free_answers(&a);
    grove_model_free(model);
    return code;
}
