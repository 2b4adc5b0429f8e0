// SPDX-License-Identifier: MIT
//
// Opens the page of a report in Chromium, as a reader does: its numbers are those of evaluate, it
// asks for nothing, complains of nothing, fits a telephone, can be read in light and dark, searched,
// and walked through by the keyboard. Photographs lie beside the page.
//
//     node --test tests/pages/report.test.mjs    with REPORT, NUMBERS, NASTY, CHROMIUM, NODE_MODULES

import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { opener } from './browser.mjs';
import { weakest_contrast } from './contrast.mjs';

const numbers = JSON.parse(readFileSync(process.env.NUMBERS, 'utf8'));
const open = opener(process.env.REPORT, '#worst svg, #vectors svg, #importance svg');
const texts = (page, selector) => page.$$eval(selector, (nodes) => nodes.map((n) => n.textContent));

test('asks for nothing but itself, and complains of nothing', async () => {
    const { page, asked, complaints, url } = await open();
    for (const select of await page.$$('select')) {
        const options = await select.$$eval('option', (list) => list.map((o) => o.value));
        for (const value of options) await select.selectOption(value);
    }
    await page.hover('#learning svg');
    assert.deepEqual(asked, [url]);
    assert.deepEqual(complaints, []);
    await page.close();
});

test('its numbers are those of evaluate --full --json', async () => {
    const { page } = await open();
    const digits = (x) => (x === null ? '–' : x.toFixed(4));
    let told = 0;
    for (const [name, m] of Object.entries(numbers.metrics)) {
        const row = page.locator(`#measures tr:has([data-metric="${name}"])`);
        if ((await row.count()) === 0) continue;
        const cells = await row.locator('td').allTextContents();
        assert.deepEqual(
            cells.slice(0, 4),
            [
                digits(m.value),
                m.low === null ? '–' : `${digits(m.low)} to ${digits(m.high)}`,
                digits(m.baseline),
                digits(m.logistic),
            ],
            name,
        );
        told++;
    }
    assert.ok(told >= 12, `${told} measures`);
    assert.equal(
        await page.textContent('[data-tile="accuracy"]'),
        digits(numbers.metrics.accuracy.value),
    );
    const matrix = (await texts(page, '#confusion .matrix td.cell')).map(
        (n) => +n.replaceAll(',', ''),
    );
    assert.deepEqual(matrix, numbers.confusion.flat());
    const importance = await texts(page, '#importance details tbody tr');
    assert.deepEqual(
        importance,
        numbers.importance.columns.map(
            (c) =>
                c.column +
                digits(c.log_loss.value) +
                `${digits(c.log_loss.low)} to ${digits(c.log_loss.high)}` +
                digits(c.accuracy.value) +
                `${digits(c.accuracy.low)} to ${digits(c.accuracy.high)}`,
        ),
    );
    const rarest = await texts(page, '#frequency details tbody td:nth-child(4)');
    assert.deepEqual(
        rarest,
        numbers.frequency.rarest.map((b) => digits(b.accuracy.value)),
    );
    const bins = await texts(page, '#reliability details tbody td:nth-child(4)');
    assert.deepEqual(
        bins,
        numbers.reliability.filter((b) => b.rows).map((b) => digits(b.accuracy.value)),
    );
    await page.close();
});

for (const width of [360, 390, 800, 1400]) {
    test(`fits a window ${width} pixels wide`, async () => {
        const { page } = await open({ viewport: { width, height: 800 }, hasTouch: width < 500 });
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(wide <= width, `the page is ${wide} pixels wide`);
        const letters = await page.$$eval('svg.plot text', (nodes) =>
            Math.min(
                ...nodes.map((n) => {
                    const zoom = n.getCTM() ? n.getCTM().a : 1;
                    return parseFloat(getComputedStyle(n).fontSize) * zoom;
                }),
            ),
        );
        assert.ok(letters >= 11, `letters of ${letters} pixels`);
        await page.close();
    });
}

for (const colorScheme of ['light', 'dark']) {
    test(`can be read in ${colorScheme}, and is photographed`, async () => {
        for (const width of [1280, 390]) {
            const { page } = await open({ colorScheme, viewport: { width, height: 900 } });
            const weakest = await page.evaluate(weakest_contrast);
            assert.ok(weakest.contrast >= 4.5, JSON.stringify(weakest));
            const path = `${process.env.REPORT}.${width}.${colorScheme}.png`;
            await page.screenshot({ path, fullPage: true });
            assert.ok(statSync(path).size > 50000);
            await page.close();
        }
    });
}

test('the switch changes light to dark, and back', async () => {
    const { page } = await open({ colorScheme: 'light' });
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await paper();
    await page.click('#theme');
    assert.notEqual(await paper(), light);
    const weakest = await page.evaluate(weakest_contrast);
    assert.ok(weakest.contrast >= 4.5, JSON.stringify(weakest));
    await page.click('#theme');
    assert.equal(await paper(), light);
    await page.close();
});

test('a value is found, chosen, and shows its neighbours', async () => {
    const { page } = await open();
    await page.selectOption('#vector-column', { label: 'species' });
    const all = await page.$$eval('#vectors svg circle', (list) => list.length);
    await page.fill('#search', 'SPECIES 12');
    const found = await texts(page, '.found li span:first-child');
    assert.ok(
        found.length > 1 && found.every((name) => name.startsWith('species 12')),
        found.join(),
    );
    assert.equal(await page.$$eval('#vectors svg .hit', (list) => list.length), found.length);
    assert.equal(await page.$$eval('#vectors svg circle', (list) => list.length), all);
    await page.click('.found li:first-child button');
    assert.equal((await texts(page, '.found li')).length, 9, 'itself and eight neighbours');
    assert.equal(await page.$$eval('#vectors svg .near', (list) => list.length), 8);
    assert.match(await page.textContent('#vectors h3'), /^Nearest to species 12/);
    await page.fill('#search', 'no such value');
    assert.match(await page.textContent('#vectors h3'), /^0 found/);
    await page.close();
});

test('the keyboard leads everywhere', async () => {
    const { page } = await open({ reducedMotion: 'reduce' });
    const here = () =>
        page.evaluate(() => {
            const node = document.activeElement,
                style = getComputedStyle(node);
            return {
                tag: node.tagName,
                id: node.id,
                text: node.textContent.trim().slice(0, 30),
                ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0,
            };
        });
    await page.keyboard.press('Tab');
    assert.equal((await here()).text, 'To the report');
    const seen = [];
    for (let i = 0; i < 120; i++) {
        await page.keyboard.press('Tab');
        const at = await here();
        if (at.tag === 'BODY') break;
        assert.ok(at.ring, `no ring around ${JSON.stringify(at)}`);
        seen.push(at);
    }
    for (const id of ['theme', 'frequency-column', 'importance-kind', 'vector-column', 'search']) {
        assert.ok(
            seen.some((at) => at.id === id),
            `${id} is not reached`,
        );
    }
    assert.ok(seen.some((at) => at.tag === 'SUMMARY'));
    await page.focus('#learning summary');
    await page.keyboard.press('Enter');
    assert.ok(await page.$eval('#learning details', (node) => node.open));
    await page.focus('#contents a[href="#importance"]');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => {
        const top = document.getElementById('importance').getBoundingClientRect().top;
        return top >= -2 && top < innerHeight;
    });
    await page.close();
});

test('pictures have names, and tables beside them', async () => {
    const { page } = await open();
    const nameless = await page.$$eval(
        'svg[role="img"]',
        (list) => list.filter((n) => !n.getAttribute('aria-label')).length,
    );
    assert.equal(nameless, 0);
    for (const id of ['learning', 'curves', 'reliability', 'frequency', 'importance']) {
        assert.ok(await page.$(`#${id} details table`), id);
    }
    const headless = await page.$$eval(
        'table',
        (list) => list.filter((t) => !t.querySelector('th[scope]')).length,
    );
    assert.equal(headless, 0);
    await page.close();
});

test('can be printed', async () => {
    const { page } = await open({ colorScheme: 'dark' });
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    assert.equal(
        await page.evaluate(() => getComputedStyle(document.body).backgroundColor),
        'rgb(255, 255, 255)',
    );
    assert.equal(await page.isVisible('#theme'), false);
    const paper = await page.pdf({ format: 'A4' });
    assert.ok(paper.length > 20000);
    await page.close();
});

test('names that look like code are shown as they are', async () => {
    const { page, complaints, asked, url } = await open({}, process.env.NASTY);
    assert.equal(await page.title(), '</title><script>alert(1)</script>');
    const cells = await texts(page, '#worst td, #vectors .found span');
    assert.ok(cells.includes('</script><script>alert(1)</script>'), cells.join('\n'));
    assert.deepEqual(complaints, []);
    assert.deepEqual(asked, [url]);
    await page.close();
});
