// SPDX-License-Identifier: MIT
//
// columns.js - rare and unknown categories, and what each column is good for.
'use strict';

// ---- rare and unknown categories --------------------------------------------------------------

// How right a bin is: its accuracy, or, of numbers, its mean absolute error.
const of_bin = (b) => (numbers ? b.error : b.accuracy);
const bin_name = (b) =>
    b.category !== 'known'
        ? b.category
        : b.most === null
          ? `${whole(b.least)} or more`
          : `${whole(b.least)} to ${whole(b.most)}`;

function frequency() {
    if (sets) return null;
    const lists = [{ column: null, bins: told.frequency.rarest }, ...told.frequency.columns];
    if (lists.length < 2) return null;
    const measure = numbers ? 'Mean absolute error' : 'Accuracy';
    const right = (b) => (numbers ? '' : `, ${whole(b.right)} right`);
    const top = (b) => of_bin(b).high ?? of_bin(b).value;
    let chosen = lists[0];
    const picture = chart(`${measure} by the frequency of categories`, (width) =>
        bars(
            width,
            chosen.bins.map((b) => ({
                name: bin_name(b),
                value: of_bin(b).value,
                low: of_bin(b).low,
                high: of_bin(b).high,
                soft: b.category !== 'known',
                note: figure(of_bin(b).value),
                tip: `${bin_name(b)}: ${many(b.rows, 'row')}${right(b)}\n${figure(of_bin(b).value)} (${range(of_bin(b), figure)})`,
            })),
            { to: numbers ? Math.max(...chosen.bins.map(top), 1e-9) : 1, name_width: 118 },
        ),
    );
    const listing = el('div');
    const change = (i) => {
        chosen = lists[i];
        picture.redraw();
        listing.replaceChildren(
            as_table(
                null,
                ['training rows', 'rows', !numbers && 'right', measure.toLowerCase(), '95 % interval'].filter(
                    Boolean,
                ),
                chosen.bins.map((b) => [
                    bin_name(b),
                    whole(b.rows),
                    ...(numbers ? [] : [whole(b.right)]),
                    figure(of_bin(b).value),
                    range(of_bin(b), figure),
                ]),
            ),
        );
    };
    change(0);
    return section(
        'frequency',
        'Rare and unknown categories',
        measure +
            ' by how many training rows had the category; unknown ones had none, or too few to have a vector of their own.',
        el(
            'div',
            { class: 'controls' },
            chooser(
                'frequency-column',
                'Column',
                lists.map((l) =>
                    l.column === null ? 'the rarest category of the row' : shown(l.column),
                ),
                change,
            ),
        ),
        picture,
        listing,
    );
}

// ---- importance -------------------------------------------------------------------------------

function importance() {
    const list = told.importance.columns,
        kinds = numbers
            ? [
                  ['mean_squared_error', 'mean squared error that is added'],
                  ['mean_absolute_error', 'mean absolute error that is added'],
              ]
            : [
                  ['log_loss', 'log loss that is added'],
                  ['accuracy', 'accuracy that is lost'],
              ];
    const names = kinds.map(([kind]) => kind.replaceAll('_', ' '));
    const words = (c) =>
        kinds.map(
            ([kind], i) =>
                `${names[i]} ${kind === 'accuracy' ? '−' : '+'} ${figure(c[kind].value)} (${range(c[kind], figure)})`,
        );
    if (!list.length || told.rows < 2) return null;
    let chosen = 0,
        all = list.length <= 20;
    const picture = chart('Importance of columns', (width) => {
        const [kind] = kinds[chosen];
        const shown_now = [...list]
            .sort((a, b) => b[kind].value - a[kind].value)
            .slice(0, all ? undefined : 20);
        const from = Math.min(0, ...shown_now.map((c) => c[kind].low ?? 0)),
            to = Math.max(...shown_now.map((c) => c[kind].high ?? c[kind].value), 1e-9);
        return bars(
            width,
            shown_now.map((c) => ({
                name: c.column,
                ...c[kind],
                note: figure(c[kind].value),
                tip: [shown(c.column), ...words(c)].join('\n'),
            })),
            { from, to },
        );
    });
    const more =
        !all &&
        el(
            'button',
            {
                type: 'button',
                onclick: () => {
                    all = true;
                    more.remove();
                    picture.redraw();
                },
            },
            `Show all ${list.length}`,
        );
    return section(
        'importance',
        'What it goes by',
        `What is lost when a column’s cells are dealt among the rows anew, the mean of ${told.importance.repeats} deals on ${many(told.importance.rows, 'row')}, with 95 % intervals. Columns that tell the same stand in for each other, and then each looks less important than both are.`,
        el(
            'div',
            { class: 'controls' },
            chooser(
                'importance-kind',
                'By',
                kinds.map(([, name]) => name),
                (i) => {
                    chosen = i;
                    picture.redraw();
                },
            ),
        ),
        picture,
        more,
        as_table(
            null,
            ['column', ...names.flatMap((name) => [name, '95 % interval'])],
            list.map((c) => [
                el('th', { scope: 'row', class: 'name-of' }, shown(c.column)),
                ...kinds.flatMap(([kind]) => [figure(c[kind].value), range(c[kind], figure)]),
            ]),
        ),
    );
}
