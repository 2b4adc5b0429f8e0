// SPDX-License-Identifier: MIT
//
// Opens a page of grove in Chromium, as a reader does: it fits the window, its links lead where they
// say, it can be read in light and dark, works from the keyboard, and asks for nothing from elsewhere.
//
//     node --test tests/pages/pages.test.mjs      with PAGE=FILE.html and CHROMIUM=/usr/bin/chromium

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { weakest_contrast } from './contrast.mjs';

const { chromium } = createRequire(process.env.NODE_MODULES + '/')('playwright-core');
const page_url = pathToFileURL(process.env.PAGE).href;
let browser;

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
});
after(async () => browser.close());

// A page, the addresses it asked for, and what it complained of.
async function open(options = {}) {
  const page = await browser.newPage(options);
  const asked = [], complaints = [];
  page.on('request', (request) => asked.push(request.url()));
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(page_url);
  return { page, asked, complaints };
}

test('asks for nothing but itself, and complains of nothing', async () => {
  const { page, asked, complaints } = await open();
  assert.deepEqual(asked, [page_url]);
  assert.deepEqual(complaints, []);
  await page.close();
});

for (const width of [360, 800, 1400]) {
  test(`fits a window ${width} pixels wide`, async () => {
    const { page } = await open({ viewport: { width, height: 800 } });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= width, `the page is ${wide} pixels wide`);
    await page.close();
  });
}

test('a link of the contents leads to its op', async () => {
  const { page } = await open({ viewport: { width: 1400, height: 800 }, reducedMotion: 'reduce' });
  for (const op of ['embedding', 'softmax', 'adam']) {
    await page.click(`nav a[href="#${op}"]`);
    await page.waitForFunction((id) => {
      const top = document.getElementById(id).getBoundingClientRect().top;
      return top >= -2 && top < innerHeight;
    }, op);
  }
  await page.close();
});

test('the contents can be walked through by the keyboard', async () => {
  const { page } = await open();
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.closest('nav') !== null), true);
  await page.keyboard.press('Enter');
  assert.match(page.url(), /#/);
  await page.close();
});

for (const colorScheme of ['light', 'dark']) {
  test(`can be read in ${colorScheme}`, async () => {
    const { page } = await open({ colorScheme });
    const weakest = await page.evaluate(weakest_contrast);
    assert.ok(weakest.contrast >= 4.5, JSON.stringify(weakest));
    await page.close();
  });
}
