/* SPDX-License-Identifier: MIT
 *
 * stream.h - training on data that are not held in memory: a source that is surveyed, then written
 * to a file of rows, from which grove_fit takes them.
 */
#ifndef TOOLS_STREAM_H
#define TOOLS_STREAM_H

#include "common.h"

typedef struct stream {
    grove_source *source; /* NULL: the table is held in memory */
    grove_source *valid;  /* of --valid */
    grove_holdout holdout;
    grove_survey_result surveyed, counted;
    grove_row_file *rows;
    bool reused; /* the rows were there, in the file of --cache */
    double written;
} stream;

/* An option that needs the table in memory, "--split group:COLUMN", if one is given; else NULL. */
const char *stream_obstacle(const options *o);

/* Is the data to be streamed: asked for, or too large for --max-memory? Opens the source then.
 * Complains and returns an exit code on failure. */
int stream_open(stream *s, const options *o);

/* Finds out what the label holds, and why that is said, and surveys. */
int stream_survey(stream *s, const options *o, grove_schema **schema, grove_target_kind *target,
                  char reason[GROVE_REASON_SIZE]);

/* Writes the rows, or takes them from --cache. */
int stream_rows(stream *s, const options *o, const grove_schema *schema);

void stream_close(stream *s);

/* {"by":"hash"...} as json_split. */
json_t *json_stream_split(const stream *s);

#endif
