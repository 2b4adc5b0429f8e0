// SPDX-License-Identifier: MIT
//
// Opens the page of a Bayesian model in Chromium: its widths are those of inspect, wide where rows
// are few.
//
//     node --test tests/pages/bayesian.test.mjs    with BAYESIAN, POSTERIORS, CHROMIUM, NODE_MODULES

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { opener } from './browser.mjs';
import { weakest_contrast } from './contrast.mjs';

const told = JSON.parse(readFileSync(process.env.POSTERIORS, 'utf8')).posteriors;
const open = opener(process.env.BAYESIAN, '#posterior svg');

test('widths by training rows', async () => {
    const { page, asked, complaints, url } = await open();
    assert.equal(await page.locator('#posterior circle.dot').count(), told[0].points.length);
    const rows = await page.locator('#posterior details tbody tr').all();
    assert.equal(rows.length, told[0].bins.length);
    for (let i = 0; i < rows.length; i++) {
        const cells = await rows[i].locator('th, td').allTextContents();
        assert.equal(cells[2], told[0].bins[i].deviation.toFixed(4));
    }
    const widths = told[0].bins.map((b) => b.deviation);
    assert.ok(widths.every((w, i) => !i || w < widths[i - 1]), String(widths));
    await page.locator('#posterior circle.dot').first().hover();
    assert.deepEqual(asked, [url]);
    assert.deepEqual(complaints, []);
    await page.close();
});

for (const colorScheme of ['light', 'dark']) {
    test(`fits a telephone and a desk, and can be read in ${colorScheme}`, async () => {
        for (const width of [360, 1280]) {
            const { page } = await open({ colorScheme, viewport: { width, height: 900 } });
            const wide = await page.evaluate(() => document.documentElement.scrollWidth);
            assert.ok(wide <= width, `the page is ${wide} pixels wide`);
            const weakest = await page.evaluate(weakest_contrast);
            assert.ok(weakest.contrast >= 4.5, JSON.stringify(weakest));
            await page.locator('#posterior').screenshot({
                path: `${process.env.BAYESIAN}.${width}.${colorScheme}.png`,
            });
            await page.close();
        }
    });
}
