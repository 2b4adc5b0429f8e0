// SPDX-License-Identifier: MIT
//
// Opens the page of a model that tells several classes a row in Chromium: its numbers are those of
// evaluate, its curves those of the class that is chosen, it asks for nothing, complains of nothing,
// fits a telephone, and can be read in light and dark.
//
//     node --test tests/pages/sets.test.mjs    with SETS, SETS_TOLD, CHROMIUM, NODE_MODULES

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { opener } from './browser.mjs';
import { weakest_contrast } from './contrast.mjs';

const told = JSON.parse(readFileSync(process.env.SETS_TOLD, 'utf8'));
const open = opener(process.env.SETS, '#curves svg');
const fixed = (x) => (x === null ? '–' : x.toFixed(4));

test('asks for nothing but itself, and complains of nothing', async () => {
    const { page, asked, complaints, url } = await open();
    for (const select of await page.$$('select')) {
        const options = await select.$$eval('option', (list) => list.map((o) => o.value));
        for (const value of options) await select.selectOption(value);
    }
    for (const picture of await page.$$('#curves svg, #reliability svg')) await picture.hover();
    assert.deepEqual(asked, [url]);
    assert.deepEqual(complaints, []);
    await page.close();
});

test('its numbers are those of evaluate --full --json', async () => {
    const { page } = await open();
    assert.equal(Object.keys(told.metrics).length, 16);
    for (const [name, m] of Object.entries(told.metrics)) {
        const cells = await page
            .locator(`#measures tr:has([data-metric="${name}"]) td`)
            .allTextContents();
        assert.equal(cells[0], fixed(m.value), name);
        assert.equal(cells[1], m.low === null ? '–' : `${fixed(m.low)} to ${fixed(m.high)}`, name);
        assert.equal(cells[2], fixed(m.baseline), name + ' of the majority');
        assert.equal(cells[3], fixed(m.logistic), name + ' of logistic regression');
    }
    const rows = await page.locator('#confusion tbody tr').all();
    assert.equal(rows.length, told.classes.length);
    for (let i = 0; i < rows.length; i++) {
        const cells = await rows[i].locator('th, td').allTextContents();
        const c = told.classes[i];
        assert.equal(cells[0], c.class);
        assert.equal(cells[4], fixed(c.recall.value), c.class);
        assert.equal(cells[6], fixed(c.roc_auc), c.class);
    }
    const bins = await page.locator('#reliability details tbody tr').all();
    const used = told.reliability.filter((b) => b.rows);
    assert.equal(bins.length, used.length);
    assert.equal(
        used.reduce((sum, b) => sum + b.rows, 0),
        told.rows * told.classes.length,
    );
    for (let i = 0; i < bins.length; i++) {
        const cells = await bins[i].locator('th, td').allTextContents();
        assert.equal(cells[3], fixed(used[i].accuracy.value));
    }
    const columns = await page.locator('#importance details tbody tr').count();
    assert.equal(columns, told.importance.columns.length);
    assert.equal(await page.locator('#frequency').count(), 0);
    await page.close();
});

test('the curves are those of the class that is chosen', async () => {
    const { page } = await open();
    const names = await page.$$eval('#curve-class option', (list) => list.map((o) => o.textContent));
    assert.equal(names.length, told.classes.length);
    for (let i = 0; i < names.length; i++) {
        await page.selectOption('#curve-class', String(i));
        const heads = await page.locator('#curves h3').allTextContents();
        const own = told.classes.find((c) => c.class === names[i]);
        assert.equal(heads[0], `ROC · area ${fixed(own.roc_auc)}`);
        assert.equal(heads[1], `Precision-recall · average precision ${fixed(own.average_precision)}`);
    }
    await page.close();
});

test('the rows that were most wrong: the largest losses first, and none that is right', async () => {
    const { page } = await open();
    const rows = await page.$$eval('#worst tbody tr', (list) =>
        list.map((row) => [...row.children].map((cell) => cell.textContent)),
    );
    assert.ok(rows.length > 0 && rows.length <= 25);
    const heads = await page.locator('#worst thead th').allTextContents();
    assert.deepEqual(heads, ['line', 'it is', 'the model says', 'loss', 'kind', 'size']);
    assert.match(await page.textContent('.lead'), /any of 5 classes, from 2 columns/);
    rows.forEach((row, i) => {
        assert.notEqual(row[1], row[2]);
        assert.ok(i === 0 || Number(rows[i - 1][3]) >= Number(row[3]));
    });
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
                path: `${process.env.SETS}.${width}.${colorScheme}.png`,
                fullPage: true,
            });
            await page.close();
        }
    });
}
