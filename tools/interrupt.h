/* SPDX-License-Identifier: MIT
 *
 * interrupt.h - Ctrl-C and other requests to end, heard and answered when it suits.
 */
#ifndef TOOLS_INTERRUPT_H
#define TOOLS_INTERRUPT_H

/* From here on the first SIGINT, SIGTERM or SIGHUP is only noted; the second ends the program at
 * once. What the caller of the program has set to be ignored (nohup) stays ignored. */
void interrupt_watch(void);
/* As it was before. */
void interrupt_release(void);

/* The signal that was noted, or 0. */
int interrupt_noted(void);

#endif
