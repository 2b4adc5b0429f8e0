// SPDX-License-Identifier: MIT
//
// Opens the page of a sum of weak models in Chromium: its curve is that of inspect, stage by stage,
// and says so.
//
//     node --test tests/pages/boosted.test.mjs    with BOOSTED, STAGES, CHROMIUM, NODE_MODULES

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { opener } from './browser.mjs';

const told = JSON.parse(readFileSync(process.env.STAGES, 'utf8')).boosting;
const open = opener(process.env.BOOSTED, '#learning svg');

test('strong against weak, stage by stage', async () => {
    const { page, complaints } = await open();
    const words = await page.textContent('#learning');
    assert.ok(words.includes('stage 1 is the first weak model alone'), words);
    assert.ok(words.includes(`stage ${told.best_stage}, with which the model ends`), words);
    assert.ok(!words.includes('epoch'), words);
    const rows = await page.locator('#learning details tbody tr').all();
    assert.equal(rows.length, told.stages);
    for (let i = 0; i < rows.length; i++) {
        const cells = await rows[i].locator('th, td').allTextContents();
        assert.equal(cells[0], String(i + 1));
        assert.ok(Math.abs(Number(cells[1]) - told.training_loss[i]) < 1e-3, cells.join());
        assert.ok(Math.abs(Number(cells[2]) - told.validation_loss[i]) < 1e-3, cells.join());
    }
    assert.deepEqual(complaints, []);
    await page.close();
});
