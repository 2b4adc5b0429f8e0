// SPDX-License-Identifier: MIT
//
// A browser for the tests of a file, and pages opened in it as a reader would: $CHROMIUM is what
// opens them, playwright-core lies in $NODE_MODULES.

import { after, before } from 'node:test';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

// A function that opens `usual`, or another file, and waits until all `selectors` are there. It
// yields the page, the addresses that were asked for, what was complained of, and its own address.
export function opener(usual, ...selectors) {
    const { chromium } = createRequire(process.env.NODE_MODULES + '/')('playwright-core');
    let browser;
    before(async () => {
        browser = await chromium.launch({
            executablePath: process.env.CHROMIUM,
            args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
        });
    });
    after(async () => browser.close());
    return async (options = {}, file = usual) => {
        const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
        const asked = [],
            complaints = [],
            url = pathToFileURL(file).href;
        page.on('request', (request) => {
            if (!request.url().startsWith('data:')) asked.push(request.url());
        });
        page.on('console', (message) => complaints.push(message.text()));
        page.on('pageerror', (error) => complaints.push(String(error)));
        page.on('dialog', (dialog) => {
            complaints.push('a dialog');
            dialog.dismiss();
        });
        await page.goto(url);
        for (const selector of selectors) await page.waitForSelector(selector);
        return { page, asked, complaints, url };
    };
}
