/* SPDX-License-Identifier: MIT
 *
 * check_runner.c - texts are standard input of processes; nobody's shell reads them.
 */
#include "check_runner.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common.h"
#include "interrupt.h"

extern char **environ;

enum { MOST_JOBS = 256 };

const char *const check_result_names[CHECK_RESULTS] = {"passed", "failed", "crashed", "late"};

/* ---- words ----------------------------------------------------------------------------------- */

/* Copies the word at *at to `to`, which has room; false: a quote is not closed. */
static bool take_word(const char **at, char *to) {
    char quote = 0;
    for (; **at && (quote || **at != ' '); (*at)++) {
        if (quote ? **at == quote : (**at == '\'' || **at == '"')) {
            quote = quote ? 0 : **at;
        } else {
            *at += **at == '\\' && quote != '\'' && (*at)[1];
            *to++ = **at;
        }
    }
    *to = '\0';
    return !quote;
}

char **check_words(const char *command, const char **why) {
    const size_t length = strlen(command);
    /* At most every second sign begins a word; behind the list lie the words themselves. */
    const size_t most = length / 2 + 2;
    char **words = calloc(1, most * sizeof *words + 2 * length + 2);
    char *room = words ? (char *)(words + most) : NULL;
    size_t count = 0;
    *why = words ? NULL : "out of memory";
    for (const char *at = command; words && !*why;) {
        while (*at == ' ') {
            at++;
        }
        if (!*at) {
            break;
        }
        words[count++] = room;
        *why = take_word(&at, room) ? NULL : "a quote is not closed";
        room += strlen(room) + 1;
    }
    *why = !*why && (count == 0 || !*words[0]) ? "there is no command" : *why;
    if (*why) {
        free(words);
        return NULL;
    }
    return words;
}

void free_words(char **words) {
    free(words);
}

/* ---- processes ------------------------------------------------------------------------------- */

typedef struct child {
    pid_t pid; /* 0: none */
    size_t text;
    double until;
    bool is_late;
} child;

/* A file that has no name any more, with the text in it, read from its beginning. */
static FILE *file_of(const char *text) {
    FILE *file = tmpfile();
    if (file && (fputs(text, file) < 0 || fputc('\n', file) < 0 || fflush(file) != 0 ||
                 fseek(file, 0, SEEK_SET) != 0)) {
        fclose(file);
        file = NULL;
    }
    return file;
}

/* Signals are the child's as if nobody had asked for them here. */
static int spawn(char *const *words, int input, pid_t *pid) {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    sigset_t usual;
    sigemptyset(&usual);
    sigaddset(&usual, SIGINT);
    sigaddset(&usual, SIGTERM);
    sigaddset(&usual, SIGHUP);
    sigaddset(&usual, SIGPIPE);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&how);
    posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&how, 0);
    posix_spawnattr_setsigdefault(&how, &usual);
    const int failure = posix_spawnp(pid, words[0], &files, &how, words, environ);
    posix_spawnattr_destroy(&how);
    posix_spawn_file_actions_destroy(&files);
    return failure;
}

static bool begin(const check_job *job, size_t text, child *c, char *why, size_t size) {
    FILE *input = file_of(job->texts[text]);
    const int failure = input ? spawn(job->words, fileno(input), &c->pid) : errno;
    if (input) {
        fclose(input);
    }
    if (failure) {
        c->pid = 0;
        snprintf(why, size, "cannot run '%.200s': %s", job->words[0], strerror(failure));
        return false;
    }
    c->text = text;
    c->until = seconds_now() + job->seconds;
    c->is_late = false;
    return true;
}

/* True when it is over. What it left running in its group ends, too. */
static bool look(child *c, check_result *results) {
    int status = 0;
    if (!c->is_late && seconds_now() > c->until) {
        c->is_late = true;
        kill(-c->pid, SIGKILL);
    }
    if (waitpid(c->pid, &status, WNOHANG) != c->pid) {
        return false;
    }
    kill(-c->pid, SIGKILL);
    results[c->text] = c->is_late                                      ? CHECK_LATE
                       : WIFEXITED(status) && WEXITSTATUS(status) == 0 ? CHECK_PASSED
                       : WIFEXITED(status)                             ? CHECK_FAILED
                                                                       : CHECK_CRASHED;
    c->pid = 0;
    return true;
}

static void end_all(child *children, int jobs) {
    for (int k = 0; k < jobs; k++) {
        if (children[k].pid > 0) {
            kill(-children[k].pid, SIGKILL);
            waitpid(children[k].pid, NULL, 0);
        }
    }
}

static void rest(void) {
    const struct timespec time = {0, 1000000};
    nanosleep(&time, NULL);
}

bool run_checks(const check_job *job, check_result *results, char *why, size_t size) {
    static child children[MOST_JOBS];
    const int jobs = job->jobs < MOST_JOBS ? job->jobs : MOST_JOBS;
    size_t next = 0, over = 0;
    bool good = true;
    memset(children, 0, sizeof children);
    why[0] = '\0';
    interrupt_watch();
    while (good && over < job->count) {
        size_t ended = 0;
        for (int k = 0; k < jobs && good; k++) {
            ended += children[k].pid > 0 && look(&children[k], results);
            if (children[k].pid == 0 && next < job->count) {
                good = begin(job, next, &children[k], why, size);
                next += good;
            }
        }
        over += ended;
        good = good && !interrupt_noted();
        if (ended == 0) {
            rest();
        }
    }
    end_all(children, jobs);
    interrupt_release();
    return good;
}
