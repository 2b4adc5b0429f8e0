/* SPDX-License-Identifier: MIT
 *
 * plain.h - predict with a model that has no schema: any graph that a program saved.
 */
#ifndef TOOLS_PLAIN_H
#define TOOLS_PLAIN_H

#include "common.h"

/* An input [batch] called x reads the column x; an input [batch, 3] the columns x.0, x.1, x.2. Ids
 * are whole numbers, all else numbers. Outputs become columns in the same way. */
int predict_plain(const options *o, const grove_model *model);

#endif
