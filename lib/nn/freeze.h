/* SPDX-License-Identifier: MIT
 *
 * nn/freeze.h - how an optimizer leaves the frozen rows of a table alone: by compositions, so that
 * no update needs to know of them.
 */
#ifndef GROVE_NN_FREEZE_H
#define GROVE_NN_FREEZE_H

#include "grove/ops.h"

/* The gradient without the frozen rows of its parameter, row-sparse; the gradient itself where none
 * are frozen. */
grove_tensor grove_without_frozen_rows(grove_tensor parameter, grove_tensor gradient);

/* Sets the clocks of frozen rows to the end of time: nothing that is to come was missed. */
void grove_stop_frozen_clocks(grove_tensor parameter, grove_tensor clock);

#endif
