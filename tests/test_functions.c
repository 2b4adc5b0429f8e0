/* SPDX-License-Identifier: MIT
 *
 * The functions of base/functions.h against libm's in double: their largest errors, in units in the
 * last place; special numbers; and the same bits at each level of processors.
 *
 *     test_functions all     goes through every float, and prints the worst (some minutes)
 */
#include <check.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/functions.h"

static uint32_t stride = 997; /* every so many floats are looked at; a prime */

typedef struct subject {
    const char *name;
    float (*fast)(float x);
    double (*exact)(double x);
    float least, most;        /* where it is asked for */
    double bound;             /* of its error, as functions.h says */
    double (*size)(double x); /* in whose last place the error is counted, if not in the value's */
} subject;

#define CALL(name)                                                                                 \
    static float name(float x) {                                                                   \
        return grove_##name(x);                                                                    \
    }
CALL(exp_of)
CALL(exp_of_negative)
CALL(log_of)
CALL(tanh_of)
CALL(log1p_of)
CALL(gelu_of)
CALL(gelu_slope_of)

static double normal(double x) {
    return erfc(-x * 0.70710678118654752440) / 2;
}
static double gelu(double x) {
    return fabs(x) < 40 ? x * normal(x) : isnan(x) ? x : fmax(x, 0);
}
/* The slope is a sum that is 0 at -0.75; its terms, both counted positive, are not. */
static double slope(double x) {
    return fabs(x) < 40 ? normal(x) + x * 0.39894228040143267794 * exp(-x * x / 2)
           : isnan(x)   ? x
                        : x > 0;
}
static double slope_terms(double x) {
    return fabs(x) < 40 ? normal(x) + fabs(x) * 0.39894228040143267794 * exp(-x * x / 2) : x > 0;
}

static const subject subjects[] = {
    {"exp", exp_of, exp, -INFINITY, INFINITY, 1.0, NULL},
    {"exp <= 1", exp_of_negative, exp, -87, 0, 1.0, NULL},
    {"log", log_of, log, 0, INFINITY, 0.8, NULL},
    {"tanh", tanh_of, tanh, -INFINITY, INFINITY, 1.4, NULL},
    {"log1p", log1p_of, log1p, 0, 1000, 1.3, NULL},
    {"gelu", gelu_of, gelu, -INFINITY, INFINITY, 6.9, NULL},
    {"gelu's slope", gelu_slope_of, slope, -INFINITY, INFINITY, 5.2, slope_terms},
};
enum { SUBJECTS = sizeof subjects / sizeof *subjects };

/* The distance to the next float, no less than that between subnormal numbers. */
static double unit_at(double y) {
    int exponent;
    frexp(y, &exponent);
    return ldexp(1, exponent - 24 < -149 ? -149 : exponent - 24);
}

static double error_at(const subject *s, float x) {
    double exact = s->exact((double)x), got = (double)s->fast(x);
    if ((double)(float)exact == got || (isnan(exact) && isnan(got))) {
        return 0;
    }
    if (!isfinite(got)) { /* beyond the largest float by rounding up */
        return fabs(exact) > 0x1.fffffep127 ? 0 : (double)INFINITY;
    }
    return fabs(got - exact) / unit_at(s->size ? s->size((double)x) : exact);
}

START_TEST(errors_are_as_stated) {
    const subject *s = &subjects[_i];
    double worst = 0;
    float at = 0;
    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += stride) {
        float x = grove_float_of_bits((uint32_t)bits);
        if (x >= s->least && x <= s->most) {
            double error = error_at(s, x);
            at = error > worst ? x : at;
            worst = error > worst ? error : worst;
        }
    }
    printf("%-12s at most %.4f units in the last place, at %.9g\n", s->name, worst, (double)at);
    ck_assert_msg(worst <= s->bound, "%s(%.9g) is off by %g units, %g are the bound", s->name,
                  (double)at, worst, s->bound);
}
END_TEST

START_TEST(special_numbers) {
    static const float numbers[] = {0.0f,       -0.0f,     INFINITY, -INFINITY, NAN,     0x1p-149f,
                                    -0x1p-149f, 0x1p-126f, 89.0f,    88.7f,     -103.9f, -104.5f,
                                    1.0f,       -1.0f,     1e30f,    -1e30f,    10.1f,   9.0f};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        for (int k = 0; k < SUBJECTS; k++) {
            const subject *s = &subjects[k];
            float x = numbers[i];
            bool asked = isnan(x) || (x >= s->least && x <= s->most) || s->exact == log;
            ck_assert_msg(!asked || error_at(s, x) <= s->bound, "%s(%g) is %g, not %g", s->name,
                          (double)x, (double)s->fast(x), s->exact((double)x));
        }
    }
    ck_assert(signbit(tanh_of(-0.0f)));
    ck_assert(exp_of_negative(-INFINITY) == 0 && exp_of_negative(-88) == 0);
}
END_TEST

/* ---- bits ------------------------------------------------------------------------------------ */

enum { MANY = 1 << 14 };

GROVE_KERNEL int all_any(const float *x, float *y) {
    for (int i = 0; i < MANY; i++) {
        y[i] = grove_exp_of(x[i]);
        y[MANY + i] = grove_exp_of_negative(-fabsf(x[i]));
        y[2 * MANY + i] = grove_log_of(x[i]);
        y[3 * MANY + i] = grove_tanh_of(x[i]);
        y[4 * MANY + i] = grove_log1p_of(fabsf(x[i]));
        y[5 * MANY + i] = grove_gelu_of(x[i]);
        y[6 * MANY + i] = grove_gelu_slope_of(x[i]);
    }
    return MANY;
}
GROVE_BY_LEVEL(int, all_by_level, all_any, (const float *x, float *y), (x, y))

/* Loops of vectors give what single calls give, at this level (GROVE_CPU) as at any other. */
START_TEST(vectors_and_single_numbers_are_the_same_bits) {
    static float x[MANY], y[SUBJECTS * MANY];
    for (int i = 0; i < MANY; i++) {
        x[i] = (float)(i - MANY / 2) * 0.0131f;
    }
    all_by_level(x, y);
    for (int i = 0; i < MANY; i++) {
        float wanted[SUBJECTS] = {exp_of(x[i]),       exp_of_negative(-fabsf(x[i])), log_of(x[i]),
                                  tanh_of(x[i]),      log1p_of(fabsf(x[i])),         gelu_of(x[i]),
                                  gelu_slope_of(x[i])};
        for (int k = 0; k < SUBJECTS; k++) {
            float got = y[k * MANY + i];
            ck_assert_msg(memcmp(&got, &wanted[k], sizeof got) == 0 ||
                              (isnan(got) && isnan(wanted[k])),
                          "%s(%g) is %.9g in a vector at %s, else %.9g", subjects[k].name,
                          (double)x[i], (double)got, grove_level_name(), (double)wanted[k]);
        }
    }
}
END_TEST

/* ---- levels ---------------------------------------------------------------------------------- */

/* What GROVE_CPU names is the level, where the processor has it; so it is whatever else it says. */
START_TEST(the_level_is_the_one_that_is_forced) {
    const char *wanted = getenv("GROVE_CPU");
    ck_assert_str_eq(grove_level_name(), grove_level_name());
    if (wanted && strcmp(wanted, "baseline") == 0) {
        ck_assert_int_eq(grove_level(), GROVE_LEVEL_BASELINE);
    }
    if (wanted && wanted[0] == 'v') {
        ck_assert(strcmp(grove_level_name(), wanted) <= 0 || grove_level() == 0);
    }
}
END_TEST

int main(int argc, char **argv) {
    Suite *suite = suite_create("functions");
    TCase *numbers = tcase_create("numbers");
    bool all = argc > 1 && strcmp(argv[1], "all") == 0;
    stride = all ? 1 : stride;
    tcase_set_timeout(numbers, all ? 3600 : 60);
    tcase_add_loop_test(numbers, errors_are_as_stated, 0, SUBJECTS);
    tcase_add_test(numbers, special_numbers);
    tcase_add_test(numbers, vectors_and_single_numbers_are_the_same_bits);
    tcase_add_test(numbers, the_level_is_the_one_that_is_forced);
    suite_add_tcase(suite, numbers);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
