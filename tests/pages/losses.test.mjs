// SPDX-License-Identifier: MIT
//
// Opens the page of grove compare --softmax in Chromium: its numbers are those of --json.
//
//     node --test tests/pages/losses.test.mjs    with LOSSES, LOSSES_TOLD, CHROMIUM, NODE_MODULES

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { opener } from './browser.mjs';
import { weakest_contrast } from './contrast.mjs';

const told = JSON.parse(readFileSync(process.env.LOSSES_TOLD, 'utf8'));
const open = opener(process.env.LOSSES, '#cost svg');
const fixed = (x) => (x === null ? '–' : x.toFixed(4));

test('its numbers are those of --json', async () => {
    const { page, asked, complaints, url } = await open();
    const rows = await page.locator('#numbers tbody tr').all();
    assert.equal(rows.length, told.losses.length);
    for (let i = 0; i < rows.length; i++) {
        const cells = await rows[i].locator('th, td').allTextContents();
        const l = told.losses[i];
        assert.equal(cells[0], l.name);
        assert.equal(cells[4], fixed(l.log_loss.value));
        assert.equal(cells[5], `${fixed(l.log_loss.low)} to ${fixed(l.log_loss.high)}`);
        assert.equal(cells[6], fixed(l.accuracy.value));
        assert.equal(cells[7], fixed(l.top_10_accuracy.value));
    }
    const drawn = told.losses.filter((l) => l.softmax !== 'full');
    const estimates = await page.locator('#estimates tbody tr').all();
    assert.equal(estimates.length, drawn.length);
    for (let i = 0; i < estimates.length; i++) {
        const cells = await estimates[i].locator('th, td').allTextContents();
        assert.equal(cells[1], fixed(drawn[i].loss_estimate.bias));
        assert.equal(cells[5], fixed(drawn[i].gradient_cosine));
    }
    assert.equal(await page.locator('#cost circle.point').count(), told.losses.length);
    await page.locator('#cost circle.point').first().hover();
    assert.match(await page.textContent('.lead'), /<b>what<\/b> out of 144 classes/);
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
            await page.screenshot({
                path: `${process.env.LOSSES}.${width}.${colorScheme}.png`,
                fullPage: true,
            });
            await page.close();
        }
    });
}
