/* SPDX-License-Identifier: MIT
 *
 * Lower case beyond ASCII: the letters it knows, each of them, and all others, which stay.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "data/lower.h"

/* Made by Python's tables of Unicode:
 *
 *     for a, b in (0xC0, 0x17F), (0x386, 0x3AB), (0x400, 0x52F):
 *         for c in map(chr, range(a, b + 1)):
 *             if c.lower() != c and len(c.lower()) == 1 and c != "\u0130": print(c, c.lower())
 */
static const char capitals[] = "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓ"
                               "ÔÕÖØÙÚÛÜÝÞĀĂĄĆĈĊČĎĐĒ"
                               "ĔĖĘĚĜĞĠĢĤĦĨĪĬĮĲĴĶĹĻĽ"
                               "ĿŁŃŅŇŊŌŎŐŒŔŖŘŚŜŞŠŢŤŦ"
                               "ŨŪŬŮŰŲŴŶŸŹŻŽΆΈΉΊΌΎΏΑ"
                               "ΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦ"
                               "ΧΨΩΪΫЀЁЂЃЄЅІЇЈЉЊЋЌЍЎ"
                               "ЏАБВГДЕЖЗИЙКЛМНОПРСТ"
                               "УФХЦЧШЩЪЫЬЭЮЯѠѢѤѦѨѪѬ"
                               "ѮѰѲѴѶѸѺѼѾҀҊҌҎҐҒҔҖҘҚҜ"
                               "ҞҠҢҤҦҨҪҬҮҰҲҴҶҸҺҼҾӀӁӃ"
                               "ӅӇӉӋӍӐӒӔӖӘӚӜӞӠӢӤӦӨӪӬ"
                               "ӮӰӲӴӶӸӺӼӾԀԂԄԆԈԊԌԎԐԒԔ"
                               "ԖԘԚԜԞԠԢԤԦԨԪԬԮ";
static const char smalls[] = "àáâãäåæçèéêëìíîïðñòó"
                             "ôõöøùúûüýþāăąćĉċčďđē"
                             "ĕėęěĝğġģĥħĩīĭįĳĵķĺļľ"
                             "ŀłńņňŋōŏőœŕŗřśŝşšţťŧ"
                             "ũūŭůűųŵŷÿźżžάέήίόύώα"
                             "βγδεζηθικλμνξοπρστυφ"
                             "χψωϊϋѐёђѓєѕіїјљњћќѝў"
                             "џабвгдежзийклмнопрст"
                             "уфхцчшщъыьэюяѡѣѥѧѩѫѭ"
                             "ѯѱѳѵѷѹѻѽѿҁҋҍҏґғҕҗҙқҝ"
                             "ҟҡңҥҧҩҫҭүұҳҵҷҹһҽҿӏӂӄ"
                             "ӆӈӊӌӎӑӓӕӗәӛӝӟӡӣӥӧөӫӭ"
                             "ӯӱӳӵӷӹӻӽӿԁԃԅԇԉԋԍԏԑԓԕ"
                             "ԗԙԛԝԟԡԣԥԧԩԫԭԯ";

START_TEST(each_letter_has_its_small_one) {
    char text[sizeof capitals];
    ck_assert_uint_eq(sizeof capitals, sizeof smalls);
    memcpy(text, capitals, sizeof text);
    grove_lower(text, sizeof text - 1, false);
    ck_assert_str_eq(text, smalls);
    grove_lower(text, sizeof text - 1, false);
    ck_assert_str_eq(text, smalls);
    memcpy(text, capitals, sizeof text);
    grove_lower(text, sizeof text - 1, true);
    ck_assert_str_eq(text, capitals);
}
END_TEST

START_TEST(all_other_characters_stay) {
    size_t changed = 0;
    for (unsigned letter = 0x80; letter < 0x800; letter++) {
        const char c[] = {(char)(0xC0 | letter >> 6), (char)(0x80 | (letter & 0x3F)), '\0'};
        char lower[3];
        memcpy(lower, c, sizeof lower);
        grove_lower(lower, 2, false);
        changed += strcmp(c, lower) != 0;
    }
    ck_assert_uint_eq(changed, strlen(capitals) / 2);
    /* Three bytes, a byte that begins nothing, a first byte without its second, digits. */
    char rest[] = "\xE1\xBA\xA0 \x80 \xC3 \xCE"
                  "A 19";
    grove_lower(rest, strlen(rest), false);
    ck_assert_str_eq(rest, "\xE1\xBA\xA0 \x80 \xC3 \xCE"
                           "a 19");
    char cut[] = "\xC3\x89";
    grove_lower(cut, 1, false);
    ck_assert_str_eq(cut, "\xC3\x89");
}
END_TEST

int main(void) {
    TCase *cases = tcase_create("lower");
    tcase_add_test(cases, each_letter_has_its_small_one);
    tcase_add_test(cases, all_other_characters_stay);
    Suite *suite = suite_create("lower");
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
