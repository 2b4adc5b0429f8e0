// SPDX-License-Identifier: MIT
//
// compare.js - the page of grove compare: what each form of a column's table costs, and whether it
// is as good.
'use strict';

const data = JSON.parse(document.getElementById('data').textContent);
const forms = data.forms;
const embedding = forms.find((f) => f.form === 'embedding');

const section = (id, title, words, ...parts) =>
    el(
        'section',
        { id, 'aria-labelledby': `${id}-head` },
        el('h2', { id: `${id}-head` }, title),
        words && el('p', { class: 'say' }, words),
        parts,
    );

const bytes = (n) => (n < 1e6 ? `${fixed(n / 1e3, n < 1e5 ? 1 : 0)} kB` : `${fixed(n / 1e6, 1)} MB`);
const times = (x) => (x >= 9.95 ? whole(Math.round(x)) : fixed(x, 1));
const signed = (x) => (x < 0 ? '−' : '+') + fixed(Math.abs(x));

const brief = (f) =>
    ({ 'one-hot': 'one-hot', hashed: whole(f.rows), embedding: 'embedding' })[f.form] || 'quotient';

// Is it as good as the embedding, as far as these rows can tell?
function verdict(f) {
    if (!f.difference) return ['even', 'the reference'];
    if (f.form === 'one-hot') return ['even', 'the same function'];
    if (f.difference.low > 0) return ['poor', 'worse'];
    if (f.difference.high < 0) return ['good', 'better'];
    return ['even', 'no difference that shows'];
}

const story = (f) =>
    [
        f.name,
        `log loss ${fixed(f.log_loss.value)} (${range(f.log_loss)})`,
        f.difference &&
            `${signed(f.difference.value)} against the embedding (${signed(f.difference.low)} to ${signed(f.difference.high)})`,
        `${whole(f.column_parameters)} parameters, ${fixed(f.step_us, 1)} µs a step, ${bytes(f.memory_bytes)}`,
    ]
        .filter(Boolean)
        .join('\n');

function head() {
    const dear = forms.find((f) => f.form === 'one-hot');
    return [
        el('h1', {}, data.table),
        el(
            'p',
            { class: 'lead' },
            'One network, trained again and again on the same rows from the same seed; what changes is how the vectors of ',
            el('b', {}, shown(data.column)),
            ` are kept: ${whole(data.values)} values, ${data.width} numbers each.`,
        ),
        el(
            'div',
            { class: 'tiles' },
            tile('A one-hot product takes', `${times(dear.step_us / embedding.step_us)} ×`, 'the time of a step by lookup'),
            tile('and', `${times(dear.memory_bytes / embedding.memory_bytes)} ×`, 'the memory'),
            tile('for', 'the same', `function: log loss ${fixed(dear.log_loss.value)}, by lookup ${fixed(embedding.log_loss.value)}`),
            tile('Rows', whole(data.training_rows), `to train on, ${whole(data.validation_rows)} to validate on`),
        ),
    ];
}
const tile = (name, value, more) =>
    el(
        'div',
        { class: 'tile' },
        el('div', { class: 'name' }, name),
        el('div', { class: 'value' }, value),
        el('div', { class: 'more' }, more),
    );

function loss() {
    const low = Math.min(...forms.map((f) => f.log_loss.low ?? f.log_loss.value)),
        high = Math.max(...forms.map((f) => f.log_loss.high ?? f.log_loss.value));
    const edge = (high - low) * 0.15 || 0.01;
    const log = (n) => Math.log10(Math.max(1, n));
    const most = Math.max(...forms.map((f) => f.column_parameters)),
        least = Math.min(...forms.map((f) => f.column_parameters));
    const x = [Math.floor(log(least) * 2) / 2 - 0.05, Math.ceil(log(most) * 2) / 2 + 0.05];
    return section(
        'loss',
        'As good, and how large?',
        'Each point is a form of the table: to the left the small ones, below the good ones. The line is its 95 % interval, from resampled validation rows.',
        chart('Log loss against the parameters of the table', (width) => {
            const decades = [];
            for (let k = Math.ceil(x[0]); k <= x[1]; k++) decades.push(k);
            const { picture, box, sx, sy } = frame(width, 320, {
                x,
                y: [low - edge, high + edge],
                yname: 'log loss',
                left: 56,
                xticks: [],
            });
            for (const k of decades)
                picture.append(
                    draw('path', { class: 'axis', d: `M${sx(k)} ${box.bottom}v4` }),
                    draw('text', { x: sx(k), y: box.bottom + 17, 'text-anchor': 'middle' }, whole(10 ** k)),
                );
            picture.append(
                draw('text', { x: box.right, y: box.bottom + 34, 'text-anchor': 'end' }, 'parameters of the table'),
            );
            for (const f of forms) {
                const at = [sx(log(f.column_parameters)), sy(f.log_loss.value)];
                const kind = f.form === 'embedding' ? 'leaf' : f.form === 'one-hot' ? 'bark' : 'sky';
                const right = at[0] > (box.left + box.right) / 2;
                if (f.log_loss.low !== null)
                    picture.append(
                        draw('path', { class: 'whisker', d: `M${at[0]} ${sy(f.log_loss.low)}V${sy(f.log_loss.high)}` }),
                    );
                picture.append(
                    draw('circle', { cx: at[0], cy: at[1], r: f.form === 'one-hot' ? 8 : 5.5, class: `${kind}-fill`, 'fill-opacity': f.form === 'one-hot' ? 0.35 : 1, ...telling(story(f)) }),
                    draw(
                        'text',
                        { x: at[0] + (right ? -11 : 11), y: at[1] + (f.form === 'one-hot' ? -8 : 4) + (f.form === 'embedding' ? 10 : 0), 'text-anchor': right ? 'end' : 'start', class: 'strong halo' },
                        width < 560 ? brief(f) : f.name,
                    ),
                );
            }
            return picture;
        }),
    );
}

function time() {
    const most = Math.max(...forms.map((f) => f.step_us));
    return section(
        'time',
        'What a step takes',
        'Microseconds of a training step: forwards, backwards, update; the mean over the training.',
        chart('Microseconds a step', (width) =>
            bars(
                width,
                forms.map((f) => ({ name: f.name, value: f.step_us, note: fixed(f.step_us, 1), tip: story(f), soft: f.form === 'one-hot' })),
                { to: most, digits: 1, name_width: 136 },
            ),
        ),
    );
}

function all() {
    return section(
        'numbers',
        'All numbers',
        'More than the embedding: the mean over the validation rows of how much more each loses, with its 95 % interval. Rows that are hard for every form cancel there, so it shows differences that the intervals of the losses hide. A one-hot product is the same function as the embedding; what differs is rounding, and which numbers dropout draws.',
        table(
            null,
            ['', 'rows', 'parameters', 'memory', 'µs a step', 'log loss', 'more than the embedding', 'accuracy', ''],
            forms.map((f) => {
                const [kind, words] = verdict(f);
                return [
                    f.name,
                    whole(f.rows),
                    whole(f.column_parameters),
                    bytes(f.memory_bytes),
                    fixed(f.step_us, 1),
                    fixed(f.log_loss.value),
                    f.difference ? `${signed(f.difference.value)} (${signed(f.difference.low)} to ${signed(f.difference.high)})` : '–',
                    fixed(f.accuracy.value),
                    el('td', { class: 'text' }, el('span', { class: `verdict ${kind}` }, words)),
                ];
            }),
            'numbers',
            true,
        ),
    );
}

function collisions() {
    const hashed = forms.filter((f) => f.collisions);
    if (!hashed.length) return null;
    return section(
        'collisions',
        'Who shares rows',
        `Each value has ${hashed[0].hashes} row${hashed[0].hashes > 1 ? 's' : ''} of the hashed table, by chance. Merged are values that have all their rows in common with another: no training can tell them apart.`,
        table(
            null,
            ['', 'values merged', 'of the training rows', 'values that share a row', 'expected', 'of the training rows'],
            hashed.map((f) => [
                f.name,
                whole(f.collisions.merged),
                percent(f.collisions.merged_share),
                whole(f.collisions.sharing),
                whole(Math.round(f.collisions.sharing_expected)),
                percent(f.collisions.sharing_share),
            ]),
            'numbers',
            true,
        ),
    );
}

function settings() {
    return section(
        'settings',
        'How they were trained',
        `Each form with these settings, seed ${data.seed}.`,
        el(
            'dl',
            { class: 'facts' },
            Object.entries(data.settings).map(([name, one]) =>
                el(
                    'div',
                    {},
                    el('dt', {}, name),
                    el('dd', {}, Array.isArray(one.value) ? one.value.join(', ') || 'none' : String(one.value)),
                ),
            ),
        ),
    );
}

document.title = `${shown(data.column)} – embedding, one-hot, hashing`;
document
    .getElementById('main')
    .replaceChildren(...[head(), loss(), time(), all(), collisions(), settings()].flat().filter(Boolean));
document
    .getElementById('foot')
    .append('Made by grove compare. The page holds all that it shows and asks for nothing from elsewhere.');
light_or_dark();
