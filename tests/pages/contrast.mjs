// SPDX-License-Identifier: MIT

// The contrast of all text with what lies behind it, by WCAG 2.1: 4.5 is wanted.
export function weakest_contrast() {
    const numbers = (color) =>
        color
            .match(/[\d.]+/g)
            .map(Number)
            .map((x, i) => (color.startsWith('color(srgb') && i < 3 ? 255 * x : x));
    const light = ([r, g, b]) =>
        [r, g, b]
            .map((c) => c / 255)
            .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
            .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = (node) => {
        const color = numbers(getComputedStyle(node).backgroundColor);
        const clear = color.length === 4 && color[3] === 0;
        return clear && node.parentElement
            ? behind(node.parentElement)
            : clear
              ? [255, 255, 255]
              : color;
    };
    let weakest = { contrast: 99 };
    for (const node of document.querySelectorAll('body *')) {
        if (![...node.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
        const style = getComputedStyle(node);
        const drawn = node.namespaceURI.endsWith('svg') ? style.fill : style.color;
        const a = light(numbers(drawn)),
            b = light(behind(node));
        const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (contrast < weakest.contrast)
            weakest = { contrast, text: node.textContent.slice(0, 40) };
    }
    return weakest;
}
