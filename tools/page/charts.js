// SPDX-License-Identifier: MIT
//
// charts.js - elements, and the few kinds of pictures that a report needs: drawn at the width that
// is there, so that letters keep their size on a telephone. Text goes in as text, never as HTML.
'use strict';

const SVG = 'http://www.w3.org/2000/svg';

function fill(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes || {})) {
        if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
        else if (value !== undefined && value !== false)
            node.setAttribute(name, value === true ? '' : value);
    }
    for (const child of children.flat(Infinity)) {
        if (child !== null && child !== undefined && child !== false) node.append(child);
    }
    return node;
}
const el = (tag, attributes, ...children) =>
    fill(document.createElement(tag), attributes, children);
const draw = (tag, attributes, ...children) =>
    fill(document.createElementNS(SVG, tag), attributes, children);

// ---- numbers in words

const fixed = (x, digits = 4) => (x === null || x === undefined ? '–' : x.toFixed(digits));
const whole = (n) => (n === null || n === undefined ? '–' : n.toLocaleString('en-US'));
const percent = (x, digits = 1) =>
    x === null || x === undefined ? '–' : (100 * x).toFixed(digits) + ' %';
const digits = (x) => {
    if (x === null || x === undefined) return '–';
    return x !== 0 && Math.abs(x) < 1e-3
        ? x.toPrecision(3)
        : x.toLocaleString('en-US', { maximumSignificantDigits: 5 });
};
const range = (e, words = fixed) =>
    e.low === null || e.low === undefined ? '–' : `${words(e.low)} to ${words(e.high)}`;
const clip = (text, most) =>
    [...text].length > most ? [...text].slice(0, most - 1).join('') + '…' : text;
// An empty cell has a name, too; and blanks can be seen.
const shown = (name) => (name === '' ? '(empty)' : name);

// ---- what is told where the pointer stands

const tip = document.getElementById('tip');
function tell(event, text) {
    tip.textContent = text;
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    const left = Math.min(event.clientX + 14, innerWidth - box.width - 8);
    const top =
        event.clientY + 18 + box.height > innerHeight
            ? event.clientY - box.height - 10
            : event.clientY + 18;
    tip.style.left = Math.max(4, left) + 'px';
    tip.style.top = Math.max(4, top) + 'px';
}
const hush = () => {
    tip.hidden = true;
};
const telling = (text) => ({ onpointermove: (event) => tell(event, text), onpointerleave: hush });

// ---- scales and axes

const scale = (from, to, low, high) => (x) => low + ((x - from) / (to - from || 1)) * (high - low);

function ticks(from, to, wanted) {
    const rough = (to - from) / wanted || 1;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((k) => k * power).find((s) => s >= rough * 0.999);
    const found = [];
    for (let k = Math.ceil(from / step - 1e-9); k * step <= to + step * 1e-9; k++)
        found.push(k * step);
    return found.map((t) => (Math.abs(t) < step * 1e-9 ? 0 : t));
}
const short = (x) => String(+x.toPrecision(6));

// A frame with axes; returns the picture, and where things go in it.
function frame(width, height, { x, y, xname, yname, left = 46, xticks, yticks, whole_x = false }) {
    const box = { left, right: width - 12, top: yname ? 26 : 12, bottom: height - 40 };
    const sx = scale(x[0], x[1], box.left, box.right),
        sy = scale(y[0], y[1], box.bottom, box.top);
    const picture = draw('svg', { class: 'plot', viewBox: `0 0 ${width} ${height}`, role: 'img' });
    for (const t of yticks || ticks(y[0], y[1], 5)) {
        picture.append(
            draw('path', { class: 'grid', d: `M${box.left} ${sy(t)}H${box.right}` }),
            draw('text', { x: box.left - 7, y: sy(t) + 4, 'text-anchor': 'end' }, short(t)),
        );
    }
    const marks = (
        xticks || ticks(x[0], x[1], Math.max(2, Math.floor((box.right - box.left) / 70)))
    ).filter((t) => !whole_x || Number.isInteger(t));
    for (const t of marks) {
        picture.append(
            draw('path', { class: 'axis', d: `M${sx(t)} ${box.bottom}v4` }),
            draw('text', { x: sx(t), y: box.bottom + 17, 'text-anchor': 'middle' }, short(t)),
        );
    }
    picture.append(
        draw('path', { class: 'axis', d: `M${box.left} ${box.top}V${box.bottom}H${box.right}` }),
    );
    if (xname)
        picture.append(
            draw('text', { x: box.right, y: box.bottom + 34, 'text-anchor': 'end' }, xname),
        );
    if (yname) picture.append(draw('text', { x: 4, y: 11 }, yname));
    return { picture, box, sx, sy };
}

const path_of = (points) =>
    points.map(([x, y], i) => `${i ? 'L' : 'M'}${x.toFixed(2)} ${y.toFixed(2)}`).join('');

// Draws into a box of its own, and again when its width has changed.
function chart(name, drawn) {
    const box = el('div', { class: 'chart' });
    let width = 0;
    box.redraw = () => {
        const picture = drawn(Math.max(260, width || 600));
        picture.setAttribute('aria-label', name);
        box.replaceChildren(picture);
    };
    new ResizeObserver(([entry]) => {
        const now = Math.round(entry.contentRect.width);
        if (now && Math.abs(now - width) > 1) {
            width = now;
            box.redraw();
        }
    }).observe(box);
    return box;
}

// Lines [{name, kind, points: [[x, y]...]}] in one frame; what stands at the pointer is told.
function lines(width, height, series, axes, words) {
    const { picture, box, sx, sy } = frame(width, height, axes);
    for (const one of series) {
        const points = one.points.filter(([, y]) => y !== null).map(([x, y]) => [sx(x), sy(y)]);
        const d = one.steps
            ? points
                  .map(([x, y], i) =>
                      i ? `H${x.toFixed(2)}V${y.toFixed(2)}` : `M${x.toFixed(2)} ${y.toFixed(2)}`,
                  )
                  .join('')
            : path_of(points);
        picture.append(draw('path', { class: (one.dashed ? 'dash ' : 'path ') + one.kind, d }));
    }
    const cross = draw('circle', { r: 4.5, class: 'leaf-fill', visibility: 'hidden' });
    const told = series
        .filter((one) => words && !one.dashed)
        .flatMap((one) =>
            one.points
                .filter(([, y]) => y !== null)
                .map((p) => ({ p, one, at: [sx(p[0]), sy(p[1])] })),
        );
    picture.append(
        cross,
        draw('rect', {
            x: box.left,
            y: box.top,
            width: Math.max(0, box.right - box.left),
            height: Math.max(0, box.bottom - box.top),
            fill: 'transparent',
            onpointermove: (event) => {
                const place = picture.getBoundingClientRect(),
                    zoom = width / place.width;
                const at = [
                    (event.clientX - place.left) * zoom,
                    (event.clientY - place.top) * zoom,
                ];
                let best = null,
                    least = Infinity;
                for (const one of told) {
                    const d = Math.hypot(one.at[0] - at[0], (one.at[1] - at[1]) / 3);
                    if (d < least) [best, least] = [one, d];
                }
                if (!best) return;
                cross.setAttribute('cx', best.at[0]);
                cross.setAttribute('cy', best.at[1]);
                cross.setAttribute('class', best.one.kind + '-fill');
                cross.setAttribute('visibility', 'visible');
                tell(event, words(best.p, best.one));
            },
            onpointerleave: () => {
                hush();
                cross.setAttribute('visibility', 'hidden');
            },
        }),
    );
    return picture;
}

// Bars that lie, one a name, each with the interval that it has:
// [{name, value, low, high, note, tip}].
function bars(width, list, { from = 0, to, digits = 4, name_width }) {
    const line = 26,
        labels = name_width || Math.min(190, Math.max(80, width * 0.28)),
        notes = 64;
    const height = list.length * line + 8;
    const sx = scale(from, to, labels, width - notes - 8);
    const picture = draw('svg', { class: 'plot', viewBox: `0 0 ${width} ${height}`, role: 'img' });
    picture.append(draw('path', { class: 'axis', d: `M${sx(Math.max(from, 0))} 0V${height}` }));
    list.forEach((one, i) => {
        const y = i * line + 6,
            middle = y + 9,
            zero = sx(Math.max(from, 0)),
            end = sx(one.value ?? 0);
        picture.append(
            draw(
                'text',
                { x: labels - 8, y: middle + 4, 'text-anchor': 'end', class: 'strong' },
                clip(shown(one.name), Math.floor(labels / 7.4)),
            ),
            draw('rect', {
                class: one.soft ? 'bar soft' : 'bar',
                x: Math.min(zero, end),
                y,
                height: 18,
                rx: 3,
                width: Math.max(1, Math.abs(end - zero)),
            }),
        );
        if (one.low !== null && one.low !== undefined) {
            const [a, b] = [sx(Math.max(from, one.low)), sx(Math.min(to, one.high))];
            picture.append(
                draw('path', {
                    class: 'whisker',
                    d: `M${a} ${middle}H${b}M${a} ${middle - 4}v8M${b} ${middle - 4}v8`,
                }),
            );
        }
        picture.append(
            draw(
                'text',
                { x: width - 2, y: middle + 4, 'text-anchor': 'end' },
                one.note ?? fixed(one.value, digits),
            ),
            draw('rect', {
                x: 0,
                y: y - 4,
                width,
                height: line,
                fill: 'transparent',
                ...telling(one.tip),
            }),
        );
    });
    return picture;
}

const legend = (...entries) =>
    el(
        'ul',
        { class: 'legend' },
        entries.map(([kind, name, dot]) =>
            el(
                'li',
                {},
                el('i', {
                    class: dot ? 'dot' : '',
                    style: dot ? `background:var(--${kind})` : `border-color:var(--${kind})`,
                }),
                name,
            ),
        ),
    );

const is_text = (cell) => cell instanceof Element && cell.classList.contains('text');

// A table: heads, and rows of cells; a cell may be an element.
function table(caption, heads, rows, kind, wide) {
    return el(
        'div',
        { class: 'wide', tabindex: wide && '0' },
        el(
            'table',
            { class: kind },
            caption && el('caption', {}, caption),
            el(
                'thead',
                {},
                el(
                    'tr',
                    {},
                    heads.map((head, i) =>
                        el(
                            'th',
                            { scope: 'col', class: is_text(rows[0] && rows[0][i]) && 'text' },
                            head,
                        ),
                    ),
                ),
            ),
            el(
                'tbody',
                {},
                rows.map((row) =>
                    el(
                        'tr',
                        {},
                        row.map((cell, i) =>
                            cell instanceof Element &&
                            (cell.tagName === 'TD' || cell.tagName === 'TH')
                                ? cell
                                : el(i ? 'td' : 'th', i ? {} : { scope: 'row' }, cell),
                        ),
                    ),
                ),
            ),
        ),
    );
}
const as_table = (...parts) => el('details', {}, el('summary', {}, 'As a table'), table(...parts));
