/* SPDX-License-Identifier: MIT
 *
 * Files that are written whole or not at all: alone, several together, by a process that is killed;
 * and where a file system has no hard links, or does not let a file take its place. (This program's
 * own link, linkat and rename stand before the C library's.) */
#define _GNU_SOURCE /* syscall */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "grove/atomic_file.h"

enum { FILES = 3, BYTES = 3 * GROVE_ATOMIC_BUFFER / 2 };

static bool no_links;
static int renames_before_one_fails; /* 0: none does */

int linkat(int from, const char *name, int to, const char *other, int flags) {
    errno = EPERM;
    return no_links ? -1 : (int)syscall(SYS_linkat, from, name, to, other, flags);
}
int link(const char *name, const char *other) {
    return linkat(AT_FDCWD, name, AT_FDCWD, other, 0);
}
int rename(const char *from, const char *to) {
    errno = EACCES;
    return renames_before_one_fails > 0 && --renames_before_one_fails == 0
               ? -1
               : renameat(AT_FDCWD, from, AT_FDCWD, to);
}

/* ---- a folder of its own for each test ------------------------------------------------------- */

static char folder[] = "/tmp/grove-atomic-XXXXXX";
static char paths[FILES][64];

static void enter(void) {
    no_links = false;
    renames_before_one_fails = 0;
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    for (int i = 0; i < FILES; i++) {
        snprintf(paths[i], sizeof paths[i], "%s/%d", folder, i);
    }
}
static void leave(void) {
    for (int i = 0; i < FILES; i++) {
        remove(paths[i]);
    }
    ck_assert_msg(rmdir(folder) == 0, "something is left in %s", folder);
}

static int files_there(void) {
    int count = 0;
    DIR *d = opendir(folder);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        count += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    }
    closedir(d);
    return count;
}

static bool can_be_nameless(void) {
    int file = open(folder, O_RDWR | O_TMPFILE, 0600);
    return file >= 0 && close(file) == 0;
}

/* BYTES of the letter, not yet committed. */
static void begin(grove_atomic_file *file, const char *path, char letter) {
    static char bytes[BYTES];
    memset(bytes, letter, BYTES);
    grove_atomic_begin(file, NULL, path, NULL);
    grove_atomic_write(file, bytes, 10);
    grove_atomic_write(file, bytes, BYTES - 10);
}
static void write_old(const char *path) {
    FILE *file = fopen(path, "w");
    ck_assert_int_eq(fputs("old", file) < 0, 0);
    fclose(file);
    ck_assert_int_eq(chmod(path, 0640), 0);
}

/* What a file holds: a letter, '-' for the old words, 0 for no file at all. */
static char content(const char *path) {
    static char bytes[BYTES + 1];
    FILE *file = fopen(path, "r");
    if (!file) {
        return 0;
    }
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    if (size == 3 && memcmp(bytes, "old", 3) == 0) {
        return '-';
    }
    ck_assert_uint_eq(size, BYTES);
    for (size_t i = 1; i < size; i++) {
        ck_assert_int_eq(bytes[i], bytes[0]);
    }
    return bytes[0];
}

/* ---- one file -------------------------------------------------------------------------------- */

static void write_one(bool links) {
    grove_atomic_file file;
    struct stat is;
    no_links = !links;
    write_old(paths[0]);
    begin(&file, paths[0], 'a');
    ck_assert_int_eq(content(paths[0]), '-');
    ck_assert_int_eq(grove_atomic_commit(&file, NULL), GROVE_OK);
    ck_assert_int_eq(content(paths[0]), 'a');
    ck_assert_int_eq(stat(paths[0], &is), 0);
    ck_assert_uint_eq(is.st_mode & 0777, 0640);
    begin(&file, paths[1], 'b');
    ck_assert_int_eq(grove_atomic_commit(&file, NULL), GROVE_OK);
    ck_assert_int_eq(content(paths[1]), 'b');
    begin(&file, paths[2], 'c');
    grove_atomic_abort(&file);
    ck_assert_int_eq(files_there(), 2);
}

START_TEST(one_file) {
    write_one(true);
}
END_TEST

START_TEST(where_there_are_no_links) {
    write_one(false);
}
END_TEST

START_TEST(a_process_that_is_killed_leaves_nothing) {
    if (!can_be_nameless()) {
        return;
    }
    write_old(paths[0]);
    pid_t child = fork();
    if (child == 0) {
        static grove_atomic_file one, other; /* or valgrind would miss their memory */
        begin(&one, paths[0], 'a');
        begin(&other, paths[1], 'b');
        raise(SIGKILL);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(content(paths[0]), '-');
    ck_assert_int_eq(files_there(), 1);
}
END_TEST

/* ---- all of them or none --------------------------------------------------------------------- */

/* The first and the last take the place of old ones, the second is new. */
static grove_status write_all(const char *last, grove_error *error) {
    grove_atomic_file files[FILES], *each[FILES];
    write_old(paths[0]);
    write_old(paths[2]);
    for (int i = 0; i < FILES; i++) {
        each[i] = &files[i];
        begin(each[i], i == 2 && last ? last : paths[i], (char)('a' + i));
    }
    return grove_atomic_commit_all(each, FILES, error);
}

START_TEST(all_of_them) {
    ck_assert_int_eq(write_all(NULL, NULL), GROVE_OK);
    for (int i = 0; i < FILES; i++) {
        ck_assert_int_eq(content(paths[i]), 'a' + i);
    }
    ck_assert_int_eq(files_there(), FILES);
}
END_TEST

static void expect_none(grove_status status, const grove_error *error, const char *words) {
    ck_assert_int_eq(status, GROVE_NO_FILE);
    ck_assert_msg(strstr(error->message, words) != NULL, "%s", error->message);
    ck_assert_int_eq(content(paths[0]), '-');
    ck_assert_int_eq(content(paths[1]), 0);
    ck_assert_int_eq(content(paths[2]), '-');
    ck_assert_int_eq(files_there(), 2);
}

START_TEST(none_where_one_does_not_take_its_place) {
    for (int i = 1; i <= FILES; i++) {
        grove_error error = {0};
        renames_before_one_fails = i;
        grove_status status = write_all(NULL, &error);
        expect_none(status, &error, paths[i - 1]);
    }
}
END_TEST

START_TEST(none_where_one_cannot_be_written) {
    grove_error error = {0};
    grove_status status = write_all("/dev/full", &error);
    expect_none(status, &error, "/dev/full");
    error = (grove_error){0};
    status = write_all("/nowhere/at/all", &error);
    expect_none(status, &error, "/nowhere/at/all");
}
END_TEST

/* Without a second name what was replaced is gone; what is new can still be taken back. */
START_TEST(what_can_be_taken_back_without_links) {
    grove_error error = {0};
    no_links = true;
    renames_before_one_fails = 3;
    ck_assert_int_eq(write_all(NULL, &error), GROVE_NO_FILE);
    ck_assert_int_eq(content(paths[0]), 'a');
    ck_assert_int_eq(content(paths[1]), 0);
    ck_assert_int_eq(content(paths[2]), '-');
    ck_assert_int_eq(files_there(), 2);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("atomic file");
    TCase *cases = tcase_create("atomic file");
    tcase_add_checked_fixture(cases, enter, leave);
    tcase_add_test(cases, one_file);
    tcase_add_test(cases, where_there_are_no_links);
    tcase_add_test(cases, a_process_that_is_killed_leaves_nothing);
    tcase_add_test(cases, all_of_them);
    tcase_add_test(cases, none_where_one_does_not_take_its_place);
    tcase_add_test(cases, none_where_one_cannot_be_written);
    tcase_add_test(cases, what_can_be_taken_back_without_links);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
