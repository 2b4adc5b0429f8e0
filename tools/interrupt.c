/* SPDX-License-Identifier: MIT */
#include "interrupt.h"

#include <signal.h>
#include <stddef.h>

static const int watched[] = {SIGINT, SIGTERM, SIGHUP};
enum { WATCHED = sizeof watched / sizeof *watched };

static struct sigaction before[WATCHED];
static volatile sig_atomic_t noted;

static void note(int number) {
    if (noted) {
        signal(number, SIG_DFL);
        raise(number); /* arrives when this handler returns */
    }
    noted = number;
}

void interrupt_watch(void) {
    struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    noted = 0;
    for (int i = 0; i < WATCHED; i++) {
        sigaction(watched[i], NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN) {
            sigaction(watched[i], &action, NULL);
        }
    }
}

void interrupt_release(void) {
    for (int i = 0; i < WATCHED; i++) {
        sigaction(watched[i], &before[i], NULL);
    }
}

int interrupt_noted(void) {
    return noted;
}
