// SPDX-License-Identifier: MIT
//
// Opens the page of a model that predicts numbers in Chromium: its numbers are those of evaluate, its
// pictures hold all rows, it asks for nothing, complains of nothing, fits a telephone, and can be
// read in light and dark.
//
//     node --test tests/pages/numbers.test.mjs    with PRICES, MANY, PRICED, CHROMIUM, NODE_MODULES

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { opener } from './browser.mjs';
import { weakest_contrast } from './contrast.mjs';

const told = JSON.parse(readFileSync(process.env.PRICED, 'utf8'));
const open = opener(process.env.PRICES, '#fit svg');

// What a cell of the page says, as a number.
const read = (text) => (text === '–' ? null : Number(text.replaceAll(',', '')));
const same = (text, x, name) => {
    const shown = read(text);
    if (x === null) assert.equal(shown, null, name);
    else assert.ok(Math.abs(shown - x) <= 2e-4 * Math.abs(x) + 1e-12, `${name}: ${text}, not ${x}`);
};

test('asks for nothing but itself, and complains of nothing', async () => {
    for (const file of [process.env.PRICES, process.env.MANY]) {
        const { page, asked, complaints, url } = await open({}, file);
        for (const select of await page.$$('select')) {
            const options = await select.$$eval('option', (list) => list.map((o) => o.value));
            for (const value of options) await select.selectOption(value);
        }
        for (const picture of await page.$$('#fit svg')) await picture.hover();
        assert.deepEqual(asked, [url]);
        assert.deepEqual(complaints, []);
        await page.close();
    }
});

test('its numbers are those of evaluate --full --json', async () => {
    const { page } = await open();
    for (const [name, m] of Object.entries(told.metrics)) {
        const cells = await page
            .locator(`#measures tr:has([data-metric="${name}"]) td`)
            .allTextContents();
        same(cells[0], m.value, name);
        if (m.low === null) assert.equal(cells[1], '–');
        else cells[1].split(' to ').forEach((text, i) => same(text, i ? m.high : m.low, name));
        same(cells[2], m.baseline, name + ' of the mean');
        same(cells[3], m.linear, name + ' of linear regression');
    }
    const importance = await page.locator('#importance details tbody tr').count();
    assert.equal(importance, told.importance.columns.length);
    const bins = await page.locator('#frequency details tbody tr').all();
    assert.equal(bins.length, told.frequency.rarest.length);
    for (let i = 0; i < bins.length; i++) {
        const cells = await bins[i].locator('th, td').allTextContents();
        same(cells[1], told.frequency.rarest[i].rows, 'rows');
        same(cells[2], told.frequency.rarest[i].error.value, cells[0]);
    }
    assert.equal(told.frequency.rarest[0].category, 'unknown');
    await page.close();
});

test('the pictures hold all rows', async () => {
    const few = (await open()).page;
    assert.equal(await few.locator('#fit circle.dot').count(), 2 * told.rows);
    assert.equal(await few.locator('#worst tbody tr').count(), 25);
    await few.close();
    const { page } = await open({}, process.env.MANY);
    assert.equal(await page.locator('#fit circle.dot').count(), 0);
    const rows = await page.evaluate(() =>
        JSON.parse(document.getElementById('data').textContent).fit.answers.cells.length,
    );
    assert.equal(await page.locator('#fit .two > div:first-child rect.heap').count(), rows);
    assert.match(await page.textContent('#fit .say'), /too many rows to draw one by one/);
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
                path: `${process.env.PRICES}.${width}.${colorScheme}.png`,
                fullPage: true,
            });
            await page.close();
        }
    });
}

test('can be printed, and its pictures have names', async () => {
    const { page } = await open();
    const nameless = await page.$$eval(
        'svg[role="img"]',
        (list) => list.filter((n) => !n.getAttribute('aria-label')).length,
    );
    assert.equal(nameless, 0);
    await page.emulateMedia({ media: 'print' });
    assert.ok((await page.pdf({ format: 'A4' })).length > 20000);
    await page.close();
});
