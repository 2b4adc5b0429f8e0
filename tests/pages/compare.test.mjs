// SPDX-License-Identifier: MIT
//
// Opens the page of grove compare in Chromium: its numbers are those of --json, it asks for nothing,
// complains of nothing, fits a telephone, and can be read in light and dark.
//
//     node --test tests/pages/compare.test.mjs    with COMPARE, COMPARED, NASTY_COMPARE, CHROMIUM,
//                                                 NODE_MODULES

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { opener } from './browser.mjs';
import { weakest_contrast } from './contrast.mjs';

const numbers = JSON.parse(readFileSync(process.env.COMPARED, 'utf8'));
const open = opener(process.env.COMPARE, '#loss svg', '#time svg');

test('asks for nothing but itself, and complains of nothing', async () => {
    for (const file of [process.env.COMPARE, process.env.NASTY_COMPARE]) {
        const { page, asked, complaints, url } = await open({}, file);
        await page.hover('#loss svg');
        await page.hover('#time svg');
        assert.deepEqual(asked, [url]);
        assert.deepEqual(complaints, []);
        await page.close();
    }
});

test('its numbers are those of compare --json', async () => {
    const { page } = await open();
    const rows = page.locator('#numbers tbody tr');
    assert.equal(await rows.count(), numbers.forms.length);
    for (let i = 0; i < numbers.forms.length; i++) {
        const cells = await rows.nth(i).locator('th, td').allTextContents();
        const form = numbers.forms[i];
        assert.equal(cells[0], form.name);
        assert.equal(cells[2], form.column_parameters.toLocaleString('en-US'));
        assert.equal(cells[5], form.log_loss.value.toFixed(4));
        assert.equal(cells[7], form.accuracy.value.toFixed(4));
        if (form.difference)
            assert.ok(cells[6].includes(Math.abs(form.difference.value).toFixed(4)), cells[6]);
    }
    const shared = page.locator('#collisions tbody tr');
    const hashed = numbers.forms.filter((form) => form.collisions);
    assert.equal(await shared.count(), hashed.length);
    for (let i = 0; i < hashed.length; i++) {
        const cells = await shared.nth(i).locator('th, td').allTextContents();
        assert.equal(cells[1], hashed[i].collisions.merged.toLocaleString('en-US'));
    }
    await page.close();
});

test('a telephone shows it whole, in light and dark', async () => {
    for (const colorScheme of ['light', 'dark']) {
        const { page } = await open({ viewport: { width: 390, height: 800 }, colorScheme });
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(wide <= 390, `${wide} pixels wide`);
        const weakest = await page.evaluate(weakest_contrast);
        assert.ok(weakest.contrast >= 4.5, JSON.stringify(weakest));
        const shot = process.env.COMPARE.replace('.html', `-phone-${colorScheme}.png`);
        await page.screenshot({ path: shot, fullPage: true });
        await page.close();
    }
});

test('the button changes between light and dark', async () => {
    const { page } = await open({ colorScheme: 'light' });
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await paper();
    await page.click('#theme');
    assert.notEqual(await paper(), light);
    await page.close();
});
