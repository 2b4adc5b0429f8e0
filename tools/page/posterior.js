// SPDX-License-Identifier: MIT
//
// posterior.js - of a Bayesian model: how wide the distribution of each value's vector is, by how
// many training rows had the value.
'use strict';

function posterior() {
    const list = data.posteriors || [];
    if (!list.length) return null;
    let chosen = list[0];
    const place = (count) => Math.log10(1 + count);
    const picture = chart('Width of the vectors by training rows', (width) => {
        const most = Math.max(...chosen.points.map(([count]) => count), 9);
        const top = Math.max(chosen.prior, ...chosen.points.map(([, deviation]) => deviation)) * 1.06;
        const decades = [0, 1, 10, 100, 1000, 1e4, 1e5, 1e6, 1e7].filter((c) => c <= most);
        const { picture, box, sx, sy } = frame(width, 300, {
            x: [-0.05, place(most) * 1.03],
            y: [0, top],
            xname: 'training rows (logarithmic)',
            yname: 'width: the mean deviation of the vector’s numbers',
            left: 54,
            xticks: [],
        });
        for (const count of decades) {
            picture.append(
                draw('path', { class: 'axis', d: `M${sx(place(count))} ${box.bottom}v4` }),
                draw(
                    'text',
                    { x: sx(place(count)), y: box.bottom + 17, 'text-anchor': 'middle' },
                    whole(count),
                ),
            );
        }
        picture.append(
            draw('path', {
                class: 'dash bark',
                'pointer-events': 'none',
                d: `M${box.left} ${sy(chosen.prior)}H${box.right}`,
            }),
        );
        for (const [count, deviation] of chosen.points) {
            picture.append(
                draw('circle', {
                    class: 'dot',
                    cx: sx(place(count)),
                    cy: sy(deviation),
                    r: 3,
                    ...telling(`${many(count, 'training row')}\nwidth ${fixed(deviation)}`),
                }),
            );
        }
        return picture;
    });
    const listing = el('div');
    const change = (i) => {
        chosen = list[i];
        picture.redraw();
        listing.replaceChildren(
            as_table(
                null,
                ['training rows', 'values', 'mean width'],
                chosen.bins.map((b) => [
                    b.most ? `${whole(b.least)} to ${whole(b.most)}` : 'none',
                    whole(b.values),
                    fixed(b.deviation),
                ]),
            ),
        );
    };
    change(0);
    return section(
        'posterior',
        'How sure it is of each value',
        'The vector of a value is a distribution here. Rows make it narrow; of a value that no row had nothing was learned, and it stays as wide as it was believed to be beforehand (dashed).',
        el(
            'div',
            { class: 'controls' },
            chooser(
                'posterior-column',
                'Column',
                list.map((p) => shown(p.column)),
                change,
            ),
        ),
        picture,
        listing,
    );
}
