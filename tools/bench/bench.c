/* SPDX-License-Identifier: MIT
 *
 * bench - how fast is a step, and how near to what the machine can do?
 *
 *     bench [WORKLOAD...] [--sweep NAME] [--threads N] [--json] [--profile]
 *
 * Each workload runs in a process of its own, so that its peak memory is its own. README.md beside
 * this file explains the columns.
 */
#include <argp.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../profile.h"
#include "bench.h"

typedef struct wishes {
    int threads, repeats;
    double seconds; /* of a repeat */
    bool json, profile, list;
    char **names;
    int count;
    const sweep *sweep;
    int64_t size; /* of the sweep's point */
} wishes;

enum { REPEATS = 7, MOST_REPEATS = 99 };

typedef struct reading {
    double median, best; /* seconds a step */
} reading;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* ---- measuring ------------------------------------------------------------------------------- */

/* Seconds a step, of as many steps as fill the time. */
static bool repeat(job *job, double seconds, double *step) {
    double begin = now(), end = begin;
    long steps = 0;
    for (long many = 1; steps == 0 || end - begin < seconds; many = many < 1024 ? 2 * many : many) {
        for (long i = 0; i < many; i++) {
            if (!job->step(job)) {
                return false;
            }
        }
        steps += many;
        end = now();
    }
    *step = (end - begin) / (double)steps;
    return true;
}

/* One repeat more than is counted comes first: it warms what is cold. */
static bool measure(job *job, const wishes *wish, reading *r) {
    double times[MOST_REPEATS + 1];
    for (int i = 0; i <= wish->repeats; i++) {
        if (!repeat(job, wish->seconds, &times[i])) {
            return false;
        }
    }
    qsort(times + 1, (size_t)wish->repeats, sizeof *times, by_size);
    *r = (reading){.median = times[1 + wish->repeats / 2], .best = times[1]};
    return true;
}

static double bound_of(const job *job) {
    double bound = 0;
    if (job->flop > 0) {
        bound += job->flop / bench_product_rate(job->threads);
    }
    if (job->bytes > 0) {
        bound += job->bytes / bench_copy_rate(job->set, job->threads);
    }
    if (job->rows > 0) {
        bound += job->rows * bench_row_time(job->row_bytes, job->row_set) / job->threads;
    }
    return bound;
}

/* ---- telling --------------------------------------------------------------------------------- */

static void tell_json(const workload *w, const job *job, reading r, double bound, double rss) {
    json_t *line = json_pack("{s:s, s:i, s:f, s:f}", "work", w->name, "threads", job->threads,
                             "us_median", r.median * 1e6, "us_best", r.best * 1e6);
    json_object_set_new(line, "bound_us", bound > 0 ? json_real(bound * 1e6) : json_null());
    json_object_set_new(line, "bound_fraction",
                        bound > 0 ? json_real(bound / r.median) : json_null());
    json_object_set_new(line, "rss_mb", json_real(rss));
    if (job->size > 0) {
        json_object_set_new(line, "size", json_integer(job->size));
    }
    if (job->plan) {
        grove_plan_stats stats = grove_plan_statistics(job->plan);
        json_object_set_new(line, "block_mb", json_real((double)stats.block_bytes / 1e6));
        json_object_set_new(line, "block_bound_mb", json_real((double)stats.bound_bytes / 1e6));
    }
    json_dumpf(line, stdout, JSON_REAL_PRECISION(5));
    printf("\n");
    json_decref(line);
}

static void tell(const workload *w, const job *job, reading r, double bound, double rss) {
    printf("%-20s %7d %12.1f %12.1f", w->name, job->threads, r.median * 1e6, r.best * 1e6);
    if (bound > 0) {
        printf(" %10.1f %8.2f", bound * 1e6, bound / r.median);
    } else {
        printf(" %10s %8s", "-", "-");
    }
    printf(" %9.1f", rss);
    if (job->plan) {
        grove_plan_stats stats = grove_plan_statistics(job->plan);
        printf(" %10.2f %10.2f", (double)stats.block_bytes / 1e6, (double)stats.bound_bytes / 1e6);
    }
    printf("\n");
}

static bool run(const workload *w, const wishes *wish) {
    job job = {.threads = wish->threads, .size = wish->size, .profile = wish->profile};
    reading r;
    if (!w->prepare(&job) || !measure(&job, wish, &r)) {
        return false;
    }
    double rss = peak_memory() / 1048576;
    (wish->json ? tell_json : tell)(w, &job, r, bound_of(&job), rss);
    if (wish->profile && job.plan) {
        grove_op_time times[PROFILE_OPS];
        print_profile(times, grove_plan_profile(job.plan, times, PROFILE_OPS));
    }
    if (job.end) {
        job.end(&job);
    }
    return true;
}

/* In a process of its own. */
static bool run_alone(const workload *w, const wishes *wish) {
    int status = 1;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        bool good = run(w, wish);
        fflush(stdout);
        _exit(good ? 0 : 1);
    }
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static bool run_sweep(const wishes *wish) {
    const sweep *s = wish->sweep;
    bool good = true;
    for (int i = 0; s->sizes[i]; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s_%lld", s->name, (long long)s->sizes[i]);
        const workload point = {name, s->what, s->prepare};
        wishes one = *wish;
        one.size = s->sizes[i];
        good = run_alone(&point, &one) && good;
    }
    return good;
}

/* ---- what is wished -------------------------------------------------------------------------- */

enum { THREADS = 1, JSON, PROFILE, REPEAT, SECONDS, LIST, SWEEP };

static const struct argp_option options[] = {
    {"threads", THREADS, "N", 0, "threads of the plan (default 1)", 0},
    {"json", JSON, NULL, 0, "one JSON object a line", 0},
    {"profile", PROFILE, NULL, 0, "also print where the time goes, op by op", 0},
    {"repeats", REPEAT, "N", 0, "repeats, an odd number (default 7)", 0},
    {"seconds", SECONDS, "S", 0, "of each repeat (default 0.15)", 0},
    {"sweep", SWEEP, "NAME", 0, "one workload at several sizes, instead of the others", 0},
    {"list", LIST, NULL, 0, "print the workloads, and what each is", 0},
    {0},
};

static const workload *find(const char *name) {
    for (int i = 0; i < workload_count; i++) {
        if (strcmp(workloads[i].name, name) == 0) {
            return &workloads[i];
        }
    }
    return NULL;
}

static const sweep *find_sweep(const char *name) {
    for (int i = 0; i < sweep_count; i++) {
        if (strcmp(sweeps[i].name, name) == 0) {
            return &sweeps[i];
        }
    }
    return NULL;
}

/* A whole number from 1 to `most`, or the end. */
static int whole(struct argp_state *state, const char *option, const char *text, long most) {
    char *end;
    long number = strtol(text, &end, 10);
    if (*end || end == text || number < 1 || number > most) {
        argp_error(state, "--%s takes a whole number from 1 to %ld, not '%s'", option, most, text);
    }
    return (int)number;
}

static error_t parse(int key, char *text, struct argp_state *state) {
    wishes *wish = state->input;
    char *end;
    switch (key) {
    case THREADS:
        wish->threads = whole(state, "threads", text, 1024);
        return 0;
    case REPEAT:
        wish->repeats = whole(state, "repeats", text, MOST_REPEATS);
        return 0;
    case SECONDS:
        wish->seconds = strtod(text, &end);
        if (*end || !(wish->seconds >= 0 && wish->seconds <= 3600)) {
            argp_error(state, "--seconds takes a number from 0 to 3600, not '%s'", text);
        }
        return 0;
    case JSON:
        wish->json = true;
        return 0;
    case PROFILE:
        wish->profile = true;
        return 0;
    case LIST:
        wish->list = true;
        return 0;
    case SWEEP:
        wish->sweep = find_sweep(text);
        if (!wish->sweep) {
            argp_error(state, "there is no sweep '%s' (--list prints them)", text);
        }
        return 0;
    case ARGP_KEY_ARG:
        if (!find(text)) {
            argp_error(state, "there is no workload '%s' (--list prints them)", text);
        }
        wish->names = &state->argv[state->next - 1];
        wish->count = state->argc - state->next + 1;
        for (int i = 0; i < wish->count; i++) {
            if (!find(wish->names[i])) {
                argp_error(state, "there is no workload '%s' (--list prints them)", wish->names[i]);
            }
        }
        state->next = state->argc;
        return 0;
    case ARGP_KEY_END:
        if (wish->sweep && wish->count > 0) {
            argp_error(state, "--sweep and names of workloads exclude each other");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void print_head(const wishes *wish) {
    if (!wish->json) {
        printf("%-20s %7s %12s %12s %10s %8s %9s %10s %10s\n", "workload", "threads", "median us",
               "best us", "bound us", "fraction", "rss MB", "block MB", "least MB");
    }
}

static void print_list(void) {
    for (int i = 0; i < workload_count; i++) {
        printf("%-16s %s\n", workloads[i].name, workloads[i].what);
    }
    printf("\nsweeps:\n");
    for (int i = 0; i < sweep_count; i++) {
        printf("%-16s %s\n", sweeps[i].name, sweeps[i].what);
    }
}

int main(int argc, char **argv) {
    static const struct argp argp = {
        options, parse, "[WORKLOAD...]", "Times steps: training steps of models, and more.", NULL,
        NULL,    NULL};
    wishes wish = {.threads = 1, .repeats = REPEATS, .seconds = 0.15};
    bool good = true;
    argp_parse(&argp, argc, argv, 0, NULL, &wish);
    if (wish.list) {
        print_list();
        return 0;
    }
    print_head(&wish);
    if (wish.sweep) {
        return run_sweep(&wish) ? 0 : 1;
    }
    for (int i = 0; i < workload_count && wish.count == 0; i++) {
        good = run_alone(&workloads[i], &wish) && good;
    }
    for (int i = 0; i < wish.count; i++) {
        good = run_alone(find(wish.names[i]), &wish) && good;
    }
    return good ? 0 : 1;
}
