/* SPDX-License-Identifier: MIT
 *
 * option_table.c - the rows of all options, in the order that --help has within a group.
 */
#include "grove/nn.h"
#include "option_row.h"

/* clang-format off */
const option_row option_table[MOST_OPTIONS] = {
#include "options_input.def"
#include "options_model.def"
#include "options_training.def"
#include "options_texts.def"
#include "options_codes.def"
#include "options_output.def"
    {0},
};
