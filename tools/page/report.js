// SPDX-License-Identifier: MIT
//
// report.js - the report of a model, out of the numbers that `grove report` put into the page. It
// computes nothing that is told: it only chooses and draws.
'use strict';

const data = JSON.parse(document.getElementById('data').textContent);
const told = data.report, model = data.model, metrics = told.metrics;
const main = document.getElementById('main');
const classes = told.classes.map((c) => c.class);
const lower_is_better = new Set(['log_loss', 'brier_score_loss', 'ece_15']);
const many = (n, one, more) => `${whole(n)} ${n === 1 ? one : more || one + 's'}`;

function section(id, title, words, ...parts) {
  return el('section', { id, 'aria-labelledby': id + '-title' }, el('h2', { id: id + '-title' }, title),
    words && el('p', { class: 'say' }, words), parts);
}

// ---- the head ------------------------------------------------------------------------------------

// Against the stronger baseline that there is: is its number inside of the interval?
function verdict(name) {
  const m = metrics[name], other = m.logistic ?? m.baseline;
  const what = m.logistic !== null ? 'logistic regression' : 'the majority';
  if (m.low === null || other === null) return null;
  if (m.low <= other && other <= m.high) return ['even', 'no clear difference'];
  return (m.value > other) !== lower_is_better.has(name)
    ? ['good', `better than ${what}`] : ['poor', `worse than ${what}`];
}

function tile(name, title) {
  const m = metrics[name], says = verdict(name);
  if (m.value === null) return null;
  const others = [m.logistic !== null && `logistic ${fixed(m.logistic)}`, m.baseline !== null && `majority ${fixed(m.baseline)}`]
    .filter(Boolean).join(' · ');
  return el('div', { class: 'tile' }, el('div', { class: 'name' }, title),
    el('div', { class: 'value', 'data-tile': name }, fixed(m.value),
      lower_is_better.has(name) && el('span', { class: 'way' }, 'lower is better')),
    el('div', { class: 'more' }, range(m)), el('div', { class: 'more' }, others),
    says && el('span', { class: 'verdict ' + says[0] }, says[1]));
}

function head() {
  const inputs = model.columns.filter((c) => c.kind !== 'label' && c.kind !== 'ignored');
  return [
    el('h1', {}, data.title),
    el('p', { class: 'lead' }, 'Predicts ', el('b', {}, shown(model.label)), `, one of ${many(classes.length, 'class', 'classes')}, from ${
      many(inputs.length, 'column')}. Here it is asked about ${many(told.rows, 'row')} of `, el('b', {}, data.table), '.'),
    el('div', { class: 'tiles' }, tile('accuracy', 'Accuracy'), tile('log_loss', 'Log loss'),
      metrics.roc_auc.value !== null ? tile('roc_auc', 'ROC AUC') : tile('balanced_accuracy', 'Balanced accuracy'),
      tile('ece_15', 'Calibration error, ece_15')),
  ];
}

// ---- what was trained on what --------------------------------------------------------------------

function training() {
  const t = data.training || {};
  const facts = [
    ['Training rows', whole(t.rows)], ['Validation rows', whole(t.validation_rows)],
    ['Epochs', t.epochs && `${t.epochs}, the best was ${t.best_epoch}`], ['Seed', t.seed],
    ['Parameters', whole(model.parameters)],
    ['Layers', model.layers.length ? model.layers.map(([from]) => from).join(' → ') + ' → ' + model.layers.at(-1)[1] : null],
    ['Rows asked about', whole(told.rows)], ['Unknown cells', percent(told.unknown_cells, 2)],
    ['Written by', model.producer],
  ].filter(([, value]) => value !== null && value !== undefined && value !== '–');
  const rows = model.columns.map((c) => [el('th', { scope: 'row', class: 'name-of' }, shown(c.name)), el('td', { class: 'text' }, c.kind),
    whole(c.values), c.width ? `${whole(c.rows)} × ${c.width}` : '–', whole(c.missing),
    c.kind === 'ignored' || c.kind === 'label' ? '–' : percent(c.unknown_share, 2)]);
  return section('training', 'What was trained on what', null,
    el('dl', { class: 'facts' }, facts.map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, String(value))))),
    el('details', { open: rows.length <= 16 }, el('summary', {}, `The ${many(rows.length, 'column')}`),
      table(null, ['column', 'kind', 'values', 'table', 'empty in training', 'unknown here'], rows)));
}

// ---- measures ------------------------------------------------------------------------------------

// The interval as a bar, the baselines as marks; each row has a scale of its own.
function strip(m) {
  const numbers = [m.value, m.low, m.high, m.baseline, m.logistic].filter((x) => x !== null);
  const low = Math.min(...numbers), room = (Math.max(...numbers) - low || 1) * 1.08;
  const at = (x) => (4 + 92 * (x - low) / room).toFixed(2) + '%';
  const mark = (x, kind) => x !== null && draw('line', { x1: at(x), x2: at(x), y1: 4, y2: 20, class: kind, 'stroke-width': 2.5, opacity: 0.9 });
  return el('td', { class: 'strip text' }, draw('svg', { width: '100%', height: 24, 'aria-hidden': 'true', class: 'plot' },
    draw('line', { x1: '0%', x2: '100%', y1: 12, y2: 12, class: 'grid' }), mark(m.baseline, 'stone'), mark(m.logistic, 'bark'),
    m.low !== null && draw('line', { x1: at(m.low), x2: at(m.high), y1: 12, y2: 12, class: 'leaf', 'stroke-width': 8, 'stroke-linecap': 'round', opacity: 0.35 }),
    draw('circle', { cx: at(m.value), cy: 12, r: 4.5, class: 'leaf-fill' })));
}

function measures() {
  const says_nothing = (name) => name === 'top_k_accuracy' && told.top_k >= classes.length;
  const rows = Object.entries(metrics).filter(([name, m]) => m.value !== null && !says_nothing(name)).map(([name, m]) => {
    const says = verdict(name);
    return [el('th', { scope: 'row', class: 'name-of' }, name === 'top_k_accuracy' ? `${name} (k = ${told.top_k})` : name),
      el('td', { 'data-metric': name }, fixed(m.value)), el('td', {}, range(m)), el('td', {}, fixed(m.baseline)),
      el('td', {}, fixed(m.logistic)), strip(m),
      el('td', { class: 'text' }, says && says[0] !== 'good' ? el('span', { class: 'verdict ' + says[0] }, says[1]) : '')];
  });
  return section('measures', 'Measures',
    `Under the names and by the definitions of scikit-learn. The lower the better: log_loss, brier_score_loss, ece_15. Intervals of 95 %: Wilson’s of shares of rows, else by ${whole(told.resamples)} resamples of the rows.`,
    legend(['leaf', 'the model and its interval', true], ['bark', 'logistic regression on the same columns'], ['stone', 'majority: always the shares of the classes in training']),
    table(null, ['measure', 'value', '95 % interval', 'majority', 'logistic', 'each on a scale of its own',
      metrics.accuracy.logistic !== null ? 'against logistic' : 'against majority'], rows));
}

// ---- learning curves -----------------------------------------------------------------------------

function learning() {
  const t = data.training;
  if (!t || !Array.isArray(t.training_loss) || t.training_loss.length < 2) return null;
  const points = (list) => (list || []).map((y, i) => [i + 1, y]);
  const series = [{ name: 'training loss', kind: 'stone', points: points(t.training_loss) },
    { name: 'validation loss', kind: 'leaf', points: points(t.validation_loss) }].filter((s) => s.points.length);
  const values = series.flatMap((s) => s.points.map((p) => p[1])).filter((y) => y !== null);
  const low = Math.min(...values), high = Math.max(...values), room = (high - low) * 0.08 || 0.01;
  const epochs = t.training_loss.length;
  if (t.validation_loss && t.validation_loss.length) {
    series.push({ kind: 'bark', dashed: true, points: [[t.best_epoch, low - room], [t.best_epoch, high + room]] });
  }
  return section('learning', 'Learning curves', 'The mean loss of each epoch. Training loss is with dropout, and of the weights as they were on the way.',
    legend(...series.filter((s) => s.name).map((s) => [s.kind, s.name]), ...(series.some((s) => s.dashed) ? [['bark', `epoch ${t.best_epoch}, whose weights were kept`]] : [])),
    chart('Training and validation loss of each epoch', (width) => lines(width, 280, series,
      { x: [1, epochs], y: [low - room, high + room], xname: 'epoch', left: 54, whole_x: true },
      ([x, y], one) => `epoch ${x}\n${one.name} ${fixed(y)}`)),
    as_table(null, ['epoch', 'training loss', 'validation loss', 'validation accuracy'], t.training_loss.map((loss, i) =>
      [String(i + 1), fixed(loss), fixed((t.validation_loss || [])[i]), fixed((t.validation_accuracy || [])[i])])));
}

// ---- classes and confusions ----------------------------------------------------------------------

function confusion() {
  const matrix = told.confusion, most = 24;
  const per_class = table(null, ['class', 'rows', 'answers', 'precision', 'recall', '95 % interval', 'f1'],
    told.classes.map((c) => [el('th', { scope: 'row', class: 'name-of', title: c.class }, clip(shown(c.class), 40)), whole(c.support), whole(c.predicted),
      fixed(c.precision.value), fixed(c.recall.value), range(c.recall), fixed(c.f1)]));
  const mistakes = matrix ? matrix.flatMap((row, a) => row.map((n, b) => [n, a, b])).filter(([n, a, b]) => n && a !== b)
    .sort((x, y) => y[0] - x[0]).slice(0, 10) : [];
  const shade = (share, right) =>
    `background: color-mix(in srgb, var(--${right ? 'leaf' : 'bark'}) ${Math.round(44 * share)}%, var(--card))`;
  const grid = matrix && matrix.length <= most && el('div', { class: 'wide' }, el('table', { class: 'matrix' },
    el('caption', {}, 'Rows: what it is. Columns: what the model says. Shade: the share of the row.'),
    el('thead', {}, el('tr', {}, el('td', {}), classes.map((name) => el('th', { scope: 'col', class: 'name-of', title: name }, clip(shown(name), 18))))),
    el('tbody', {}, matrix.map((row, a) => {
      const sum = row.reduce((x, y) => x + y, 0);
      return el('tr', {}, el('th', { scope: 'row', class: 'name-of', title: classes[a] }, clip(shown(classes[a]), 24)), row.map((n, b) =>
        el('td', { class: 'cell', style: shade(sum ? n / sum : 0, a === b), ...telling(
          `${whole(n)} of ${many(sum, 'row')} of ‘${shown(classes[a])}’ (${percent(sum ? n / sum : 0)})\n${a === b ? 'were recognised' : `were taken for ‘${shown(classes[b])}’`}`) }, whole(n))));
    }))));
  return section('confusion', 'Classes and confusions', null, grid,
    mistakes.length > 0 && classes.length > 2 && el('div', {}, el('h3', {}, 'Most frequent mistakes'), table(null, ['it was', 'taken for', 'rows'],
      mistakes.map(([n, a, b]) => [el('th', { scope: 'row', class: 'name-of' }, shown(classes[a])), el('td', { class: 'text name-of' }, shown(classes[b])), whole(n)]))),
    el('details', { open: classes.length <= 12 }, el('summary', {}, `The ${many(classes.length, 'class', 'classes')} one by one`), per_class));
}

// ---- curves --------------------------------------------------------------------------------------

const chooser = (id, name, options, changed) => {
  const select = el('select', { id, onchange: () => changed(+select.value) },
    options.map((option, i) => el('option', { value: i }, option)));
  return el('label', { for: id }, name, select);
};

function curves() {
  if (!data.curves.length) return null;
  let chosen = data.curves[0];
  const percent_of = (p) => p.map((x) => x === null ? null : +x);
  const roc = chart('ROC curve', (width) => lines(width, Math.min(340, width * 0.85), [
    { kind: 'stone', dashed: true, points: [[0, 0], [1, 1]] },
    { kind: 'leaf', name: 'ROC', points: chosen.points.map(percent_of) }],
  { x: [0, 1], y: [0, 1], xname: 'false positive rate', yname: 'true positive rate' },
  ([x, y, , threshold]) => `threshold ${threshold === null ? 'above all' : fixed(threshold)}\nfalse positive rate ${fixed(x)}\ntrue positive rate ${fixed(y)}`));
  const pr = chart('Precision-recall curve', (width) => lines(width, Math.min(340, width * 0.85), [
    { kind: 'stone', dashed: true, points: [[0, chosen.share], [1, chosen.share]] },
    { kind: 'leaf', name: 'precision', points: chosen.points.map(([, recall, precision, threshold]) => [recall, precision, precision, threshold]) }],
  { x: [0, 1], y: [0, 1], xname: 'recall', yname: 'precision' },
  ([x, y, , threshold]) => `threshold ${threshold === null ? 'above all' : fixed(threshold)}\nrecall ${fixed(x)}\nprecision ${fixed(y)}`));
  const numbers = el('div');
  const change = (i) => {
    chosen = data.curves[i];
    roc.redraw();
    pr.redraw();
    numbers.replaceChildren(as_table(`of ‘${shown(chosen.class)}’`, ['threshold', 'false positive rate', 'recall', 'precision'],
      chosen.points.filter((p, k) => k % 5 === 0 || k === chosen.points.length - 1).map(([fpr, recall, precision, threshold]) =>
        [threshold === null ? 'above all' : fixed(threshold), fixed(fpr), fixed(recall), fixed(precision)])));
  };
  change(0);
  return section('curves', 'ROC and precision-recall',
    'A row is said to be of the class where its probability reaches a threshold; each point is one threshold. Dashed: what chance would give.',
    data.curves.length > 1 ? el('div', { class: 'controls' }, chooser('curve-class', 'Class', data.curves.map((c) => shown(c.class)), change))
      : el('p', {}, 'Of the class ', el('b', { class: 'name-of' }, shown(chosen.class)), '.'),
    el('div', { class: 'two' }, el('div', {}, el('h3', {}, 'ROC', metrics.roc_auc.value !== null && ` · area ${fixed(metrics.roc_auc.value)}`), roc),
      el('div', {}, el('h3', {}, 'Precision-recall', metrics.average_precision.value !== null && ` · average precision ${fixed(metrics.average_precision.value)}`), pr)),
    numbers);
}

// ---- reliability ---------------------------------------------------------------------------------

function reliability() {
  const bins = told.reliability, used = bins.filter((b) => b.rows), most = Math.max(...used.map((b) => b.rows), 1);
  if (!used.length) return null;
  const words = (b) => `probability ${fixed(b.above, 3)} to ${fixed(b.to, 3)}, mean ${fixed(b.confidence)}\n${many(b.rows, 'row')}, right ${fixed(b.accuracy.value)}\n95 % interval ${range(b.accuracy)}`;
  const drawn = (width) => {
    const height = Math.min(420, Math.max(300, width * 0.8)), low = used[0].above;
    const { picture, box, sx, sy } = frame(width, height, { x: [low, 1], y: [0, 1], xname: 'highest probability of a row', yname: 'share that is right' });
    for (const b of used) {
      const tall = 64 * b.rows / most;
      picture.append(draw('rect', { class: 'bar soft', x: sx(b.above) + 1, width: sx(b.to) - sx(b.above) - 2, y: box.bottom - tall, height: tall }));
    }
    picture.append(draw('path', { class: 'dash stone', d: `M${sx(low)} ${sy(low)}L${sx(1)} ${sy(1)}` }),
      draw('path', { class: 'path leaf', d: path_of(used.map((b) => [sx(b.confidence), sy(b.accuracy.value)])) }));
    for (const b of used) {
      const x = sx(b.confidence);
      picture.append(draw('path', { class: 'whisker', d: `M${x} ${sy(b.accuracy.low)}V${sy(b.accuracy.high)}` }),
        draw('circle', { cx: x, cy: sy(b.accuracy.value), r: 4, class: 'leaf-fill' }),
        draw('rect', { x: sx(b.above), width: sx(b.to) - sx(b.above), y: box.top, height: box.bottom - box.top, fill: 'transparent', ...telling(words(b)) }));
    }
    return picture;
  };
  return section('reliability', 'How sure, and how right',
    `Of the rows that get a probability of 0.8, are 0.8 right? On the dashed line they are; below it the model is too sure. ece_15 is ${fixed(metrics.ece_15.value)} (${range(metrics.ece_15)}).`,
    legend(['leaf', 'right, with 95 % interval'], ['stone', 'grey bars: rows in the bin', true]),
    chart('Reliability diagram', drawn),
    as_table(null, ['probability', 'mean', 'rows', 'right', '95 % interval'], used.map((b) =>
      [`${fixed(b.above, 3)} to ${fixed(b.to, 3)}`, fixed(b.confidence), whole(b.rows), fixed(b.accuracy.value), range(b.accuracy)])));
}

// ---- rare and unknown categories -----------------------------------------------------------------

const bin_name = (b) => b.category !== 'known' ? b.category : b.most === null ? `${whole(b.least)} or more` : `${whole(b.least)} to ${whole(b.most)}`;

function frequency() {
  const lists = [{ column: null, bins: told.frequency.rarest }, ...told.frequency.columns];
  if (lists.length < 2) return null;
  let chosen = lists[0];
  const picture = chart('Accuracy by the frequency of categories', (width) => bars(width, chosen.bins.map((b) => ({
    name: bin_name(b), value: b.accuracy.value, low: b.accuracy.low, high: b.accuracy.high, soft: b.category !== 'known',
    note: fixed(b.accuracy.value), tip: `${bin_name(b)}: ${many(b.rows, 'row')}, ${whole(b.right)} right\n${fixed(b.accuracy.value)} (${range(b.accuracy)})`,
  })), { to: 1, name_width: 118 }));
  const numbers = el('div');
  const change = (i) => {
    chosen = lists[i];
    picture.redraw();
    numbers.replaceChildren(as_table(null, ['training rows', 'rows', 'right', 'accuracy', '95 % interval'],
      chosen.bins.map((b) => [bin_name(b), whole(b.rows), whole(b.right), fixed(b.accuracy.value), range(b.accuracy)])));
  };
  change(0);
  return section('frequency', 'Rare and unknown categories',
    'Accuracy by how many training rows had the category; unknown ones had none, or too few to have a vector of their own.',
    el('div', { class: 'controls' }, chooser('frequency-column', 'Column', lists.map((l) => l.column === null ? 'the rarest category of the row' : shown(l.column)), change)),
    picture, numbers);
}

// ---- importance ----------------------------------------------------------------------------------

function importance() {
  const list = told.importance.columns, kinds = [['log_loss', 'log loss that is added'], ['accuracy', 'accuracy that is lost']];
  if (!list.length || told.rows < 2) return null;
  let chosen = 0, all = list.length <= 20;
  const picture = chart('Importance of columns', (width) => {
    const [kind] = kinds[chosen];
    const shown_now = [...list].sort((a, b) => b[kind].value - a[kind].value).slice(0, all ? undefined : 20);
    const from = Math.min(0, ...shown_now.map((c) => c[kind].low ?? 0)), to = Math.max(...shown_now.map((c) => c[kind].high ?? c[kind].value), 1e-9);
    return bars(width, shown_now.map((c) => ({ name: c.column, ...c[kind],
      tip: `${shown(c.column)}\nlog loss + ${fixed(c.log_loss.value)} (${range(c.log_loss)})\naccuracy − ${fixed(c.accuracy.value)} (${range(c.accuracy)})` })), { from, to });
  });
  const more = !all && el('button', { type: 'button', onclick: () => { all = true; more.remove(); picture.redraw(); } }, `Show all ${list.length}`);
  return section('importance', 'What it goes by',
    `What is lost when a column’s cells are dealt among the rows anew, the mean of ${told.importance.repeats} deals on ${many(told.importance.rows, 'row')}, with 95 % intervals. Columns that tell the same stand in for each other, and then each looks less important than both are.`,
    el('div', { class: 'controls' }, chooser('importance-kind', 'By', kinds.map(([, name]) => name), (i) => { chosen = i; picture.redraw(); })),
    picture, more,
    as_table(null, ['column', 'log loss', '95 % interval', 'accuracy', '95 % interval'], list.map((c) =>
      [el('th', { scope: 'row', class: 'name-of' }, shown(c.column)), fixed(c.log_loss.value), range(c.log_loss), fixed(c.accuracy.value), range(c.accuracy)])));
}

// ---- vectors -------------------------------------------------------------------------------------

function vectors() {
  if (!data.pictures.length) return null;
  let picture = data.pictures[0], wanted = '', self = -1;
  const search = el('input', { type: 'search', id: 'search', placeholder: 'name of a value', autocomplete: 'off', spellcheck: 'false',
    oninput: () => { wanted = search.value.toLowerCase(); self = -1; update(); } });
  const found = el('ul', { class: 'found', 'aria-label': 'Values' }), says = el('p', { class: 'say' }), heading = el('h3', { 'aria-live': 'polite' });
  const radius = (p) => 3 + 6 * Math.sqrt(Math.log10(1 + p.count) / Math.log10(10 + picture.most_count));
  const matches = () => picture.points.map((p, i) => i).filter((i) => wanted && shown(picture.points[i].name).toLowerCase().includes(wanted));
  const words = (p) => `${shown(p.name)}\n${many(p.count, 'training row')}`;
  const map = chart('Vectors of the values in two dimensions', (width) => {
    const height = Math.max(300, Math.min(520, width * 0.8));
    const xs = picture.points.map((p) => p.x), ys = picture.points.map((p) => p.y);
    const spread = Math.max(Math.max(...xs) - Math.min(...xs), (Math.max(...ys) - Math.min(...ys)) * width / height, 1e-6) * 0.56;
    const cx = (Math.max(...xs) + Math.min(...xs)) / 2, cy = (Math.max(...ys) + Math.min(...ys)) / 2;
    const sx = scale(cx - spread, cx + spread, 10, width - 10);
    const sy = scale(cy - spread * height / width, cy + spread * height / width, height - 10, 10);
    const hits = new Set(matches()), near = new Set(self >= 0 ? picture.points[self].near : []);
    const some = hits.size > 0 || self >= 0;
    const drawn = draw('svg', { class: 'plot', viewBox: `0 0 ${width} ${height}`, role: 'img' },
      draw('path', { class: 'grid', d: `M${sx(0)} 4V${height - 4}M4 ${sy(0)}H${width - 4}` }));
    const order = picture.points.map((p, i) => i).sort((a, b) => (hits.has(a) || near.has(a) || a === self) - (hits.has(b) || near.has(b) || b === self)
      || picture.points[b].count - picture.points[a].count);
    for (const i of order) {
      const p = picture.points[i];
      const kind = i === self ? 'self' : near.has(i) ? 'near' : hits.has(i) ? 'hit' : some ? 'dim' : '';
      drawn.append(draw('circle', { cx: sx(p.x).toFixed(1), cy: sy(p.y).toFixed(1), r: radius(p).toFixed(1), class: `dot ${kind}${p.special ? ' none' : ''}`,
        onclick: () => choose(i), ...telling(words(p)) }));
    }
    const labelled = some ? [...new Set([self, ...near, ...hits])].filter((i) => i >= 0).slice(0, 24)
      : picture.points.map((p, i) => i).slice(0, width < 500 ? 8 : 18);
    const boxes = [];
    for (const i of labelled) {
      const p = picture.points[i], text = clip(shown(p.name), 22), wide = 7 * text.length;
      const left = sx(p.x) + radius(p) + 3 + wide > width, x = left ? sx(p.x) - radius(p) - 3 : sx(p.x) + radius(p) + 3, y = sy(p.y) + 4;
      const box = [left ? x - wide : x, y - 11, left ? x : x + wide, y + 3];
      if (i !== self && boxes.some((b) => box[0] < b[2] && b[0] < box[2] && box[1] < b[3] && b[1] < box[3])) continue;
      boxes.push(box);
      drawn.append(draw('text', { x, y, 'text-anchor': left ? 'end' : 'start', class: 'halo strong', 'pointer-events': 'none' }, text));
    }
    return drawn;
  });
  const entry = (i, more) => el('li', {}, el('button', { type: 'button', 'aria-pressed': i === self ? 'true' : 'false', onclick: () => choose(i) },
    el('span', { class: 'name-of' }, shown(picture.points[i].name)), el('span', {}, more ?? whole(picture.points[i].count))));
  function choose(i) {
    self = i === self ? -1 : i;
    hush();
    update();
  }
  function update() {
    const hits = matches();
    says.textContent = `${whole(picture.shown)} of ${many(picture.all, 'value')}, ${many(picture.width, 'number')} each. The picture tells ${
      percent(picture.explained[0] + picture.explained[1])} of their variance (${percent(picture.explained[0])} across, ${percent(picture.explained[1])} up), by principal components.`;
    if (self >= 0) {
      heading.textContent = `Nearest to ${shown(picture.points[self].name)}`;
      found.replaceChildren(entry(self), ...picture.points[self].near.map((i) => entry(i)));
    } else {
      const list = wanted ? hits : picture.points.map((p, i) => i);
      heading.textContent = wanted ? `${whole(hits.length)} found` : 'Most frequent';
      found.replaceChildren(...list.slice(0, 60).map((i) => entry(i)));
    }
    map.redraw();
  }
  const change = (i) => { picture = data.pictures[i]; search.value = wanted = ''; self = -1; update(); };
  update();
  return section('vectors', 'What was learned of the values', data.member ? `Of several models that answer together these are the vectors of the first.` : null,
    el('div', { class: 'controls' }, chooser('vector-column', 'Column', data.pictures.map((p) => shown(p.column)), change),
      el('label', { for: 'search' }, 'Search', search)),
    says, el('div', { class: 'picture' }, el('div', {}, map,
      legend(['leaf', 'a value; the larger, the more training rows', true], ['bark', 'chosen or found', true], ['sky', 'nearest in all dimensions, by the angle', true])),
    el('div', {}, heading, found)));
}

// ---- the rows that were most wrong ---------------------------------------------------------------

function worst() {
  if (!data.worst.rows.length) return null;
  return section('worst', 'Most wrong', `The ${many(data.worst.rows.length, 'row')} whose true class got the lowest probability. They are worth a look: some labels may be wrong, some rows may be in the wrong place.`,
    table(null, ['line', 'it is', 'probability', 'the model says', 'probability', ...data.worst.columns.map(shown)], data.worst.rows.map((row) => [
      whole(row.line), el('td', { class: 'text name-of' }, shown(row.label)), fixed(row.of_label), el('td', { class: 'text name-of' }, shown(row.answer)), fixed(row.of_answer),
      ...row.cells.map((cell) => el('td', { title: cell }, cell))]), 'rows', true));
}

// ---- the page ------------------------------------------------------------------------------------

function light_or_dark() {
  const root = document.documentElement, button = document.getElementById('theme'), name = document.getElementById('theme-name');
  const prefers = matchMedia('(prefers-color-scheme: dark)');
  const is_dark = () => root.dataset.theme ? root.dataset.theme === 'dark' : prefers.matches;
  const say = () => {
    name.textContent = is_dark() ? 'Light' : 'Dark';
    button.setAttribute('aria-label', is_dark() ? 'Change to light' : 'Change to dark');
  };
  button.addEventListener('click', () => { root.dataset.theme = is_dark() ? 'light' : 'dark'; say(); });
  prefers.addEventListener('change', say);
  say();
}

function contents() {
  const nav = document.getElementById('contents');
  const names = { training: 'Training', measures: 'Measures', learning: 'Learning', confusion: 'Classes', curves: 'Curves', reliability: 'Reliability',
    frequency: 'Rare', importance: 'Columns', vectors: 'Vectors', worst: 'Most wrong' };
  const links = new Map();
  for (const part of main.querySelectorAll('section')) {
    const link = el('a', { href: '#' + part.id }, names[part.id]);
    links.set(part, link);
    nav.append(link);
  }
  const visible = new Set();
  const watch = new IntersectionObserver((entries) => {
    for (const entry of entries) entry.isIntersecting ? visible.add(entry.target) : visible.delete(entry.target);
    const first = [...links.keys()].find((part) => visible.has(part));
    for (const [part, link] of links) part === first ? link.setAttribute('aria-current', 'true') : link.removeAttribute('aria-current');
  }, { rootMargin: '-25% 0px -60% 0px' });
  for (const part of links.keys()) watch.observe(part);
}

document.title = data.title;
// Small sections stand side by side where there is room.
const beside = (...parts) => {
  const there = parts.filter(Boolean);
  return there.length > 1 ? el('div', { class: 'two' }, there) : there;
};
main.replaceChildren(...[head(), training(), measures(),
  classes.length <= 6 ? beside(learning(), confusion()) : [learning(), confusion()], curves(),
  beside(reliability(), frequency()), importance(), vectors(), worst()].flat().filter(Boolean));
document.getElementById('foot').append(
  `Made by ${model.producer_now}. The page holds all it needs and asks for nothing from elsewhere. The same numbers: grove evaluate MODEL DATA.csv --full, with --json for machines.`);
light_or_dark();
contents();
