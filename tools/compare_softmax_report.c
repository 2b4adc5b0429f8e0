/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "compare_softmax.h"
#include "page.h"
#include "settings.h"

/* ---- in words -------------------------------------------------------------------------------- */

static void print_costs(const loss_comparison *c) {
    printf("%-22s %12s %10s  %-26s %-26s %s\n", "", "us a step", "MB", "log loss (95 %)",
           "accuracy (95 %)", "top-10");
    for (int i = 0; i < c->count; i++) {
        const compared_loss *l = &c->losses[i];
        printf("%-22s %12.1f %10.1f  %.4f (%.4f to %.4f)%*s%.4f (%.4f to %.4f)   %.4f\n", l->name,
               l->step_us, l->memory / 1e6, l->log_loss.value, l->log_loss.low, l->log_loss.high, 3,
               "", l->accuracy.value, l->accuracy.low, l->accuracy.high, l->top_10.value);
    }
}

static void print_draws(const loss_comparison *c) {
    printf("\nover %d draws, on the same rows with the weights of the full softmax:\n%-22s %10s "
           "%10s   %10s %10s %10s\n%-22s %10s %10s   %10s %10s %10s\n",
           LOSS_DRAWS, "", "loss", "", "gradient", "", "", "", "bias", "spread", "bias", "spread",
           "cosine");
    for (int i = 1; i < c->count; i++) {
        const compared_loss *l = &c->losses[i];
        printf("%-22s ", l->name);
        if (isnan(l->loss.bias)) {
            printf("%10s", "-");
        } else {
            printf("%+10.4f", l->loss.bias);
        }
        printf(" %10.4f   %10.4f %10.4f %10.4f\n", l->loss.spread, l->gradient.bias,
               l->gradient.spread, l->cosine);
    }
}

void print_loss_comparison(const loss_comparison *c) {
    const job *j = c->j;
    char classes[40], train[40], valid[40];
    printf("label '%s': %s classes; %s rows to train on, %s to validate on; batches of %d, at most "
           "%d epoch%s, seed %d\n\n",
           j->o->label, with_commas(classes, c->classes),
           with_commas(train, (int64_t)j->train.count), with_commas(valid, (int64_t)j->valid.count),
           (int)j->settings.batch, j->settings.epochs, j->settings.epochs == 1 ? "" : "s",
           (int)j->o->seed);
    print_costs(c);
    print_draws(c);
    printf(
        "\nLog loss, accuracy and the share of labels among the ten most probable classes are "
        "those of the\nfull softmax. Memory is that of the network in training, with what the "
        "optimizer keeps.\nBias: the mean over draws less the full loss, in nats; of a gradient "
        "(of the first layer's\nweight) the length of that difference, as a share of the full "
        "gradient's. Spread: the standard\ndeviation of one draw. The contrastive loss is "
        "another function, so it has no bias of its own;\nit is looked at with scores lowered to "
        "log-probabilities. Cosine: of the angle between a draw's\ngradient and the full one.\n");
}

/* ---- in JSON --------------------------------------------------------------------------------- */

static json_t *json_estimate(grove_estimate e) {
    return json_pack("{s:o, s:o, s:o}", "value", json_number(e.value), "low", json_number(e.low),
                     "high", json_number(e.high));
}

static json_t *json_error(estimate_error e) {
    return json_pack("{s:o, s:o}", "bias", json_number(e.bias), "spread", json_number(e.spread));
}

static json_t *json_loss(const compared_loss *l) {
    static const char *const kinds[] = {"full", "sampled", "nce"};
    return json_pack("{s:s, s:s, s:o, s:I, s:f, s:f, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o}",
                     "softmax", kinds[l->kind], "name", l->name, "samples",
                     l->samples > 0 ? json_integer(l->samples) : json_null(), "parameters",
                     (json_int_t)l->parameters, "memory_bytes", l->memory, "step_us", l->step_us,
                     "epochs", l->epochs, "best_epoch", l->best_epoch, "log_loss",
                     json_estimate(l->log_loss), "accuracy", json_estimate(l->accuracy),
                     "top_10_accuracy", json_estimate(l->top_10), "loss_estimate",
                     json_error(l->loss), "gradient_estimate", json_error(l->gradient),
                     "gradient_cosine", json_number(l->cosine));
}

json_t *json_loss_comparison(const loss_comparison *c) {
    const job *j = c->j;
    json_t *losses = json_array();
    for (int i = 0; i < c->count; i++) {
        json_array_append_new(losses, json_loss(&c->losses[i]));
    }
    return json_pack("{s:i, s:o, s:I, s:s, s:I, s:I, s:i, s:I, s:o, s:o}", "schema", 1, "label",
                     json_text(j->o->label, strlen(j->o->label)), "classes", (json_int_t)c->classes,
                     "sampler", j->o->sampler, "training_rows", (json_int_t)j->train.count,
                     "validation_rows", (json_int_t)j->valid.count, "draws", LOSS_DRAWS, "seed",
                     (json_int_t)j->o->seed, "settings", json_settings(&j->settings), "losses",
                     losses);
}

/* ---- as a page ------------------------------------------------------------------------------- */

int write_loss_comparison(const loss_comparison *c, const char *path) {
    const char *file = c->j->o->files[0], *slash = strrchr(file, '/');
    json_t *object = json_loss_comparison(c);
    json_object_set_new(object, "table",
                        json_text(slash ? slash + 1 : file, strlen(slash ? slash + 1 : file)));
    return write_page("compare", path, softmax_before_data, softmax_after_data, object);
}
