// SPDX-License-Identifier: MIT
//
// summary.js - the report of a model, out of the numbers that `grove report` put into the page: it
// computes nothing that is told, it only chooses and draws. Here: the head, what was trained on
// what, measures.
'use strict';

const data = JSON.parse(document.getElementById('data').textContent);
const told = data.report,
    model = data.model,
    metrics = told.metrics;
const main = document.getElementById('main');
// Classes; or numbers, which have other units and another baseline; or several classes a row.
const numbers = !told.classes;
const sets = told.threshold !== undefined;
const classes = (told.classes || []).map((c) => c.class);
const figure = numbers ? digits : fixed;
const second = numbers ? 'linear' : 'logistic',
    first = numbers ? 'mean' : 'majority';
const lower_is_better = new Set([
    'log_loss',
    'brier_score_loss',
    'hamming_loss',
    'coverage_error',
    'ece_15',
    'mean_squared_error',
    'root_mean_squared_error',
    'mean_absolute_error',
    'median_absolute_error',
    'max_error',
]);
const many = (n, one, more) => `${whole(n)} ${n === 1 ? one : more || one + 's'}`;

function section(id, title, words, ...parts) {
    return el(
        'section',
        { id, 'aria-labelledby': id + '-title' },
        el('h2', { id: id + '-title' }, title),
        words && el('p', { class: 'say' }, words),
        parts,
    );
}

// ---- the head ---------------------------------------------------------------------------------

// Against the stronger baseline that there is: is its number inside of the interval?
function verdict(name) {
    const m = metrics[name],
        other = m[second] ?? m.baseline;
    const what = m[second] !== null ? `${second} regression` : `the ${first}`;
    if (m.low === null || other === null) return null;
    if (m.low <= other && other <= m.high) return ['even', 'no clear difference'];
    return m.value > other !== lower_is_better.has(name)
        ? ['good', `better than ${what}`]
        : ['poor', `worse than ${what}`];
}

function tile(name, title) {
    const m = metrics[name],
        says = verdict(name);
    if (m.value === null) return null;
    const others = [
        m[second] !== null && `${second} ${figure(m[second])}`,
        m.baseline !== null && `${first} ${figure(m.baseline)}`,
    ]
        .filter(Boolean)
        .join(' · ');
    return el(
        'div',
        { class: 'tile' },
        el('div', { class: 'name' }, title),
        el(
            'div',
            { class: 'value', 'data-tile': name },
            figure(m.value),
            lower_is_better.has(name) && el('span', { class: 'way' }, 'lower is better'),
        ),
        el('div', { class: 'more' }, range(m, figure)),
        el('div', { class: 'more' }, others),
        says && el('span', { class: 'verdict ' + says[0] }, says[1]),
    );
}

function head() {
    const inputs = model.columns.filter((c) => !['label', 'labels', 'target', 'ignored'].includes(c.kind));
    return [
        el('h1', {}, data.title),
        el(
            'p',
            { class: 'lead' },
            'Predicts ',
            el('b', {}, shown(model.label)),
            `, ${numbers ? 'a number' : (sets ? 'any of ' : 'one of ') + many(classes.length, 'class', 'classes')}, from ${many(
                inputs.length,
                'column',
            )}. Here it is asked about ${many(told.rows, 'row')} of `,
            el('b', {}, data.table),
            '.',
        ),
        el(
            'div',
            { class: 'tiles' },
            numbers
                ? [
                      tile('r2', 'R²'),
                      tile('root_mean_squared_error', 'Root mean squared error'),
                      tile('mean_absolute_error', 'Mean absolute error'),
                      tile('median_absolute_error', 'Median absolute error'),
                  ]
                : sets
                  ? [
                        tile('accuracy', 'Accuracy of whole sets'),
                        tile('f1_micro', 'F1 of all labels, f1_micro'),
                        tile('roc_auc_macro', 'ROC AUC, mean of the classes'),
                        tile('hamming_loss', 'Share that is wrong, hamming_loss'),
                    ]
                  : [
                      tile('accuracy', 'Accuracy'),
                      tile('log_loss', 'Log loss'),
                      metrics.roc_auc.value !== null
                          ? tile('roc_auc', 'ROC AUC')
                          : tile('balanced_accuracy', 'Balanced accuracy'),
                      tile('ece_15', 'Calibration error, ece_15'),
                  ],
        ),
    ];
}

// ---- what was trained on what -----------------------------------------------------------------

function training() {
    const t = data.training || {};
    const facts = [
        ['Training rows', whole(t.rows)],
        ['Validation rows', whole(t.validation_rows)],
        ['Last trained on all', t.refit_rows ? many(t.refit_rows, 'row') : null],
        ['Models that answer together', model.members > 1 ? model.members : null],
        [t.boosting ? 'Weak models in a row' : 'Epochs', t.epochs && `${t.epochs}, the best was ${t.best_epoch}`],
        ['Seed', t.seed],
        ['Parameters', whole(model.parameters)],
        ['Depth: hidden, output and embedding layers on the longest way', model.depth],
        [
            'Layers',
            model.layers.length
                ? model.layers.map(([from]) => from).join(' → ') + ' → ' + model.layers.at(-1)[1]
                : null,
        ],
        ['Rows asked about', whole(told.rows)],
        ['Unknown cells', percent(told.unknown_cells, 2)],
        ['Written by', model.producer],
    ].filter(([, value]) => value !== null && value !== undefined && value !== '–');
    const rows = model.columns.map((c) => [
        el('th', { scope: 'row', class: 'name-of' }, shown(c.name)),
        el('td', { class: 'text' }, c.kind),
        whole(c.values),
        c.width ? `${whole(c.rows)} × ${c.width}` : '–',
        whole(c.missing),
        ['ignored', 'label', 'labels', 'target'].includes(c.kind) ? '–' : percent(c.unknown_share, 2),
    ]);
    return section(
        'training',
        'What was trained on what',
        null,
        el(
            'dl',
            { class: 'facts' },
            facts.map(([name, value]) =>
                el('div', {}, el('dt', {}, name), el('dd', {}, String(value))),
            ),
        ),
        el(
            'details',
            { open: rows.length <= 16 },
            el('summary', {}, `The ${many(rows.length, 'column')}`),
            table(
                null,
                ['column', 'kind', 'values', 'table', 'empty in training', 'unknown here'],
                rows,
            ),
        ),
    );
}

// ---- measures ---------------------------------------------------------------------------------

// The interval as a bar, the baselines as marks; each row has a scale of its own.
function strip(m) {
    const all = [m.value, m.low, m.high, m.baseline, m[second]].filter((x) => x !== null);
    const low = Math.min(...all),
        room = (Math.max(...all) - low || 1) * 1.08;
    const at = (x) => (4 + (92 * (x - low)) / room).toFixed(2) + '%';
    const mark = (x, kind) =>
        x !== null &&
        draw('line', {
            x1: at(x),
            x2: at(x),
            y1: 4,
            y2: 20,
            class: kind,
            'stroke-width': 2.5,
            opacity: 0.9,
        });
    return el(
        'td',
        { class: 'strip text' },
        draw(
            'svg',
            { width: '100%', height: 24, 'aria-hidden': 'true', class: 'plot' },
            draw('line', { x1: '0%', x2: '100%', y1: 12, y2: 12, class: 'grid' }),
            mark(m.baseline, 'stone'),
            mark(m[second], 'bark'),
            m.low !== null &&
                draw('line', {
                    x1: at(m.low),
                    x2: at(m.high),
                    y1: 12,
                    y2: 12,
                    class: 'leaf',
                    'stroke-width': 8,
                    'stroke-linecap': 'round',
                    opacity: 0.35,
                }),
            draw('circle', { cx: at(m.value), cy: 12, r: 4.5, class: 'leaf-fill' }),
        ),
    );
}

function measures() {
    const says_nothing = (name) => name === 'top_k_accuracy' && told.top_k >= classes.length;
    const rows = Object.entries(metrics)
        .filter(([name, m]) => m.value !== null && !says_nothing(name))
        .map(([name, m]) => {
            const says = verdict(name);
            return [
                el(
                    'th',
                    { scope: 'row', class: 'name-of' },
                    name === 'top_k_accuracy' ? `${name} (k = ${told.top_k})` : name,
                ),
                el('td', { 'data-metric': name }, figure(m.value)),
                el('td', {}, range(m, figure)),
                el('td', {}, figure(m.baseline)),
                el('td', {}, figure(m[second])),
                strip(m),
                el(
                    'td',
                    { class: 'text' },
                    says && says[0] !== 'good'
                        ? el('span', { class: 'verdict ' + says[0] }, says[1])
                        : '',
                ),
            ];
        });
    return section(
        'measures',
        'Measures',
        `Under the names and by the definitions of scikit-learn. ${
            numbers
                ? 'The lower the better, but for r2 and explained_variance. Intervals of 95 %: by'
                : sets
                  ? `Answered are the classes of a probability of ${digits(told.threshold)} or more. The lower the better: hamming_loss, coverage_error, log_loss. Intervals of 95 %: Wilson’s of accuracy, else by`
                  : 'The lower the better: log_loss, brier_score_loss, ece_15. Intervals of 95 %: Wilson’s of shares of rows, else by'
        } ${whole(told.resamples)} resamples of the rows.`,
        legend(
            ['leaf', 'the model and its interval', true],
            ['bark',
                `${second} regression${sets ? ' of each class against the rest' : ''} on the same columns` +
                    (model.columns.some((c) => c.kind === 'text' || c.kind === 'bag')
                        ? ' but texts and bags'
                        : '')],
            [
                'stone',
                numbers
                    ? 'mean: always that of the training rows; of mean and median absolute errors their median'
                    : sets
                      ? 'majority: always the shares of the classes in training, and their most frequent set'
                      : 'majority: always the shares of the classes in training',
            ],
        ),
        table(
            null,
            [
                'measure',
                'value',
                '95 % interval',
                first,
                second,
                'each on a scale of its own',
                Object.values(metrics)[0][second] !== null ? `against ${second}` : `against ${first}`,
            ],
            rows,
        ),
    );
}
