// SPDX-License-Identifier: MIT
//
// report.js - the rows that were most wrong; the page is put together.
'use strict';

// ---- the rows that were most wrong ------------------------------------------------------------

const set_name = (name) => (name === '' ? '(none)' : name);

function worst() {
    if (!data.worst.rows.length) return null;
    return section(
        'worst',
        'Most wrong',
        `The ${many(data.worst.rows.length, 'row')} ${numbers ? 'with the largest errors' : sets ? 'with the largest loss, the mean over the classes, of those that are not right as a whole' : 'whose true class got the lowest probability'}. They are worth a look: some labels may be wrong, some rows may be in the wrong place.`,
        table(
            null,
            [
                'line',
                ...(numbers
                    ? ['it is', 'the model says', 'error']
                    : sets
                      ? ['it is', 'the model says', 'loss']
                    : ['it is', 'probability', 'the model says', 'probability']),
                ...data.worst.columns.map(shown),
            ],
            data.worst.rows.map((row) => [
                whole(row.line),
                ...(numbers
                    ? [digits(row.label), digits(row.answer), digits(row.error)]
                    : sets
                      ? [
                            el('td', { class: 'text name-of' }, set_name(row.label)),
                            el('td', { class: 'text name-of' }, set_name(row.answer)),
                            fixed(row.loss),
                        ]
                    : [
                          el('td', { class: 'text name-of' }, shown(row.label)),
                          fixed(row.of_label),
                          el('td', { class: 'text name-of' }, shown(row.answer)),
                          fixed(row.of_answer),
                      ]),
                ...row.cells.map((cell) => el('td', { title: cell }, cell)),
            ]),
            'rows',
            true,
        ),
    );
}

// ---- the page ---------------------------------------------------------------------------------

function contents() {
    const nav = document.getElementById('contents');
    const names = {
        training: 'Training',
        measures: 'Measures',
        learning: 'Learning',
        fit: 'Answers',
        confusion: 'Classes',
        curves: 'Curves',
        reliability: 'Reliability',
        frequency: 'Rare',
        importance: 'Columns',
        vectors: 'Vectors',
        posterior: 'Posterior',
        worst: 'Most wrong',
    };
    const links = new Map();
    for (const part of main.querySelectorAll('section')) {
        const link = el('a', { href: '#' + part.id }, names[part.id]);
        links.set(part, link);
        nav.append(link);
    }
    const visible = new Set();
    const watch = new IntersectionObserver(
        (entries) => {
            for (const entry of entries)
                entry.isIntersecting ? visible.add(entry.target) : visible.delete(entry.target);
            const first = [...links.keys()].find((part) => visible.has(part));
            for (const [part, link] of links)
                part === first
                    ? link.setAttribute('aria-current', 'true')
                    : link.removeAttribute('aria-current');
        },
        { rootMargin: '-25% 0px -60% 0px' },
    );
    for (const part of links.keys()) watch.observe(part);
}

document.title = data.title;
// Small sections stand side by side where there is room.
const beside = (...parts) => {
    const there = parts.filter(Boolean);
    return there.length > 1 ? el('div', { class: 'two' }, there) : there;
};
main.replaceChildren(
    ...[
        head(),
        training(),
        measures(),
        ...(numbers
            ? [fit(), beside(learning(), frequency())]
            : [
                  classes.length <= 6 ? beside(learning(), confusion()) : [learning(), confusion()],
                  curves(),
                  beside(reliability(), frequency()),
              ]),
        importance(),
        vectors(),
        posterior(),
        worst(),
    ]
        .flat()
        .filter(Boolean),
);
document
    .getElementById('foot')
    .append(
        `Made by ${model.producer_now}. The page holds all it needs and asks for nothing from elsewhere. The same numbers: grove evaluate MODEL DATA.csv --full, with --json for machines.`,
    );
light_or_dark();
contents();
