/* SPDX-License-Identifier: MIT
 *
 * Where tables come from. */
#include "grove/data_source.h"

#include <string.h>

#include "base/error.h"
#include "sqlite.h"

bool grove_source_is_database(const char *source) {
    return grove_is_sqlite(source);
}

bool grove_source_path(const char *source, char *path, size_t size) {
    bool database = grove_is_sqlite(source);
    if (!source || strcmp(source, "-") == 0) {
        return false;
    }
    size_t length = database ? grove_sqlite_file_length(source) : strlen(source);
    if (length >= size) {
        return false;
    }
    if (database) {
        return grove_sqlite_unescape(grove_sqlite_file(source), length, path);
    }
    memcpy(path, source, length + 1);
    return true;
}

static grove_status read_database(const char *source, const grove_csv_options *options,
                                  grove_table **table, grove_error *error) {
    grove_sqlite_reader r;
    grove_status status =
        grove_sqlite_open(&r, source, options ? &options->allocator : NULL, error);
    if (status == GROVE_OK) {
        status = grove_sqlite_read(&r, SIZE_MAX);
    }
    if (status == GROVE_OK) {
        *table = r.table;
        r.table = NULL;
    }
    grove_sqlite_close(&r);
    return status;
}

grove_status grove_table_read(const char *source, const grove_csv_options *options,
                              grove_table **table, grove_error *error) {
    grove_error_clear(error);
    *table = NULL;
    return grove_is_sqlite(source) ? read_database(source, options, table, error)
                                   : grove_table_read_csv(source, options, table, error);
}
