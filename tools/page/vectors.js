// SPDX-License-Identifier: MIT
//
// vectors.js - the vectors of a column's values, in two dimensions, with search and neighbours.
'use strict';

// ---- vectors ----------------------------------------------------------------------------------

function vectors() {
    if (!data.pictures.length) return null;
    let picture = data.pictures[0],
        wanted = '',
        self = -1;
    const search = el('input', {
        type: 'search',
        id: 'search',
        placeholder: 'name of a value',
        autocomplete: 'off',
        spellcheck: 'false',
        oninput: () => {
            wanted = search.value.toLowerCase();
            self = -1;
            update();
        },
    });
    const found = el('ul', { class: 'found', 'aria-label': 'Values' }),
        says = el('p', { class: 'say' }),
        heading = el('h3', { 'aria-live': 'polite' });
    const radius = (p) =>
        3 + 6 * Math.sqrt(Math.log10(1 + p.count) / Math.log10(10 + picture.most_count));
    const matches = () =>
        picture.points
            .map((p, i) => i)
            .filter((i) => wanted && shown(picture.points[i].name).toLowerCase().includes(wanted));
    const words = (p) => `${shown(p.name)}\n${many(p.count, 'training row')}`;
    const map = chart('Vectors of the values in two dimensions', (width) => {
        const height = Math.max(300, Math.min(520, width * 0.8));
        const xs = picture.points.map((p) => p.x),
            ys = picture.points.map((p) => p.y);
        const spread =
            Math.max(
                Math.max(...xs) - Math.min(...xs),
                ((Math.max(...ys) - Math.min(...ys)) * width) / height,
                1e-6,
            ) * 0.56;
        const cx = (Math.max(...xs) + Math.min(...xs)) / 2,
            cy = (Math.max(...ys) + Math.min(...ys)) / 2;
        const sx = scale(cx - spread, cx + spread, 10, width - 10);
        const sy = scale(
            cy - (spread * height) / width,
            cy + (spread * height) / width,
            height - 10,
            10,
        );
        const hits = new Set(matches()),
            near = new Set(self >= 0 ? picture.points[self].near : []);
        const some = hits.size > 0 || self >= 0;
        const drawn = draw(
            'svg',
            { class: 'plot', viewBox: `0 0 ${width} ${height}`, role: 'img' },
            draw('path', { class: 'grid', d: `M${sx(0)} 4V${height - 4}M4 ${sy(0)}H${width - 4}` }),
        );
        const order = picture.points
            .map((p, i) => i)
            .sort(
                (a, b) =>
                    (hits.has(a) || near.has(a) || a === self) -
                        (hits.has(b) || near.has(b) || b === self) ||
                    picture.points[b].count - picture.points[a].count,
            );
        for (const i of order) {
            const p = picture.points[i];
            const kind =
                i === self
                    ? 'self'
                    : near.has(i)
                      ? 'near'
                      : hits.has(i)
                        ? 'hit'
                        : some
                          ? 'dim'
                          : '';
            drawn.append(
                draw('circle', {
                    cx: sx(p.x).toFixed(1),
                    cy: sy(p.y).toFixed(1),
                    r: radius(p).toFixed(1),
                    class: `dot ${kind}${p.special ? ' none' : ''}`,
                    onclick: () => choose(i),
                    ...telling(words(p)),
                }),
            );
        }
        const labelled = some
            ? [...new Set([self, ...near, ...hits])].filter((i) => i >= 0).slice(0, 24)
            : picture.points.map((p, i) => i).slice(0, width < 500 ? 8 : 18);
        const boxes = [];
        for (const i of labelled) {
            const p = picture.points[i],
                text = clip(shown(p.name), 22),
                wide = 7 * text.length;
            const left = sx(p.x) + radius(p) + 3 + wide > width,
                x = left ? sx(p.x) - radius(p) - 3 : sx(p.x) + radius(p) + 3,
                y = sy(p.y) + 4;
            const box = [left ? x - wide : x, y - 11, left ? x : x + wide, y + 3];
            if (
                i !== self &&
                boxes.some((b) => box[0] < b[2] && b[0] < box[2] && box[1] < b[3] && b[1] < box[3])
            )
                continue;
            boxes.push(box);
            drawn.append(
                draw(
                    'text',
                    {
                        x,
                        y,
                        'text-anchor': left ? 'end' : 'start',
                        class: 'halo strong',
                        'pointer-events': 'none',
                    },
                    text,
                ),
            );
        }
        return drawn;
    });
    const entry = (i, more) =>
        el(
            'li',
            {},
            el(
                'button',
                {
                    type: 'button',
                    'aria-pressed': i === self ? 'true' : 'false',
                    onclick: () => choose(i),
                },
                el('span', { class: 'name-of' }, shown(picture.points[i].name)),
                el('span', {}, more ?? whole(picture.points[i].count)),
            ),
        );
    function choose(i) {
        self = i === self ? -1 : i;
        hush();
        update();
    }
    function update() {
        const hits = matches();
        const special = picture.points.filter((p) => p.special);
        const values = picture.shown - special.length;
        const which =
            values < picture.all
                ? `The ${whole(values)} most frequent of ${many(picture.all, picture.of)}`
                : many(values, picture.of);
        says.textContent = `${[which, ...special.map((p) => p.name)].join(' and ')}, a vector of ${many(picture.width, 'number')} each. The picture tells ${percent(
            picture.explained[0] + picture.explained[1],
        )} of their variance (${percent(picture.explained[0])} across, ${percent(picture.explained[1])} up), by principal components.`;
        if (self >= 0) {
            heading.textContent = `Nearest to ${shown(picture.points[self].name)}`;
            found.replaceChildren(entry(self), ...picture.points[self].near.map((i) => entry(i)));
        } else {
            const list = [...(wanted ? hits : picture.points.keys())].sort(
                (a, b) => picture.points[b].count - picture.points[a].count,
            );
            heading.textContent = wanted ? `${whole(hits.length)} found` : 'Most frequent';
            found.replaceChildren(...list.slice(0, 60).map((i) => entry(i)));
        }
        map.redraw();
    }
    const change = (i) => {
        picture = data.pictures[i];
        search.value = wanted = '';
        self = -1;
        update();
    };
    update();
    return section(
        'vectors',
        'What was learned of the values',
        model.members > 1
            ? `${whole(model.members)} models answer together; these are the vectors of the first.`
            : null,
        el(
            'div',
            { class: 'controls' },
            chooser(
                'vector-column',
                'Column',
                data.pictures.map((p) => shown(p.column)),
                change,
            ),
            el('label', { for: 'search' }, 'Search', search),
        ),
        says,
        el(
            'div',
            { class: 'picture' },
            el(
                'div',
                {},
                map,
                legend(
                    ['leaf', 'a value; the larger, the more training rows', true],
                    ['bark', 'chosen or found', true],
                    ['sky', 'nearest in all dimensions, by the angle', true],
                ),
            ),
            el('div', {}, heading, found),
        ),
    );
}
