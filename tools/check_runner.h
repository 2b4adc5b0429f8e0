/* SPDX-License-Identifier: MIT
 *
 * check_runner.h - runs a command on each of many texts, several at once, each within a time limit.
 */
#ifndef TOOLS_CHECK_RUNNER_H
#define TOOLS_CHECK_RUNNER_H

#include <stdbool.h>
#include <stddef.h>

typedef enum check_result {
    CHECK_PASSED,  /* exit code 0 */
    CHECK_FAILED,  /* another one */
    CHECK_CRASHED, /* ended by a signal that was not ours */
    CHECK_LATE,    /* ended by us when its time was over */
    CHECK_RESULTS
} check_result;
extern const char *const check_result_names[CHECK_RESULTS];

/* The words of a command: blanks part them, quotes of either kind hold blanks together, and a
 * backslash outside of single quotes takes the next sign as it is. Nothing else means anything: no
 * shell reads it. NULL, to be freed with free_words. NULL with *why, where a quote is not closed or
 * there is no word. */
char **check_words(const char *command, const char **why);
void free_words(char **words);

typedef struct check_job {
    char *const *words;       /* ends with NULL; the first is looked up in PATH */
    const char *const *texts; /* [count]; a line end is added */
    size_t count;
    int jobs;       /* at once */
    double seconds; /* for each */
} check_job;

/* results [count]. The text is the command's standard input; what it writes goes nowhere, however
 * much that is. Each runs in a process group of its own, of which nothing is left when it is over.
 * False with a sentence in why [size] where it could not be run; or, `why` empty, after Ctrl-C. */
bool run_checks(const check_job *job, check_result *results, char *why, size_t size);

#endif
