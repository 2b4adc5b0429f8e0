/* SPDX-License-Identifier: MIT
 *
 * evaluate.c - grove evaluate: how well does a model predict the rows of a table?
 */
#include "answers.h"
#include "autoencoder.h"
#include "language.h"
#include "number_report.h"
#include "page_data.h"
#include "report.h"
#include "require.h"
#include "set_report.h"
#include "sets.h"
#include "softmax.h"
#include "unknown.h"

enum { TOP = 10 };

/* Rows whose label is among the ten most probable classes. */
static double share_of_top(const answers *a) {
    size_t count = 0;
    for (size_t i = 0; i < a->rows; i++) {
        count += a->judged[i].before < TOP;
    }
    return (double)count / (double)a->rows;
}

static void print_top(const answers *a) {
    char classes[40];
    if (a->judged) {
        printf("top-%d accuracy    %.4f\n", TOP, share_of_top(a));
        printf("classes            %s: too many for curves and a confusion matrix\n",
               with_commas(classes, (int64_t)a->classes));
    }
}

static int report_words(const options *o, const answers *a, const grove_metrics *metrics,
                        const unknown_metrics *unknown, const full_report *full) {
    int code = EXIT_DONE;
    if (o->full) {
        code = print_report("evaluate", full);
        printf("\n");
    } else {
        print_metrics(metrics);
        print_top(a);
    }
    print_unknown_metrics(a, unknown);
    return code;
}

/* What else is told of very many classes. */
static json_t *json_classes(const options *o, const answers *a, const grove_metrics *metrics,
                            const full_report *full) {
    json_t *object = json_evaluation(o, a, metrics, full);
    if (a->judged) {
        json_object_set_new(object, "top_10_accuracy", json_number(share_of_top(a)));
        json_object_set_new(object, "classes", json_integer((json_int_t)a->classes));
    }
    return object;
}

static json_t *json_numbers(const options *o, const answers *a, const grove_metrics *metrics,
                            const full_numbers *full) {
    json_t *object = json_evaluation(o, a, metrics, NULL);
    if (o->full) {
        json_add_number_report(object, full);
    }
    if (o->require.count > 0) {
        json_object_set_new(
            object, "required",
            json_demands(&o->require, (measured){GROVE_TARGET_NUMBER, full->model.measures}));
    }
    return object;
}

static int report_numbers(const options *o, const answers *a, const grove_metrics *metrics,
                          const unknown_metrics *unknown) {
    full_numbers full = {0};
    const bool wanted = o->full || o->require.count > 0;
    const measured m = {GROVE_TARGET_NUMBER, full.model.measures};
    int code = wanted ? make_number_report("evaluate", o, o->full, a, &full) : EXIT_DONE;
    if (code == EXIT_DONE && o->json) {
        code = print_json("evaluate", json_numbers(o, a, metrics, &full));
    } else if (code == EXIT_DONE && o->full) {
        print_number_report(&full);
        printf("\n");
    } else if (code == EXIT_DONE) {
        print_metrics(metrics);
    }
    if (code == EXIT_DONE && !o->json) {
        print_unknown_metrics(a, unknown);
    }
    if (code == EXIT_DONE && wanted) {
        code = check_demands("evaluate", &o->require, m);
    }
    free_number_report(&full);
    return code;
}

static json_t *json_sets(const options *o, const answers *a, const grove_metrics *metrics,
                         const full_sets *full) {
    json_t *object = json_evaluation(o, a, metrics, NULL);
    json_object_set_new(object, "unknown_classes", json_unknown_classes(a->data));
    if (o->full) {
        json_add_set_report(object, full);
    }
    if (o->require.count > 0) {
        const measured m = {GROVE_TARGET_SET, full->model.measures};
        json_object_set_new(object, "required", json_demands(&o->require, m));
    }
    return object;
}

static int set_words(const options *o, const answers *a, const grove_metrics *metrics,
                     const unknown_metrics *unknown, const full_sets *full) {
    int code = EXIT_DONE;
    if (o->full) {
        code = print_set_report("evaluate", full);
        printf("\n");
    } else {
        print_metrics(metrics);
    }
    print_unknown_metrics(a, unknown);
    return code;
}

static int report_sets(const options *o, const answers *a, const grove_metrics *metrics,
                       const unknown_metrics *unknown) {
    full_sets full = {0};
    const bool wanted = o->full || o->require.count > 0;
    int code = wanted ? make_set_report("evaluate", o, o->full, a, &full) : EXIT_DONE;
    tell_unknown_classes("evaluate", a->data, "the model does", "no measure counts them");
    if (code == EXIT_DONE) {
        code = o->json ? print_json("evaluate", json_sets(o, a, metrics, &full))
                       : set_words(o, a, metrics, unknown, &full);
    }
    if (code == EXIT_DONE && wanted) {
        code = check_demands("evaluate", &o->require,
                             (measured){GROVE_TARGET_SET, full.model.measures});
    }
    free_set_report(&full);
    return code;
}

static int report_classes(const options *o, const answers *a, const grove_metrics *metrics,
                          const unknown_metrics *unknown) {
    full_report full = {0};
    const bool wanted = o->full || o->require.count > 0;
    if (wanted && a->judged) {
        return refuse_many_classes("evaluate", o->full ? "--full" : "--require", a->rows,
                                   a->classes, "without it accuracy and log loss are told");
    }
    int code = wanted ? make_report("evaluate", o, o->full, a, &full) : EXIT_DONE;
    if (code == EXIT_DONE) {
        code = o->json ? print_json("evaluate", json_classes(o, a, metrics, &full))
                       : report_words(o, a, metrics, unknown, &full);
    }
    if (code == EXIT_DONE && wanted) {
        code = check_demands("evaluate", &o->require,
                             (measured){GROVE_TARGET_CLASS, full.model.measures});
    }
    free_report(&full);
    return code;
}

static int report(const options *o, const answers *a) {
    const grove_target_kind kind = grove_schema_target(a->schema);
    grove_metrics metrics;
    unknown_metrics unknown;
    int code = check_kind_of_demands("evaluate", &o->require, kind);
    if (code == EXIT_DONE) {
        code = measure_answers("evaluate", a, NULL, a->rows, &metrics);
    }
    if (code == EXIT_DONE) {
        code = measure_unknown("evaluate", a, &unknown);
    }
    if (code != EXIT_DONE) {
        return code;
    }
    return (kind == GROVE_TARGET_NUMBER ? report_numbers
            : kind == GROVE_TARGET_SET  ? report_sets
                                        : report_classes)(o, a, &metrics, &unknown);
}

int run_evaluate(const options *o) {
    grove_model *model;
    int code = read_model("evaluate", o->files[0], &model);
    if (code != EXIT_DONE) {
        return code;
    }
    if (grove_model_is_language(model)) {
        code = evaluate_language(o, model);
        grove_model_free(model);
        return code;
    }
    if (is_autoencoder(model)) {
        code = evaluate_autoencoder(o, model);
        grove_model_free(model);
        return code;
    }
    answers a = {.model = model, .schema = grove_model_schema(model), .judges = true};
    code = ask("evaluate", o, true, &a);
    if (code == EXIT_DONE) {
        report_unknown("evaluate", &a);
        code = report(o, &a);
    }
    free_answers(&a);
    grove_model_free(model);
    return code;
}
