/* SPDX-License-Identifier: MIT
 *
 * Numbers as text. strtod and printf follow the locale only in the decimal point; so strtod is
 * given text without one, and of what printf writes the digits alone are used. */
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

/* The digits of a number without leading zeros, and the power of ten of the last one. A double is
 * decided by 768 digits and whether anything but zeros follows; so more are never kept. */
enum { MOST_DIGITS = 800 };
typedef struct decimal {
    char digits[MOST_DIGITS + 24]; /* room for what strtod wants to see behind them */
    size_t count;
    long exponent;
    bool rest; /* digits other than 0 were dropped */
} decimal;

static void take_digit(decimal *number, char digit, bool behind_point) {
    if (number->count == 0 && digit == '0') {
        number->exponent -= behind_point;
    } else if (number->count < MOST_DIGITS) {
        number->digits[number->count++] = digit;
        number->exponent -= behind_point;
    } else {
        number->rest = number->rest || digit != '0';
        number->exponent += !behind_point;
    }
}

/* Reads digits with at most one point; returns where they end, NULL if there is no digit. */
static const char *take_digits(decimal *number, const char *at, const char *end, char sign) {
    bool any = false, point = false;
    for (; at < end && ((*at >= '0' && *at <= '9') || (*at == sign && !point)); at++) {
        if (*at == sign) {
            point = true;
        } else {
            take_digit(number, *at, point);
            any = true;
        }
    }
    return any ? at : NULL;
}

/* Reads "e-12" to the end; false if something else stands there. Exponents beyond 100,000,000 are
 * all alike. */
static bool take_exponent(decimal *number, const char *at, const char *end) {
    if (at == end) {
        return true;
    }
    if (*at != 'e' && *at != 'E') {
        return false;
    }
    at++;
    bool negative = at < end && *at == '-';
    at += at < end && (*at == '-' || *at == '+');
    if (at == end) {
        return false;
    }
    long exponent = 0;
    for (; at < end; at++) {
        if (*at < '0' || *at > '9') {
            return false;
        }
        exponent = exponent < 100000000 ? exponent * 10 + (*at - '0') : exponent;
    }
    number->exponent += negative ? -exponent : exponent;
    return true;
}

/* Up to 15 digits and a power of ten up to 22 are doubles without rounding, so one multiplication
 * or division rounds once, and the result is right (Clinger 1990). */
static const double POWERS[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static bool convert_exactly(const decimal *number, double *value) {
    if (number->count > 15 || number->exponent < -22 || number->exponent > 22) {
        return false;
    }
    int64_t digits = 0;
    for (size_t i = 0; i < number->count; i++) {
        digits = digits * 10 + (number->digits[i] - '0');
    }
    *value = number->exponent < 0 ? (double)digits / POWERS[-number->exponent]
                                  : (double)digits * POWERS[number->exponent];
    return true;
}

static double convert(decimal *number) {
    double value;
    if (number->count == 0) {
        return 0;
    }
    if (!convert_exactly(number, &value)) {
        if (number->rest) {
            number->digits[number->count++] = '1';
            number->exponent--;
        }
        snprintf(number->digits + number->count, 24, "e%ld", number->exponent);
        value = strtod(number->digits, NULL);
    }
    return value;
}

/* What nearly all numbers are: up to 15 digits, perhaps with a point. False for others, and for
 * what is no number. */
static bool parse_short(const char *at, const char *end, char sign, double *value) {
    const char *point = NULL;
    size_t digits = (size_t)(end - at);
    int64_t number = 0;
    if (digits > 16) {
        return false;
    }
    for (; at < end; at++) {
        unsigned digit = (unsigned)(unsigned char)*at - '0';
        if (digit <= 9) {
            number = number * 10 + digit;
        } else if (*at == sign && !point) {
            point = at;
        } else {
            return false;
        }
    }
    digits -= point != NULL;
    if (digits == 0 || digits > 15) {
        return false;
    }
    size_t fraction = point ? (size_t)(end - point) - 1 : 0;
    *value = fraction ? (double)number / POWERS[fraction] : (double)number;
    return true;
}

static bool parse_long(const char *at, const char *end, char sign, double *value) {
    decimal number;
    number.count = 0;
    number.exponent = 0;
    number.rest = false;
    at = take_digits(&number, at, end, sign);
    if (!at || !take_exponent(&number, at, end)) {
        return false;
    }
    *value = convert(&number);
    return true;
}

/* `sign` stands where a fraction begins. */
static inline bool parse(const char *bytes, size_t length, char sign, double *value) {
    const char *at = bytes, *end = bytes + length;
    double size = 0;
    while (at < end && (*at == ' ' || *at == '\t')) {
        at++;
    }
    while (end > at && (end[-1] == ' ' || end[-1] == '\t')) {
        end--;
    }
    bool negative = at < end && *at == '-';
    at += at < end && (*at == '-' || *at == '+');
    if (!parse_short(at, end, sign, &size) && !parse_long(at, end, sign, &size)) {
        return false;
    }
    *value = negative ? -size : size;
    return isfinite(size);
}

bool grove_parse_number(const char *bytes, size_t length, double *value) {
    return parse(bytes, length, '.', value);
}

bool grove_table_number(const grove_table *table, grove_cell cell, double *value) {
    return parse(cell.bytes, cell.length, table->decimal, value);
}

/* ---- writing --------------------------------------------------------------------------------- */

/* The digits of |value|, `count` of them, without trailing zeros, and the power of ten of the
 * first: printf's d.ddde+xx without whatever stands for the point. */
static int digits_of(double value, int count, char digits[20], size_t *used) {
    char text[48];
    snprintf(text, sizeof text, "%.*e", count - 1, fabs(value));
    const char *at = text;
    size_t n = 0;
    for (; *at != 'e'; at++) {
        if (*at >= '0' && *at <= '9') {
            digits[n++] = *at;
        }
    }
    while (n > 1 && digits[n - 1] == '0') {
        n--;
    }
    digits[n] = '\0';
    *used = n;
    return (int)strtol(at + 1, NULL, 10);
}

/* The same for a float, faster, where it can be told: a power of ten up to 22 times the float is
 * rounded once, which moves what is below 10^9 by less than 10^-6, so only near the middle of two
 * numbers of so many digits may it be wrong. False there, and for very small and large floats. */
static bool digits_of_float(double value, int count, char digits[20], size_t *used, int *exponent,
                            double *back) {
    int binary;
    (void)frexp(value, &binary);
    int first = (int)floor((binary - 1) * 0.30102999566398120), power = count - 1 - first;
    if (power < 1 || power > 22) {
        return false;
    }
    double scaled = value * POWERS[power];
    if (scaled >= POWERS[count]) {
        scaled = value * POWERS[--power];
    }
    double whole = floor(scaled), rest = scaled - whole;
    if (fabs(rest - 0.5) < 1e-6) {
        return false;
    }
    whole += rest > 0.5;
    *back = whole / POWERS[power];
    *exponent = count - 1 - power + (whole >= POWERS[count]);
    int64_t number = (int64_t)whole;
    size_t n = 20;
    for (; number > 0; number /= 10) {
        digits[--n] = (char)('0' + number % 10);
    }
    memmove(digits, digits + n, 20 - n);
    for (*used = 20 - n; *used > 1 && digits[*used - 1] == '0';) {
        --*used;
    }
    return true;
}

/* Digits and exponent as people write them: 0.001, 1234.5, 1e+20. */
static void lay_out(char buffer[32], bool negative, const char digits[20], int used, int exponent) {
    char *to = buffer;
    if (negative) {
        *to++ = '-';
    }
    bool scientific = exponent < -5 || exponent > 16;
    int whole = scientific ? 1 : exponent + 1; /* digits before the point */
    if (whole <= 0) {
        *to++ = '0';
    }
    for (int i = 0; i < whole; i++) {
        *to++ = i < used ? digits[i] : '0';
    }
    for (int i = whole; i < used; i++) {
        if (i == whole) {
            *to++ = '.';
        }
        *to++ = i < 0 ? '0' : digits[i];
    }
    *to = '\0';
    if (scientific) {
        snprintf(to, 8, "e%+03d", exponent);
    }
}

/* A decimal of up to `least` digits survives the way through the type, so fewer need not be tried:
 * trailing zeros are dropped anyway. `most` always suffice. */
static const char *format(char buffer[32], double value, bool single, int least, int most) {
    const double size = fabs(value);
    char digits[20];
    size_t used = 0;
    int exponent = 0;
    if (isnan(value) || isinf(value)) {
        return strcpy(buffer, isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
    }
    if (size < (single ? (double)FLT_MIN : DBL_MIN)) {
        least = 1; /* below the normal range there are fewer digits to survive */
    }
    for (int count = least; count <= most; count++) {
        double back = 0;
        bool finite = single && size >= (double)FLT_MIN &&
                      digits_of_float(size, count, digits, &used, &exponent, &back);
        if (!finite) {
            exponent = digits_of(size, count, digits, &used);
            lay_out(buffer, false, digits, (int)used, exponent);
            finite = grove_parse_number(buffer, strlen(buffer), &back);
        }
        if (finite && (single ? (float)back == (float)size : back == size)) {
            break;
        }
    }
    lay_out(buffer, signbit(value), digits, (int)used, exponent);
    return buffer;
}

const char *grove_format_number(char buffer[32], double value) {
    return format(buffer, value, false, 15, 17);
}

const char *grove_format_float(char buffer[32], float value) {
    return format(buffer, (double)value, true, 6, 9);
}
