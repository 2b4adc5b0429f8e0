// SPDX-License-Identifier: MIT
//
// fit.js - of a model that predicts numbers: its answers beside the truth, and its errors.
'use strict';

// A cloud of rows: one point each, or, of many, cells that are the fuller the darker.
function cloud(width, told, { xname, yname, line, words }) {
    const wider = ([low, high]) => {
        const room = (high - low) * 0.03 || 1;
        return [low - room, high + room];
    };
    const { picture, box, sx, sy } = frame(width, Math.min(400, Math.max(280, width * 0.8)), {
        x: wider(told.x),
        y: wider(told.y),
        xname,
        yname,
        left: 58,
    });
    const most = Math.max(...(told.cells || []).map(([, , n]) => n), 1);
    const step = ([low, high]) => (high - low) / told.side || 1;
    for (const [a, b, n] of told.cells || []) {
        const x = told.x[0] + a * step(told.x),
            y = told.y[0] + b * step(told.y);
        picture.append(
            draw('rect', {
                class: 'heap',
                x: sx(x),
                y: sy(y + step(told.y)),
                width: Math.abs(sx(x + step(told.x)) - sx(x)) + 0.3,
                height: Math.abs(sy(y + step(told.y)) - sy(y)) + 0.3,
                'fill-opacity': (0.15 + 0.85 * Math.sqrt(n / most)).toFixed(3),
                ...telling(words(x + step(told.x) / 2, y + step(told.y) / 2, many(n, 'row'))),
            }),
        );
    }
    for (const [x, y] of told.points || []) {
        picture.append(
            draw('circle', { class: 'dot', cx: sx(x), cy: sy(y), r: 3, ...telling(words(x, y)) }),
        );
    }
    const [from, to] = line ? [told.x[0], told.x[1]] : wider(told.x);
    const within = (y) => Math.min(box.bottom, Math.max(box.top, y));
    picture.append(
        draw('path', {
            class: 'dash bark',
            'pointer-events': 'none',
            d: line
                ? `M${sx(from)} ${within(sy(from))}L${sx(to)} ${within(sy(to))}`
                : `M${box.left} ${sy(0)}H${box.right}`,
        }),
    );
    return picture;
}

function histogram(width, { span, rows }) {
    const most = Math.max(...rows, 1),
        step = (span[1] - span[0]) / rows.length || 1;
    const { picture, box, sx, sy } = frame(width, 240, {
        x: span[1] > span[0] ? span : [-1, 1],
        y: [0, most],
        xname: 'error',
        yname: 'rows',
        left: 58,
    });
    rows.forEach((n, i) => {
        const low = span[0] + i * step;
        picture.append(
            draw('rect', {
                class: 'bar',
                x: sx(low) + 0.5,
                y: sy(n),
                width: Math.max(1, sx(low + step) - sx(low) - 1),
                height: box.bottom - sy(n),
                ...telling(`error ${figure(low)} to ${figure(low + step)}\n${many(n, 'row')}`),
            }),
        );
    });
    return picture;
}

function fit() {
    const { answers, errors, histogram: bins } = data.fit;
    const both = (x, y) => (a, b, n) => `${n ? n + ' about here\n' : ''}${x} ${figure(a)}\n${y} ${figure(b)}`;
    const step = (bins.span[1] - bins.span[0]) / bins.rows.length;
    return section(
        'fit',
        'Answers and errors',
        `Each row lies where its true number and the answer meet; on the dashed line both are the same. An error is answer minus truth: below the line of no error the model says too little.${
            answers.cells ? ' There are too many rows to draw one by one: the darker, the more.' : ''
        }`,
        el(
            'div',
            { class: 'two' },
            el(
                'div',
                {},
                el('h3', {}, 'Answer against truth'),
                chart('Answers against the truth', (width) =>
                    cloud(width, answers, {
                        xname: 'true number',
                        yname: 'answer',
                        line: true,
                        words: both('truth', 'answer'),
                    }),
                ),
            ),
            el(
                'div',
                {},
                el('h3', {}, 'Error against answer'),
                chart('Errors against the answers', (width) =>
                    cloud(width, errors, {
                        xname: 'answer',
                        yname: 'error',
                        words: both('answer', 'error'),
                    }),
                ),
            ),
        ),
        el('h3', {}, 'How large the errors are'),
        chart('How many rows have which error', (width) => histogram(width, bins)),
        as_table(
            null,
            ['error', 'rows'],
            bins.rows
                .map((n, i) => [
                    `${figure(bins.span[0] + i * step)} to ${figure(bins.span[0] + (i + 1) * step)}`,
                    whole(n),
                ])
                .filter((row, i) => bins.rows[i]),
        ),
    );
}
