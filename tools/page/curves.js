// SPDX-License-Identifier: MIT
//
// curves.js - what the answers look like: learning, classes, curves, how sure and how right.
'use strict';

// ---- learning curves --------------------------------------------------------------------------

function learning() {
    const t = data.training;
    if (!t || !Array.isArray(t.training_loss) || t.training_loss.length < 2) return null;
    const points = (list) => (list || []).map((y, i) => [i + 1, y]);
    const series = [
        { name: 'training loss', kind: 'stone', points: points(t.training_loss) },
        { name: 'validation loss', kind: 'leaf', points: points(t.validation_loss) },
    ].filter((s) => s.points.length);
    const values = series.flatMap((s) => s.points.map((p) => p[1])).filter((y) => y !== null);
    const low = Math.min(...values),
        high = Math.max(...values),
        room = (high - low) * 0.08 || 0.01;
    const epochs = t.training_loss.length;
    const word = t.boosting ? 'stage' : 'epoch';
    if (t.validation_loss && t.validation_loss.length) {
        series.push({
            kind: 'bark',
            dashed: true,
            points: [
                [t.best_epoch, low - room],
                [t.best_epoch, high + room],
            ],
        });
    }
    return section(
        'learning',
        'Learning curves',
        `The mean loss ${t.boosting ? 'after each stage' : 'of each epoch'}${numbers ? ', of numbers that are scaled' : ''}. ${t.boosting ? 'Strong against weak: stage 1 is the first weak model alone, and each stage adds another to the sum.' : 'Training loss is with dropout, and of the weights as they were on the way.'}`,
        legend(
            ...series.filter((s) => s.name).map((s) => [s.kind, s.name]),
            ...(series.some((s) => s.dashed)
                ? [['bark', t.boosting ? `stage ${t.best_epoch}, with which the model ends` : `epoch ${t.best_epoch}, whose weights were kept`]]
                : []),
        ),
        chart(`Training and validation loss of each ${word}`, (width) =>
            lines(
                width,
                280,
                series,
                {
                    x: [1, epochs],
                    y: [low - room, high + room],
                    xname: word,
                    left: 54,
                    whole_x: true,
                },
                ([x, y], one) => `${word} ${x}\n${one.name} ${fixed(y)}`,
            ),
        ),
        as_table(
            null,
            [word, 'training loss', 'validation loss', ...(numbers ? [] : ['validation accuracy'])],
            t.training_loss.map((loss, i) => [
                String(i + 1),
                fixed(loss),
                fixed((t.validation_loss || [])[i]),
                ...(numbers ? [] : [fixed((t.validation_accuracy || [])[i])]),
            ]),
        ),
    );
}

// ---- classes and confusions -------------------------------------------------------------------

// Of several classes a row none is taken for another.
function set_classes() {
    return section(
        'confusion',
        'Classes one by one',
        'Each against the rest. A row may have several of them, or none.',
        el(
            'details',
            { open: classes.length <= 24 },
            el('summary', {}, `The ${many(classes.length, 'class', 'classes')}`),
            table(
                null,
                [
                    'class',
                    'rows',
                    'answers',
                    'precision',
                    'recall',
                    'f1',
                    'ROC AUC',
                    'average precision',
                    'recall’s 95 % interval',
                ],
                told.classes.map((c) => [
                    el(
                        'th',
                        { scope: 'row', class: 'name-of', title: c.class },
                        clip(shown(c.class), 40),
                    ),
                    whole(c.support),
                    whole(c.predicted),
                    fixed(c.precision.value),
                    fixed(c.recall.value),
                    fixed(c.f1),
                    fixed(c.roc_auc),
                    fixed(c.average_precision),
                    range(c.recall),
                ]),
            ),
        ),
    );
}

function confusion() {
    if (sets) return set_classes();
    const matrix = told.confusion,
        most = 24;
    const per_class = table(
        null,
        ['class', 'rows', 'answers', 'precision', 'recall', 'f1', 'recall’s 95 % interval'],
        told.classes.map((c) => [
            el('th', { scope: 'row', class: 'name-of', title: c.class }, clip(shown(c.class), 40)),
            whole(c.support),
            whole(c.predicted),
            fixed(c.precision.value),
            fixed(c.recall.value),
            fixed(c.f1),
            range(c.recall),
        ]),
    );
    const mistakes = matrix
        ? matrix
              .flatMap((row, a) => row.map((n, b) => [n, a, b]))
              .filter(([n, a, b]) => n && a !== b)
              .sort((x, y) => y[0] - x[0])
              .slice(0, 10)
        : [];
    const shade = (share, right) =>
        `background: color-mix(in srgb, var(--${right ? 'leaf' : 'bark'}) ${Math.round(44 * share)}%, var(--card))`;
    const grid =
        matrix &&
        matrix.length <= most &&
        el(
            'div',
            { class: 'wide' },
            el(
                'table',
                { class: classes.length > 8 ? 'matrix many' : 'matrix' },
                el(
                    'caption',
                    {},
                    'Rows: what it is. Columns: what the model says. Shade: the share of the row.',
                ),
                el(
                    'thead',
                    {},
                    el(
                        'tr',
                        {},
                        el('td', {}),
                        classes.map((name) =>
                            el(
                                'th',
                                { scope: 'col', class: 'name-of', title: name },
                                el('span', {}, clip(shown(name), 18)),
                            ),
                        ),
                    ),
                ),
                el(
                    'tbody',
                    {},
                    matrix.map((row, a) => {
                        const sum = row.reduce((x, y) => x + y, 0);
                        return el(
                            'tr',
                            {},
                            el(
                                'th',
                                { scope: 'row', class: 'name-of', title: classes[a] },
                                clip(shown(classes[a]), 24),
                            ),
                            row.map((n, b) =>
                                el(
                                    'td',
                                    {
                                        class: n ? 'cell' : 'cell zero',
                                        style: shade(sum ? n / sum : 0, a === b),
                                        ...telling(
                                            `${whole(n)} of ${many(sum, 'row')} of ‘${shown(classes[a])}’ (${percent(sum ? n / sum : 0)})\n${a === b ? 'were recognised' : `were taken for ‘${shown(classes[b])}’`}`,
                                        ),
                                    },
                                    whole(n),
                                ),
                            ),
                        );
                    }),
                ),
            ),
        );
    return section(
        'confusion',
        'Classes and confusions',
        null,
        grid,
        mistakes.length > 0 &&
            classes.length > 2 &&
            el(
                'div',
                {},
                el('h3', {}, 'Most frequent mistakes'),
                table(
                    null,
                    ['it was', 'taken for', 'rows'],
                    mistakes.map(([n, a, b]) => [
                        el('th', { scope: 'row', class: 'name-of' }, shown(classes[a])),
                        el('td', { class: 'text name-of' }, shown(classes[b])),
                        whole(n),
                    ]),
                ),
            ),
        el(
            'details',
            { open: classes.length <= 12 },
            el('summary', {}, `The ${many(classes.length, 'class', 'classes')} one by one`),
            per_class,
        ),
    );
}

// ---- curves -----------------------------------------------------------------------------------

const chooser = (id, name, options, changed) => {
    const select = el(
        'select',
        { id, onchange: () => changed(+select.value) },
        options.map((option, i) => el('option', { value: i }, option)),
    );
    return el('label', { for: id }, name, select);
};

function curves() {
    if (!data.curves.length) return null;
    let chosen = data.curves[0];
    const percent_of = (p) => p.map((x) => (x === null ? null : +x));
    const roc = chart('ROC curve', (width) =>
        lines(
            width,
            Math.min(340, width * 0.85),
            [
                {
                    kind: 'stone',
                    dashed: true,
                    points: [
                        [0, 0],
                        [1, 1],
                    ],
                },
                { kind: 'leaf', name: 'ROC', points: chosen.points.map(percent_of) },
            ],
            { x: [0, 1], y: [0, 1], xname: 'false positive rate', yname: 'true positive rate' },
            ([x, y, , threshold]) =>
                `threshold ${threshold === null ? 'above all' : fixed(threshold)}\nfalse positive rate ${fixed(x)}\ntrue positive rate ${fixed(y)}`,
        ),
    );
    const pr = chart('Precision-recall curve', (width) =>
        lines(
            width,
            Math.min(340, width * 0.85),
            [
                {
                    kind: 'stone',
                    dashed: true,
                    points: [
                        [0, chosen.share],
                        [1, chosen.share],
                    ],
                },
                {
                    kind: 'leaf',
                    name: 'precision',
                    points: chosen.points.map(([, recall, precision, threshold]) => [
                        recall,
                        precision,
                        precision,
                        threshold,
                    ]),
                },
            ],
            { x: [0, 1], y: [0, 1], xname: 'recall', yname: 'precision' },
            ([x, y, , threshold]) =>
                `threshold ${threshold === null ? 'above all' : fixed(threshold)}\nrecall ${fixed(x)}\nprecision ${fixed(y)}`,
        ),
    );
    // Of sets the areas are those of the class that is shown, else of the second of two classes.
    const area_of = (name) => (sets ? chosen[name] : metrics[name].value);
    const roc_head = el('h3'),
        pr_head = el('h3');
    const listing = el('div');
    const change = (i) => {
        chosen = data.curves[i];
        const [auc, precision] = [area_of('roc_auc'), area_of('average_precision')];
        roc_head.textContent = 'ROC' + (auc === null ? '' : ` · area ${fixed(auc)}`);
        pr_head.textContent =
            'Precision-recall' + (precision === null ? '' : ` · average precision ${fixed(precision)}`);
        roc.redraw();
        pr.redraw();
        listing.replaceChildren(
            as_table(
                `of ‘${shown(chosen.class)}’`,
                ['threshold', 'false positive rate', 'recall', 'precision'],
                chosen.points
                    .filter((p, k) => k % 5 === 0 || k === chosen.points.length - 1)
                    .map(([fpr, recall, precision, threshold]) => [
                        threshold === null ? 'above all' : fixed(threshold),
                        fixed(fpr),
                        fixed(recall),
                        fixed(precision),
                    ]),
            ),
        );
    };
    change(0);
    return section(
        'curves',
        'ROC and precision-recall',
        'A row is said to be of the class where its probability reaches a threshold; each point is one threshold. Dashed: what chance would give.',
        data.curves.length > 1
            ? el(
                  'div',
                  { class: 'controls' },
                  chooser(
                      'curve-class',
                      'Class',
                      data.curves.map((c) => shown(c.class)),
                      change,
                  ),
              )
            : el('p', {}, 'Of the class ', el('b', { class: 'name-of' }, shown(chosen.class)), '.'),
        el(
            'div',
            { class: 'two' },
            el(
                'div',
                {},
                roc_head,
                roc,
            ),
            el(
                'div',
                {},
                pr_head,
                pr,
            ),
        ),
        listing,
    );
}

// ---- reliability ------------------------------------------------------------------------------

function reliability() {
    const bins = told.reliability,
        used = bins.filter((b) => b.rows),
        most = Math.max(...used.map((b) => b.rows), 1);
    if (!used.length) return null;
    const [of_what, right] = sets ? ['pair', 'has it'] : ['row', 'right'];
    const words = (b) =>
        `probability ${fixed(b.above, 3)} to ${fixed(b.to, 3)}, mean ${fixed(b.confidence)}\n${many(b.rows, of_what)}, ${right} ${fixed(b.accuracy.value)}\n95 % interval ${range(b.accuracy)}`;
    const drawn = (width) => {
        const height = Math.min(420, Math.max(300, width * 0.8)),
            low = used[0].above;
        const { picture, box, sx, sy } = frame(width, height, {
            x: [low, 1],
            y: [0, 1],
            xname: sets ? 'probability of a class' : 'highest probability of a row',
            yname: sets ? 'share of rows that have it' : 'share that is right',
        });
        for (const b of used) {
            const tall = (64 * b.rows) / most;
            picture.append(
                draw('rect', {
                    class: 'bar soft',
                    x: sx(b.above) + 1,
                    width: sx(b.to) - sx(b.above) - 2,
                    y: box.bottom - tall,
                    height: tall,
                }),
            );
        }
        picture.append(
            draw('path', { class: 'dash stone', d: `M${sx(low)} ${sy(low)}L${sx(1)} ${sy(1)}` }),
            draw('path', {
                class: 'path leaf',
                d: path_of(used.map((b) => [sx(b.confidence), sy(b.accuracy.value)])),
            }),
        );
        for (const b of used) {
            const x = sx(b.confidence);
            picture.append(
                draw('path', {
                    class: 'whisker',
                    d: `M${x} ${sy(b.accuracy.low)}V${sy(b.accuracy.high)}`,
                }),
                draw('circle', { cx: x, cy: sy(b.accuracy.value), r: 4, class: 'leaf-fill' }),
                draw('rect', {
                    x: sx(b.above),
                    width: sx(b.to) - sx(b.above),
                    y: box.top,
                    height: box.bottom - box.top,
                    fill: 'transparent',
                    ...telling(words(b)),
                }),
            );
        }
        return picture;
    };
    return section(
        'reliability',
        'How sure, and how right',
        sets
            ? 'Of all pairs of a row and a class: where the class got a probability of 0.8, do 0.8 of the rows have it? On the dashed line they do; above it the model says too little, below it too much.'
            : `Of the rows that get a probability of 0.8, are 0.8 right? On the dashed line they are; below it the model is too sure. ece_15 is ${fixed(metrics.ece_15.value)} (${range(metrics.ece_15)}).`,
        legend(
            ['leaf', `${right}, with 95 % interval`],
            ['stone', `grey bars: ${of_what}s in the bin`, true],
        ),
        chart('Reliability diagram', drawn),
        as_table(
            null,
            ['probability', 'mean', of_what + 's', right, '95 % interval'],
            used.map((b) => [
                `${fixed(b.above, 3)} to ${fixed(b.to, 3)}`,
                fixed(b.confidence),
                whole(b.rows),
                fixed(b.accuracy.value),
                range(b.accuracy),
            ]),
        ),
    );
}
