// SPDX-License-Identifier: MIT
//
// columns.js - rare and unknown categories, and what each column is good for.
'use strict';

// ---- rare and unknown categories --------------------------------------------------------------

const bin_name = (b) =>
    b.category !== 'known'
        ? b.category
        : b.most === null
          ? `${whole(b.least)} or more`
          : `${whole(b.least)} to ${whole(b.most)}`;

function frequency() {
    const lists = [{ column: null, bins: told.frequency.rarest }, ...told.frequency.columns];
    if (lists.length < 2) return null;
    let chosen = lists[0];
    const picture = chart('Accuracy by the frequency of categories', (width) =>
        bars(
            width,
            chosen.bins.map((b) => ({
                name: bin_name(b),
                value: b.accuracy.value,
                low: b.accuracy.low,
                high: b.accuracy.high,
                soft: b.category !== 'known',
                note: fixed(b.accuracy.value),
                tip: `${bin_name(b)}: ${many(b.rows, 'row')}, ${whole(b.right)} right\n${fixed(b.accuracy.value)} (${range(b.accuracy)})`,
            })),
            { to: 1, name_width: 118 },
        ),
    );
    const numbers = el('div');
    const change = (i) => {
        chosen = lists[i];
        picture.redraw();
        numbers.replaceChildren(
            as_table(
                null,
                ['training rows', 'rows', 'right', 'accuracy', '95 % interval'],
                chosen.bins.map((b) => [
                    bin_name(b),
                    whole(b.rows),
                    whole(b.right),
                    fixed(b.accuracy.value),
                    range(b.accuracy),
                ]),
            ),
        );
    };
    change(0);
    return section(
        'frequency',
        'Rare and unknown categories',
        'Accuracy by how many training rows had the category; unknown ones had none, or too few to have a vector of their own.',
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
        numbers,
    );
}

// ---- importance -------------------------------------------------------------------------------

function importance() {
    const list = told.importance.columns,
        kinds = [
            ['log_loss', 'log loss that is added'],
            ['accuracy', 'accuracy that is lost'],
        ];
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
                tip: `${shown(c.column)}\nlog loss + ${fixed(c.log_loss.value)} (${range(c.log_loss)})\naccuracy − ${fixed(c.accuracy.value)} (${range(c.accuracy)})`,
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
            ['column', 'log loss', '95 % interval', 'accuracy', '95 % interval'],
            list.map((c) => [
                el('th', { scope: 'row', class: 'name-of' }, shown(c.column)),
                fixed(c.log_loss.value),
                range(c.log_loss),
                fixed(c.accuracy.value),
                range(c.accuracy),
            ]),
        ),
    );
}
