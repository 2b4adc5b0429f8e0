/* SPDX-License-Identifier: MIT
 *
 * asked.c - what reading options has to ask: the file system, and the library.
 */
#include <limits.h>
#include <sys/stat.h>

#include "grove/grove.h"
#include "options.h"

bool is_same_file(const char *a, const char *b) {
    struct stat first, second;
    return stat(a, &first) == 0 && stat(b, &second) == 0 && S_ISREG(first.st_mode) &&
           first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

bool is_read_from(const char *file, const char *table) {
    char path[PATH_MAX];
    return grove_source_path(table, path, sizeof path) && is_same_file(file, path);
}

bool is_database(const char *table) {
    return grove_source_is_database(table);
}

bool plan_takes_threads(int threads) {
    grove_graph *graph = grove_graph_new(NULL);
    grove_tensor number = grove_fill(graph, GROVE_SHAPE(1), 0);
    grove_plan *plan = grove_plan_new(graph, &number, 1, &(grove_plan_options){.threads = threads});
    bool refused = grove_plan_error(plan)->status == GROVE_BAD_ARGUMENT;
    grove_plan_free(plan);
    grove_graph_free(graph);
    return !refused;
}
