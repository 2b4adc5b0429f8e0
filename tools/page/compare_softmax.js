// SPDX-License-Identifier: MIT
//
// compare_softmax.js - the page of grove compare --softmax: what a step of each loss costs, how far
// its estimate is off, and how good is what was learned by it.
'use strict';

const data = JSON.parse(document.getElementById('data').textContent);
const losses = data.losses;
const full = losses.find((l) => l.softmax === 'full');
const drawn = losses.filter((l) => l !== full);

const section = (id, title, words, ...parts) =>
    el(
        'section',
        { id, 'aria-labelledby': `${id}-head` },
        el('h2', { id: `${id}-head` }, title),
        words && el('p', { class: 'say' }, words),
        parts,
    );
const tile = (name, value, more) =>
    el(
        'div',
        { class: 'tile' },
        el('div', { class: 'name' }, name),
        el('div', { class: 'value' }, value),
        el('div', { class: 'more' }, more),
    );
const bytes = (n) => `${fixed(n / 1e6, 1)} MB`;
const times = (x) => (x >= 9.95 ? whole(Math.round(x)) : fixed(x, 1));
const kind_of = (l) => ({ full: 'leaf', sampled: 'sky', nce: 'bark' })[l.softmax];
const story = (l) =>
    [
        l.name,
        `${fixed(l.step_us, 1)} µs a step, ${bytes(l.memory_bytes)}`,
        `log loss of the full softmax ${fixed(l.log_loss.value)} (${range(l.log_loss)})`,
        `accuracy ${fixed(l.accuracy.value)}, among the ten most probable ${fixed(l.top_10_accuracy.value)}`,
    ].join('\n');

function head() {
    const quick = drawn.reduce((a, b) => (b.step_us < a.step_us ? b : a));
    const near = drawn.reduce((a, b) => (b.log_loss.value < a.log_loss.value ? b : a));
    return [
        el('h1', {}, data.table),
        el(
            'p',
            { class: 'lead' },
            'One network, trained again and again on the same rows from the same seed, to tell ',
            el('b', {}, shown(data.label)),
            ` out of ${whole(data.classes)} classes. What changes is the loss: over all classes, or over a few that are drawn.`,
        ),
        el(
            'div',
            { class: 'tiles' },
            tile('A step of the full softmax takes', `${times(full.step_us / quick.step_us)} ×`, `the time of ${quick.name}`),
            tile('after as many epochs its log loss is', fixed(full.log_loss.value), `the nearest of the others ${fixed(near.log_loss.value)} (${near.name})`),
            tile('Rows', whole(data.training_rows), `to train on, ${whole(data.validation_rows)} to validate on`),
        ),
    ];
}

function cost() {
    const log = (x) => Math.log10(Math.max(x, 1e-3));
    const most = Math.max(...losses.map((l) => l.step_us)),
        least = Math.min(...losses.map((l) => l.step_us));
    const low = Math.min(...losses.map((l) => l.log_loss.low ?? l.log_loss.value)),
        high = Math.max(...losses.map((l) => l.log_loss.high ?? l.log_loss.value));
    const edge = (high - low) * 0.12 || 0.01;
    return section(
        'cost',
        'What a step costs, and what it brings',
        'Each point is a loss: to the left the quick ones, below those that learned most in as many epochs. The line is the 95 % interval, from resampled validation rows.',
        legend(['leaf', 'full softmax', true], ['sky', 'sampled', true], ['bark', 'noise-contrastive', true]),
        chart('Log loss of the full softmax against microseconds a step', (width) => {
            const x = [log(least) - 0.15, log(most) + 0.15];
            const { picture, box, sx, sy } = frame(width, 320, {
                x,
                y: [low - edge, high + edge],
                xname: 'microseconds a step (logarithmic)',
                yname: 'log loss of the full softmax',
                left: 56,
                xticks: [],
            });
            for (let k = Math.ceil(x[0]); k <= x[1]; k++)
                picture.append(
                    draw('path', { class: 'axis', d: `M${sx(k)} ${box.bottom}v4` }),
                    draw('text', { x: sx(k), y: box.bottom + 17, 'text-anchor': 'middle' }, whole(10 ** k)),
                );
            for (const l of losses) {
                const at = [sx(log(l.step_us)), sy(l.log_loss.value)];
                const right = at[0] > (box.left + box.right) / 2;
                if (l.log_loss.low !== null)
                    picture.append(
                        draw('path', { class: 'whisker', d: `M${at[0]} ${sy(l.log_loss.low)}V${sy(l.log_loss.high)}` }),
                    );
                picture.append(
                    draw('circle', { cx: at[0], cy: at[1], r: 5.5, class: `${kind_of(l)}-fill point`, ...telling(story(l)) }),
                    draw(
                        'text',
                        { x: at[0] + (right ? -10 : 10), y: at[1] + { full: 4, sampled: -6, nce: 14 }[l.softmax], 'text-anchor': right ? 'end' : 'start', class: 'strong halo' },
                        l.name,
                    ),
                );
            }
            return picture;
        }),
    );
}

function estimates() {
    const all = drawn.filter((l) => l.loss_estimate.bias !== null);
    const reach = Math.max(
        ...all.map((l) => Math.abs(l.loss_estimate.bias) + 2 * l.loss_estimate.spread),
        1e-6,
    );
    return section(
        'estimates',
        'How far the estimate is off',
        `Over ${data.draws} draws on the same rows, with the weights of the full softmax: the bar reaches from no error to the bias, the mean over the draws less the full loss; the line is two standard deviations of one draw to both sides. The contrastive loss is another function, and has no bias of its own.`,
        all.length > 0 &&
            chart('Bias and spread of the loss', (width) =>
                bars(
                    width,
                    all.map((l) => ({
                        name: l.name,
                        value: l.loss_estimate.bias,
                        low: l.loss_estimate.bias - 2 * l.loss_estimate.spread,
                        high: l.loss_estimate.bias + 2 * l.loss_estimate.spread,
                        note: fixed(l.loss_estimate.bias),
                        tip: `${l.name}\nbias ${fixed(l.loss_estimate.bias)}, spread ${fixed(l.loss_estimate.spread)} nats`,
                    })),
                    { from: -reach, to: reach, name_width: 150 },
                ),
            ),
        table(
            null,
            ['', 'bias of the loss', 'spread', 'bias of the gradient', 'spread', 'cosine'],
            drawn.map((l) => [
                l.name,
                fixed(l.loss_estimate.bias),
                fixed(l.loss_estimate.spread),
                fixed(l.gradient_estimate.bias),
                fixed(l.gradient_estimate.spread),
                fixed(l.gradient_cosine),
            ]),
            'numbers',
            true,
        ),
    );
}

function all() {
    return section(
        'numbers',
        'All numbers',
        'Log loss, accuracy and the share of labels among the ten most probable classes are those of the full softmax, whatever was trained by. Memory is that of the network in training, with what the optimizer keeps.',
        table(
            null,
            ['', 'draws', 'µs a step', 'memory', 'log loss', '95 % interval', 'accuracy', 'top 10'],
            losses.map((l) => [
                l.name,
                whole(l.samples),
                fixed(l.step_us, 1),
                bytes(l.memory_bytes),
                fixed(l.log_loss.value),
                range(l.log_loss),
                fixed(l.accuracy.value),
                fixed(l.top_10_accuracy.value),
            ]),
            'numbers',
            true,
        ),
    );
}

document.title = `${shown(data.label)} – full softmax and candidate sampling`;
document
    .getElementById('main')
    .replaceChildren(...[head(), cost(), estimates(), all()].flat().filter(Boolean));
document
    .getElementById('foot')
    .append('Made by grove compare --softmax. The page holds all that it shows and asks for nothing from elsewhere.');
light_or_dark();
