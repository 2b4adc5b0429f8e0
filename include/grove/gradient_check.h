/* SPDX-License-Identifier: MIT
 *
 * grove/gradient_check.h - is the gradient right? Held against differences, number by number.
 *
 * If a gradient says that growing x by h makes the loss grow by g * h, then doing so must show it.
 * For whoever writes a loss, a layer or a backward pass of their own:
 *
 *     grove_tensor loss = my_loss(grove_nn_dense(x, 3, "hidden"), target);
 *     grove_binding data[] = {{x, rows}, {target, targets}};
 *     grove_gradient_report report;
 *     grove_error error;
 *     grove_gradient_check_options options = {.batch = 8};
 *     if (grove_check_gradients(loss, NULL, 0, data, 2, &options, &report, &error) != GROVE_OK) {
 *         fprintf(stderr, "%s\n", error.message);   // the loss could not be computed
 *     } else {
 *         printf("%s\n", report.words);             // "2 of 2 gradients agree with ..."
 *     }
 *     grove_gradient_report_free(&report);
 *
 * The method. Along one component f(t) is the loss, and for steps h, h/4, h/16...
 *
 *     D(h) = (f(h) - f(-h)) / 2h            off by h^2 f''' / 6
 *     E(h) = (16 D(h) - D(4h)) / 15         off by 2/15 h^4 f''''' (Richardson 1911)
 *
 * What E(h) may be off by is the sum of two bounds:
 *     truncation  |E(h) - E(4h)| / 2 where D converges as it does for a smooth f (its changes
 *                 shrink, by rights to 1/16, at least to 1/8); the true share is 1/255. Where D
 *                 does not converge, 8 |E(h) - E(4h)|.
 *     rounding    8 s / h. s is the standard deviation of the loss's rounding error: measured, by
 *                 differences of order 4 to 6 of losses close to each other (More & Wild 2011), and
 *                 taken as at least 0.3 epsilon |loss|. E multiplies it by 0.76 / h, so this is ten
 *                 deviations. (Plus 8 epsilon times the parameter's largest gradient, which stands
 *                 for the rounding of the gradient itself.)
 * Of all steps the one with the smallest sum is taken; the sum is what a component is allowed.
 * tests/test_gradient_check.c holds 40 random models against these bounds and prints how much of
 * them true gradients use.
 *
 * A component is judged where that bound is small beside it: at most 1/64 of it in float, 1/4096 in
 * double. So what agrees is right to that share at worst (a factor of 1.05, or 1.001 in double, is
 * seen), and usually far better: double ends near 1e-9. It is wrong where it is off by more, and
 * smaller steps that are sharp enough to see it confirm that. What can be neither is counted, not
 * passed: as too small, where rounding hides it; as a kink, where the loss has a corner (relu, max,
 * abs) so close by that no step is both free of it and sharp enough.
 *
 * One more line is tried for each parameter: all of it, moved along its own gradient. The slope
 * there is the gradient's length, so in float it is often judged where each component alone is too
 * small.
 *
 * A loss that stops gradients on purpose (stop_gradient) is not the function that its gradient
 * belongs to: differences see through the stop, and disagree.
 */
#ifndef GROVE_GRADIENT_CHECK_H
#define GROVE_GRADIENT_CHECK_H

#include "grad.h"
#include "plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An input and its numbers, as for grove_bind. */
typedef struct grove_binding {
    grove_tensor input;
    const void *data;
} grove_binding;

#define GROVE_ALL_COMPONENTS ((int64_t)-1)

/* Zero means the default, field by field. */
typedef struct grove_gradient_check_options {
    int64_t batch;   /* as of a plan */
    bool training;   /* check the training form: dropout drops (the same in each evaluation: that of
                        the training run to come), batch norm takes the batch's mean */
    int64_t samples; /* components checked of each parameter; default 100 */
    double step;     /* h of the first, largest step, as a share of max(|x|, 1); default 1/2, in
                        double 1/32. Steps get smaller by themselves where that is too large. */
    double tolerance; /* the error that is allowed and demanded, relative to the component: derived
                         (see above) */
    uint64_t seed;    /* draws the components */
    int threads;      /* as of a plan */
    const grove_tensor *gradients; /* [count] beside `parameters`: gradients of your own making,
                                      checked instead of those of a backward pass */
    grove_allocator allocator;
} grove_gradient_check_options;

/* The verdicts on a parameter: code, name, words. Those from WRONG on are faults. */
#define GROVE_GRADIENT_VERDICT_LIST(X)                                                             \
    X(0, AGREES, "agrees")                                                                         \
    X(1, BELOW_NOISE, "below the noise")                                                           \
    X(2, WRONG, "WRONG")                                                                           \
    X(3, ZERO, "ZERO")                                                                             \
    X(4, NOT_FINITE, "NOT FINITE")                                                                 \
    X(5, UNJUDGED, "NOT JUDGED")

typedef enum grove_gradient_verdict {
#define GROVE_GRADIENT_ENUM(code, name, words) GROVE_GRADIENT_##name = code,
    GROVE_GRADIENT_VERDICT_LIST(GROVE_GRADIENT_ENUM)
#undef GROVE_GRADIENT_ENUM
} grove_gradient_verdict;

/* AGREES       every component that could be judged agrees, and one at least could be, or the line
 *              along the gradient
 * BELOW_NOISE  nothing could be judged, but gradient and differences are both zero as far as
 *              differences see, and that is far beside the largest gradient of the check (the bias
 *              of attention's keys is such a parameter: softmax does not feel it)
 * WRONG        a component does not agree
 * ZERO         the gradient is zero in all components: the parameter learns nothing here
 * NOT_FINITE   the loss, or a number of the gradient, is NaN or infinite
 * UNJUDGED     most components lie at kinks, or rounding hides all of them; and the line along the
 *              gradient cannot be judged either. Another point (other rows) may help, or double. */
GROVE_API const char *grove_gradient_verdict_words(grove_gradient_verdict verdict);

typedef struct grove_slope {
    size_t position; /* of the component, row-major; GROVE_WHOLE: the line along the gradient */
    double analytic, numeric;
    double error;   /* |analytic - numeric| */
    double allowed; /* what it may be */
} grove_slope;

#define GROVE_WHOLE ((size_t)-1)

typedef struct grove_parameter_check {
    grove_tensor parameter;
    const char *name; /* the graph's; "" where it has none */
    grove_gradient_verdict verdict;
    size_t size;                                    /* components it has, */
    size_t checked;                                 /* and those looked at, which are: */
    size_t agreeing, zero, too_small, kinks, wrong; /* zero: both sides are, exactly */
    grove_slope worst; /* of those that are judged the one with the largest error beside what it is
                          allowed; where none is, of all that were looked at */
    grove_slope whole;
    bool whole_is_judged;
} grove_parameter_check;

typedef struct grove_gradient_report {
    bool passed;                   /* nothing is at fault, and something was judged */
    double loss;                   /* where the check was made */
    grove_parameter_check *checks; /* [count], in the order asked for */
    int count;
    char words[512]; /* one sentence: what was checked, or the first fault */
    grove_allocator allocator;
} grove_gradient_report;

/* Checks the gradient of the loss, a scalar, with respect to these parameters or bound inputs of
 * real numbers, each listed once; NULL, 0: all trainable parameters that it depends on. Each input
 * is bound once.
 *
 * Of a parameter with more components than `samples`, so many are drawn, by the seed; of a table
 * that is only looked up, in the rows that the batch names, and a few in the others, which must be
 * exactly zero.
 *
 * The numbers of parameters are moved during the check and are as they were, bit by bit, after it,
 * also after a failure; so is the count of training runs. The graph gets the nodes of one backward
 * pass more, unless `gradients` are given: plans that do not ask for them do not pay for them.
 *
 * GROVE_OK when the check was made, whatever it found: see report->passed. Else (the loss is no
 * scalar, an input is not bound, memory is short...) the reason stands in `error`. The report owns
 * `checks`, to be freed by grove_gradient_report_free in either case; it points to names of the
 * graph. */
GROVE_API grove_status grove_check_gradients(grove_tensor loss, const grove_tensor *parameters,
                                             int count, const grove_binding *bindings,
                                             int binding_count,
                                             const grove_gradient_check_options *options,
                                             grove_gradient_report *report, grove_error *error);
GROVE_API void grove_gradient_report_free(grove_gradient_report *report); /* takes NULL */

#ifdef __cplusplus
}
#endif
#endif
