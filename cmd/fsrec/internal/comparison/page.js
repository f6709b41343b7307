'use strict';
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const $ = (id) => document.getElementById(id);
  const { paths, kinds, rules, differences, losses } = read('tables');

  // A row is [difference or -1, left event or 0, right event or 0], or [operation], or [side, place in losses].
  // An event is [number, time, kind, path], perhaps with [source or -1, count, flags, number of a move's first half].
  const SEQ = 0, TIME = 1, KIND = 2, PATH = 3, SRC = 4, COUNT = 5, FLAGS = 6, FROM = 7;
  const SYNTHETIC = 1, INFERRED = 2;
  const HEIGHT = 23; // of a row, as in the style
  const MOST = 700000; // rows that the highest element of a browser holds
  const AROUND = 3; // rows beside a difference that are not folded
  const PRINTED = 20000; // rows that are put on paper

  const holds = (row) => row.length === 3; // events
  const isOperation = (row) => row.length === 1;
  const isLoss = (row) => row.length === 2;
  const rows = withLosses(read('rows'));
  const band = bands();
  const unknown = losses.map((all, side) => { // differences that can have fallen into a loss, by its record
    const of = new Map();
    for (const d of differences) if (d.losses && d.losses[side]) of.set(d.losses[side], (of.get(d.losses[side]) || 0) + 1);
    return of;
  });
  const verdictOf = (row) => row[0] < 0 ? 'same' : differences[row[0]].verdict;
  const ruleOf = new Map((rules || []).map((r) => [r.id, r]));
  const lower = paths.map((p) => p.toLowerCase());

  const scroller = $('scroller'), lines = $('lines'), space = $('space'), map = $('map'), details = $('details');
  const off = { verdicts: new Set(), kinds: new Set() };
  const open = new Set(); // first rows of runs that were unfolded
  let view = []; // what is shown: places in rows, or [first, last, text] of a folded run
  let stops = []; // for each difference that is shown, its first place in view
  let rank = new Map(); // and which of them a difference is, from 0
  let picked = -1; // place in view
  let prefix = '', words = [];

  // ---- losses

  // withLosses puts each loss before the first event that came after it.
  function withLosses(all) {
    const at = [0, 0];
    const out = [];
    const told = (side, before) => {
      while (at[side] < losses[side].length && losses[side][at[side]].seq < before) out.push([side, at[side]++]);
    };
    for (const row of all) {
      for (const side of [0, 1]) if (holds(row) && row[side + 1]) told(side, row[side + 1][SEQ]);
      out.push(row);
    }
    for (const side of [0, 1]) told(side, Infinity);
    return out;
  }

  // bands marks, for each side, the rows in which its events are missing: those that a loss is around, and the
  // empty places before the record that tells of it.
  function bands() {
    const marks = [new Uint8Array(rows.length), new Uint8Array(rows.length)];
    rows.forEach((row, at) => {
      for (const side of [0, 1]) if (holds(row) && row[side + 1] && inLoss(side, row[side + 1])) marks[side][at] = 1;
      if (!isLoss(row)) return;
      for (let i = at - 1; i >= 0 && !(isLoss(rows[i]) && rows[i][0] === row[0]); i--) {
        if (!holds(rows[i])) continue;
        if (rows[i][row[0] + 1] && !marks[row[0]][i]) break;
        marks[row[0]][i] = 1;
      }
    });
    return marks;
  }

  // inLoss reports whether events of a side are missing around e.
  function inLoss(side, e) {
    const all = losses[side];
    let lo = 0, hi = all.length;
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      if (all[mid].seq > e[SEQ]) hi = mid; else lo = mid + 1;
    }
    return lo < all.length && all[lo].since <= e[TIME];
  }

  // ---- what is shown

  function matchesText(row) {
    if (!prefix && !words.length) return true;
    const events = [row[1], row[2]].filter(Boolean);
    if (prefix && !events.some((e) => lower[e[PATH]].startsWith(prefix) || e[SRC] >= 0 && lower[e[SRC]].startsWith(prefix))) return false;
    if (!words.length) return true;
    const d = row[0] >= 0 ? differences[row[0]] : null;
    const more = d ? `${d.rule || ''} ${d.operation || ''} ${d.kind}`.toLowerCase() : '';
    return words.every((w) => more.includes(w) || events.some((e) =>
      lower[e[PATH]].includes(w) || e[SRC] >= 0 && lower[e[SRC]].includes(w) || kinds[e[KIND]].toLowerCase().includes(w) || `#${e[SEQ]}` === w));
  }

  function shows(row) {
    if (isLoss(row)) return !prefix && !words.length;
    if (off.verdicts.has(verdictOf(row))) return false;
    const is = (e) => e && !off.kinds.has(e[KIND]);
    return (is(row[1]) || is(row[2])) && matchesText(row);
  }

  function filter() {
    const at = picked >= 0 && view[picked] !== undefined ? first(view[picked]) : -1;
    const all = [];
    const some = prefix || words.length || off.verdicts.size || off.kinds.size;
    let operation = -1; // that nothing was shown of
    for (let i = 0; i < rows.length; i++) {
      if (isOperation(rows[i])) {
        operation = i;
        if (!some) all.push(i);
      } else if (shows(rows[i])) {
        if (some && operation >= 0) all.push(operation);
        operation = -1;
        all.push(i);
      }
    }
    view = $('fold').checked && !words.length ? folded(all) : all;
    const cut = view.length > MOST;
    if (cut) view = view.slice(0, MOST);
    space.style.height = `${view.length * HEIGHT}px`;
    findStops();
    picked = at < 0 ? -1 : view.findIndex((v) => first(v) === at);
    count(cut);
    drawMap();
    draw();
  }

  function findStops() {
    stops = [];
    rank = new Map();
    for (let i = 0; i < view.length; i++) {
      const d = differs(i);
      if (d < 0 || rank.has(d)) continue;
      rank.set(d, stops.length);
      stops.push(i);
    }
  }

  const first = (item) => typeof item === 'number' ? item : item[0];

  // folded puts a run in place of rows that are the same and far from a difference.
  function folded(all) {
    const near = new Uint8Array(all.length);
    const differs = (i) => isLoss(rows[all[i]]) || holds(rows[all[i]]) && rows[all[i]][0] >= 0;
    for (let i = 0, last = -Infinity; i < all.length; i++) {
      if (differs(i)) last = i;
      if (i - last <= AROUND) near[i] = 1;
    }
    for (let i = all.length - 1, last = Infinity; i >= 0; i--) {
      if (differs(i)) last = i;
      if (last - i <= AROUND) near[i] = 1;
    }
    for (let i = 0, operation = -1; i < all.length; i++) { // what is shown has its operation above it
      if (isOperation(rows[all[i]])) operation = i;
      else if (near[i] && operation >= 0) near[operation] = 1;
    }
    const out = [];
    for (let i = 0; i < all.length;) {
      let end = i;
      while (end < all.length && !near[end]) end++;
      if (end - i < 4 || open.has(all[i])) {
        for (end = Math.max(end, i + 1); i < end; i++) out.push(all[i]);
      } else {
        out.push([all[i], all[end - 1], inside(all.slice(i, end))]);
        i = end;
      }
    }
    return out;
  }

  function inside(run) {
    const counted = (n, noun) => `${n.toLocaleString()} ${noun}${n === 1 ? '' : 's'}`;
    const events = run.filter((i) => holds(rows[i])).length, operations = run.filter((i) => isOperation(rows[i])).length;
    if (!events) return `··· ${counted(operations, 'operation')} without an event ···`;
    return `··· ${counted(events, 'event')} ${events === 1 ? 'is' : 'are'} the same` + (operations ? `, in ${counted(operations, 'operation')}` : '') + ' ···';
  }

  // ---- lines

  function element(name, cls, text) {
    const e = document.createElement(name);
    if (cls) e.className = cls;
    if (text !== undefined) e.textContent = text;
    return e;
  }

  const seconds = (ns) => (ns / 1e9).toFixed(6);

  function notes(e, all) {
    return (e[COUNT] > 1 ? `×${e[COUNT]}` : '') + (e[FLAGS] & SYNTHETIC ? ' synthetic' : '') + (all && e[FLAGS] & INFERRED ? ' inferred' : '');
  }

  const where = (e) => e[SRC] >= 0 ? `${paths[e[SRC]]} → ${paths[e[PATH]]}` : paths[e[PATH]];

  function cell(e, lost) {
    const c = element('div', e ? 'cell has' : 'cell none');
    if (lost) c.classList.add('lost');
    if (!e) return c;
    c.append(element('span', 'seq', e[SEQ]), element('span', 'time', seconds(e[TIME])), element('span', 'kind', kinds[e[KIND]]),
      element('span', 'path', where(e)));
    const note = notes(e, false);
    if (note) c.append(element('span', 'note', note));
    return c;
  }

  function lossLine([side, n]) {
    const l = losses[side][n], div = element('div', 'row loss');
    const because = unknown[side].get(l.seq);
    const text = 'events are missing' + (because ? `, and ${because.toLocaleString()} difference${because === 1 ? ' is' : 's are'} unknown because of it` : '') + `: ${l.text}`;
    const cells = [element('div', 'cell'), element('div', 'mark'), element('div', 'cell')];
    cells[2 * side].className = 'cell told';
    cells[2 * side].append(element('span', '', text));
    div.title = text;
    div.append(...cells);
    return div;
  }

  function line(at, now) {
    const item = view[at];
    if (typeof item !== 'number') {
      const run = element('div', 'row run', item[2]);
      run.dataset.at = at;
      return run;
    }
    const row = rows[item];
    if (isOperation(row)) return element('div', 'row operation', `▸ ${row[0]}`);
    if (isLoss(row)) return lossLine(row);
    const verdict = verdictOf(row);
    const div = element('div', `row ${verdict}`);
    div.dataset.at = at;
    if (at === picked) div.classList.add('picked');
    if (now >= 0 && row[0] === now) div.classList.add('together');
    const mark = row[0] < 0 ? '' : !row[2] ? '‹' : !row[1] ? '›' : '≠';
    div.append(cell(row[1], band[0][item]), element('div', 'mark', mark), cell(row[2], band[1][item]));
    if (row[0] >= 0) div.title = hint(differences[row[0]]);
    return div;
  }

  function hint(d) {
    const rule = ruleOf.get(d.rule);
    return `${d.verdict}: ${d.text}` + (rule ? `\n${rule.id}: ${rule.reason}\nSource: ${rule.source}` : '');
  }

  // differs is the difference that a place in view belongs to, -1 for none.
  const differs = (at) => typeof view[at] === 'number' && holds(rows[view[at]]) ? rows[view[at]][0] : -1;
  const current = () => picked >= 0 ? differs(picked) : -1;

  let asked = false;
  function render() {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; draw(); });
  }

  function draw() {
    const from = Math.max(0, Math.floor(scroller.scrollTop / HEIGHT) - 15);
    const to = Math.min(view.length, Math.ceil((scroller.scrollTop + scroller.clientHeight) / HEIGHT) + 15);
    const part = document.createDocumentFragment();
    const now = current();
    for (let i = from; i < to; i++) part.append(line(i, now));
    if (!view.length) {
      const empty = element('div', '', rows.length ? 'Nothing matches the filter.' : 'Neither recording has an event to compare.');
      empty.id = 'empty';
      part.append(empty);
    }
    lines.style.transform = `translateY(${from * HEIGHT}px)`;
    lines.replaceChildren(part);
    drawView();
  }

  // ---- the map of differences at the right

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  let picture = null;

  function drawMap() {
    const ratio = window.devicePixelRatio || 1;
    map.width = Math.max(1, map.clientWidth * ratio);
    map.height = Math.max(1, map.clientHeight * ratio);
    const g = map.getContext('2d');
    const paint = { explained: colour('explained'), unknown: colour('unknown'), unexplained: colour('unexplained') };
    const high = Math.max(2 * ratio, map.height / Math.max(view.length, 1));
    for (const verdict of ['explained', 'unknown', 'unexplained']) {
      g.fillStyle = paint[verdict];
      for (let i = 0; i < view.length; i++) {
        const d = differs(i);
        if (d >= 0 && differences[d].verdict === verdict) g.fillRect(4 * ratio, i / view.length * (map.height - high), map.width, high);
      }
    }
    g.fillStyle = colour('lost');
    for (let i = 0; i < view.length; i++) {
      if (typeof view[i] === 'number' && isLoss(rows[view[i]])) g.fillRect(0, i / view.length * (map.height - high), 4 * ratio, Math.max(high, 3 * ratio));
    }
    picture = g.getImageData(0, 0, map.width, map.height);
  }

  function drawView() {
    if (!picture) return;
    const g = map.getContext('2d');
    g.putImageData(picture, 0, 0);
    const all = Math.max(view.length * HEIGHT, scroller.clientHeight);
    g.strokeStyle = colour('faint');
    g.strokeRect(0.5, scroller.scrollTop / all * map.height + 0.5, map.width - 1, Math.max(4, scroller.clientHeight / all * map.height - 1));
  }

  map.addEventListener('pointerdown', (e) => {
    const to = (y) => { scroller.scrollTop = y / map.clientHeight * view.length * HEIGHT - scroller.clientHeight / 2; };
    to(e.offsetY);
    map.setPointerCapture(e.pointerId);
    map.onpointermove = (m) => to(m.offsetY);
    map.onpointerup = () => { map.onpointermove = null; };
  });

  // ---- details and the way from one difference to the next

  function told(e) {
    let s = `#${e[FROM] > 0 ? `${e[FROM]} and #` : ''}${e[SEQ]}  ${seconds(e[TIME])} s  ${kinds[e[KIND]]}  ${where(e)}`;
    const note = notes(e, true);
    return note ? `${s}  ${note}` : s;
  }

  function tell() {
    details.replaceChildren();
    details.hidden = picked < 0 || typeof view[picked] !== 'number' || !holds(rows[view[picked]]);
    if (details.hidden) return;
    const row = rows[view[picked]];
    const d = row[0] >= 0 ? differences[row[0]] : null;
    const title = element('h2');
    title.append(element('span', `badge ${d ? d.verdict : 'same'}`, d ? d.verdict : 'same'), ` ${d ? d.text : 'both recordings have this event'}`);
    const close = element('button', '', '✕');
    close.id = 'close';
    close.title = 'close (Esc)';
    close.onclick = () => pick(-1);
    details.append(close, title);
    const rule = d && ruleOf.get(d.rule);
    if (rule) {
      const why = element('p');
      why.append(element('b', '', `${rule.id}: `), rule.reason);
      details.append(why, element('p', 'faint', `Source: ${rule.source}`));
    } else if (d && d.verdict === 'unexplained') {
      details.append(element('p', 'faint', 'No rule of the catalogue says why.'));
    } else if (d && d.losses) {
      for (const side of [0, 1]) {
        const l = losses[side].find((one) => one.seq === d.losses[side]);
        if (l) details.append(element('p', 'faint', `${side ? 'Right' : 'Left'} recording, ${l.text}.`));
      }
    }
    const both = element('div', 'both');
    const of = d ? together(row[0]) : [row];
    for (const side of [1, 2]) {
      const list = of.map((r) => r[side]).filter(Boolean).map(told);
      both.append(element('pre', '', list.length > 200 ? [...list.slice(0, 200), `and ${list.length - 200} more`].join('\n') : list.join('\n') || '(nothing)'));
    }
    details.append(both);
  }

  let byDifference = null;
  function together(n) {
    if (!byDifference) {
      byDifference = differences.map(() => []);
      for (const row of rows) if (holds(row) && row[0] >= 0) byDifference[row[0]].push(row);
    }
    return byDifference[n];
  }

  function count(cut) {
    const here = current(), n = stops.length;
    const all = `${n.toLocaleString()} difference${n === 1 ? '' : 's'}`;
    $('position').textContent = (here >= 0 ? `${(rank.get(here) + 1).toLocaleString()} of ${all}` : all) + (cut ? ' (cut: filter)' : '');
  }

  function pick(at) {
    picked = at;
    tell();
    count(false);
    draw();
  }

  // go picks the next difference or the one before, from the one that is picked or from what is on the screen.
  function go(step) {
    if (!stops.length) return;
    const here = current();
    let n = rank.get(here) + step;
    if (here < 0) {
      const top = picked >= 0 ? picked : scroller.scrollTop / HEIGHT;
      const below = stops.findIndex((at) => at >= top);
      n = (below < 0 ? stops.length : below) - (step < 0 ? 1 : 0);
    }
    const to = stops[(n + stops.length) % stops.length];
    scroller.scrollTop = to * HEIGHT - scroller.clientHeight / 3;
    pick(to);
  }

  function toLoss() {
    const here = Math.ceil((scroller.scrollTop + scroller.clientHeight / 3) / HEIGHT);
    for (let n = 1; n <= view.length; n++) {
      const i = (here + n) % view.length;
      if (typeof view[i] !== 'number' || !isLoss(rows[view[i]])) continue;
      scroller.scrollTop = i * HEIGHT - scroller.clientHeight / 3;
      return;
    }
  }

  lines.addEventListener('click', (e) => {
    const row = e.target.closest('.row');
    if (!row || row.dataset.at === undefined) return;
    const at = Number(row.dataset.at);
    if (typeof view[at] === 'number') return pick(at === picked ? -1 : at);
    open.add(view[at][0]);
    filter();
  });
  scroller.addEventListener('scroll', render, { passive: true });
  new ResizeObserver(() => { drawMap(); render(); }).observe(map);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { drawMap(); render(); });

  // ---- tools

  let later = 0;
  const soon = () => { clearTimeout(later); later = setTimeout(filter, rows.length > 50000 ? 200 : 30); };

  for (const box of $('verdicts').querySelectorAll('input')) {
    box.onchange = () => { box.checked ? off.verdicts.delete(box.value) : off.verdicts.add(box.value); filter(); };
  }
  kinds.forEach((name, i) => {
    const label = element('label', 'chip'), box = element('input');
    box.type = 'checkbox';
    box.checked = true;
    box.onchange = () => { box.checked ? off.kinds.delete(i) : off.kinds.add(i); filter(); };
    label.append(box, name);
    label.title = 'double click: only this kind';
    label.ondblclick = () => {
      const alone = off.kinds.size === kinds.length - 1 && !off.kinds.has(i);
      $('kinds').querySelectorAll('input').forEach((b, n) => {
        b.checked = alone || n === i;
        b.checked ? off.kinds.delete(n) : off.kinds.add(n);
      });
      filter();
    };
    $('kinds').append(label);
  });
  $('prefix').oninput = () => { prefix = $('prefix').value.trim().toLowerCase(); soon(); };
  $('search').oninput = () => { words = $('search').value.toLowerCase().split(/\s+/).filter(Boolean); soon(); };
  $('fold').onchange = () => { open.clear(); filter(); };
  $('next').onclick = () => go(1);
  $('previous').onclick = () => go(-1);
  const lost = losses[0].length + losses[1].length;
  $('loss').hidden = !lost;
  $('loss').textContent = `${lost.toLocaleString()} loss${lost === 1 ? '' : 'es'}`;
  $('loss').onclick = toLoss;
  for (const button of document.querySelectorAll('button.rule')) {
    button.onclick = () => { $('search').value = button.dataset.rule; $('search').oninput(); $('about').open = false; };
  }
  $('about').ontoggle = () => { drawMap(); render(); };

  document.addEventListener('keydown', (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const typing = e.target instanceof Element && e.target.matches('input[type=search]');
    if (e.key === 'Escape') {
      if (typing) e.target.blur(); else pick(-1);
    } else if (typing) {
      if (e.key === 'Enter') { e.target.blur(); go(1); }
    } else if (e.key === '/') {
      e.preventDefault();
      $('search').focus();
    } else if (e.key === 'n' || e.key === 'j') go(1);
    else if (e.key === 'p' || e.key === 'k') go(-1);
    else if (e.key === 'l') toLoss();
    else if ((e.key === 'ArrowDown' || e.key === 'ArrowUp') && picked >= 0) {
      e.preventDefault();
      const at = Math.min(view.length - 1, Math.max(0, picked + (e.key === 'ArrowDown' ? 1 : -1)));
      pick(at);
      const y = at * HEIGHT;
      if (y < scroller.scrollTop) scroller.scrollTop = y;
      if (y + HEIGHT > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = y + HEIGHT - scroller.clientHeight;
    }
  });

  // ---- paper

  function toPaper() {
    const part = document.createDocumentFragment();
    for (let i = 0; i < Math.min(view.length, PRINTED); i++) part.append(line(i, -1));
    if (view.length > PRINTED) part.append(element('div', 'row run', `and ${view.length - PRINTED} more rows: filter before printing`));
    $('paper').replaceChildren(part);
  }
  window.addEventListener('beforeprint', () => { $('about').open = true; toPaper(); });
  window.addEventListener('afterprint', () => $('paper').replaceChildren());

  document.documentElement.style.setProperty('--kind', `${Math.min(14, Math.max(6, ...kinds.map((k) => k.length)) + 1)}ch`);
  filter();
  const bad = view.findIndex((_, i) => differs(i) >= 0 && ['unexplained', 'unknown'].includes(differences[differs(i)].verdict));
  const some = bad >= 0 ? bad : stops[0];
  if (some !== undefined) {
    scroller.scrollTop = some * HEIGHT - scroller.clientHeight / 3;
    pick(some);
  }
  document.documentElement.dataset.ready = rows.length;
})();
