// SPDX-License-Identifier: MIT
//
// theme.js - the button that changes between light and dark; at first it is as the reader's system
// has it.
'use strict';

function light_or_dark() {
    const root = document.documentElement,
        button = document.getElementById('theme'),
        name = document.getElementById('theme-name');
    const prefers = matchMedia('(prefers-color-scheme: dark)');
    const is_dark = () => (root.dataset.theme ? root.dataset.theme === 'dark' : prefers.matches);
    const say = () => {
        name.textContent = is_dark() ? 'Light' : 'Dark';
        button.setAttribute('aria-label', is_dark() ? 'Change to light' : 'Change to dark');
    };
    button.addEventListener('click', () => {
        root.dataset.theme = is_dark() ? 'light' : 'dark';
        say();
    });
    prefers.addEventListener('change', say);
    say();
}
