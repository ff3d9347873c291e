// What the console's page does: listens to the node once a second, and draws what it says.
'use strict';

// ---- making elements ----------------------------------------------------------------------

const SVG = 'http://www.w3.org/2000/svg';
function make(name, attributes, ...children) {
  const svg = name.startsWith('svg:');
  const one = svg ? document.createElementNS(SVG, name.slice(4)) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith('on')) one.addEventListener(key.slice(2), value);
    else if (value === true) one.setAttribute(key, '');
    else if (value !== false && value != null) one.setAttribute(key, value);
  }
  one.append(...children.flat(3).filter(child => child != null && child !== false));
  return one;
}
const $ = id => document.getElementById(id);
const main = $('main');

// ---- words and figures --------------------------------------------------------------------

const whole = new Intl.NumberFormat('en-GB');
const brief = new Intl.NumberFormat('en-GB', {notation: 'compact', maximumFractionDigits: 1});
const figure = n => whole.format(n >= 100 ? Math.round(n) : Math.round(n * 10) / 10);
const money = (minor, currency) =>
  minor == null ? '?' : (minor < 0 ? '\u2212' : '') + figure(Math.floor(Math.abs(minor) / 100)) + '.' +
  String(Math.abs(minor) % 100).padStart(2, '0') + (currency ? ' ' + currency : '');
function span(ms) {
  if (ms < 1000) return Math.round(ms) + ' ms';
  if (ms < 60e3) return (ms / 1000).toFixed(1) + ' s';
  if (ms < 3600e3) return Math.floor(ms / 60e3) + ' min ' + Math.floor(ms % 60e3 / 1000) + ' s';
  if (ms < 86400e3) return Math.floor(ms / 3600e3) + ' h ' + Math.floor(ms % 3600e3 / 60e3) + ' min';
  return Math.floor(ms / 86400e3) + ' d ' + Math.floor(ms % 86400e3 / 3600e3) + ' h';
}
const time = text => text ? text.slice(11, 19) : '';
const words = name => (name || '').replaceAll('_', ' ');
const plural = (n, one, many) => figure(n) + ' ' + (n === 1 ? one : many);
const mood = {
  parked: 'bad', compensating: 'warn', running: 'calm', completed: 'good', compensated: '', COMPLETED: 'good',
  FAILED: '', CANCELLED: '', PENDING: 'calm', done: 'good', refused: 'bad', lost: 'warn', undone: 'warn', skipped: 'warn',
};
// Why something stands still, as one would say it.
const because = {unreachable: 'no answer', storage_full: 'no room on the disk'};
const tag = text => make('span', {class: 'tag ' + (mood[text] || '')}, words(text));

// ---- asking the node ----------------------------------------------------------------------

// An operator's key, where the node wants one: as long as this tab is open, and nowhere else.
let key = sessionStorage.getItem('key') || '';
let asking = null;  // while somebody is asked for it: all wait for the same answer
function askForKey(why) {
  asking = asking || new Promise(resolve => {
    $('key-why').textContent = why;
    $('key').value = '';
    $('key-form').onsubmit = () => {
      key = $('key').value.trim();
      sessionStorage.setItem('key', key);
      asking = null;
      resolve();
    };
    $('key-dialog').oncancel = event => event.preventDefault();  // there is nothing to see without
    $('key-dialog').showModal();
  });
  return asking;
}
async function request(path, options = {}) {
  for (;;) {
    const shown = key;
    const headers = {...options.headers, ...(shown && {Authorization: 'Bearer ' + shown})};
    const said = await fetch(path, {...options, headers});
    if (said.status !== 401 && said.status !== 403) return said;
    if (shown !== key) continue;  // another one was typed meanwhile
    const answer = await said.json();
    await askForKey(shown ? answer.title : 'This node wants to know who you are.');
  }
}
async function ask(path, body) {
  const said = await request(path, body ? {
    method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body),
  } : undefined);
  const answer = await said.json();
  if (!said.ok) throw new Error(answer.detail || answer.title || 'HTTP ' + said.status);
  return answer;
}

// ---- the tick -----------------------------------------------------------------------------

const kept = 120;  // seconds that the curves show
const past = [];
let now = null;

function hear(text) {
  now = JSON.parse(text);
  past.push(now);
  if (past.length > kept) past.shift();
  $('dot').className = 'dot ' + verdict(now).mood;
  $('dot').title = verdict(now).text;
  $('clock').textContent = now.at.replace('T', ' ').slice(0, 19) + ' UTC';
  document.title = (now.sagas.parked ? '(' + now.sagas.parked + ') ' : '') + 'souk';
  if (view.tick) view.tick();
}
// Read by hand: an EventSource cannot show a key.
async function listen() {
  for (;;) {
    try {
      const said = await request('/v1/admin/live', {headers: {Accept: 'text/event-stream'}});
      const reader = said.body.pipeThrough(new TextDecoderStream()).getReader();
      let held = '';
      for (;;) {
        const {value, done} = await reader.read();
        if (done) break;
        const events = (held + value).split('\n\n');
        held = events.pop();
        for (const lines of events.map(event => event.split('\n')))
          if (lines.includes('event: tick'))
            hear(lines.filter(line => line.startsWith('data: ')).map(line => line.slice(6)).join('\n'));
      }
    } catch {
      // The node is away: it is asked again.
    }
    now = null;
    $('dot').className = 'dot bad';
    $('dot').title = 'the node does not answer';
    if (view.tick) view.tick();
    await new Promise(resolve => setTimeout(resolve, 1000));
  }
}

// Events of the outbox are always on their way; that for so many seconds they did not get fewer says something.
const stuckAfter = 10;
function notTold() {
  const lately = past.slice(-stuckAfter).map(tick => tick.outbox.untold || 0);
  const stuck = lately.length === stuckAfter && lately.every((n, i) => n > 0 && (i === 0 || n >= lately[i - 1]));
  return stuck ? lately[stuckAfter - 1] : 0;
}

// The one sentence that somebody reads at three in the morning.
function verdict(tick) {
  if (!tick) return {mood: past.length ? 'bad' : 'wait', text: past.length ? 'The node does not answer' : 'Asking the node'};
  const bad = [], warn = [];
  if (!tick.ready) bad.push('the node is not ready');
  if (tick.silent.length) bad.push([...new Set(tick.silent)].join(', ') + (tick.silent.length > 1 ? ' are' : ' is') + ' silent');
  if (tick.sagas.parked) {
    const where = new Set(tick.parked.map(one => `${one.parked.domain} (${because[one.parked.reason] || words(one.parked.reason)})`));
    bad.push(plural(tick.sagas.parked, 'saga is', 'sagas are') + ' parked at ' + [...where].join(', '));
  }
  const dead = tick.event_log.dead + tick.outbox.dead;
  if (dead) bad.push(plural(dead, 'dead letter', 'dead letters'));
  for (const one of tick.nodes) if (!one.ready) bad.push(`node ${one.name} is ${one.there ? 'not ready' : 'out of reach'}`);
  const away = tick.actors.filter(one => one.state === 'away' && !tick.nodes.some(node => node.name === one.node && !node.there)).map(one => one.name);
  if (away.length) bad.push('nobody sits at ' + away.join(', '));
  const full = tick.actors.filter(one => one.full).map(one => one.name);
  if (full.length) bad.push('no room on the disk of ' + full.join(', '));
  if (tick.event_log.held) warn.push(plural(tick.event_log.held, 'event waits', 'events wait') + ' to be tried again');
  if (tick.outbox.waiting) warn.push(plural(tick.outbox.waiting, 'event', 'events') + ' the platform did not take');
  if (tick.audit && tick.audit.flaws) bad.push('the books do not balance: ' + tick.audit.first);
  const untold = notTold();
  if (untold) warn.push(plural(untold, 'event is', 'events are') + ' not told to the platform: it is out of reach, or slow');
  if (tick.sagas.late) warn.push(plural(tick.sagas.late, 'saga is', 'sagas are') + ' older than the design allows');
  for (const one of tick.paused) warn.push(`${words(one.design)} is paused${one.by ? ' by ' + one.by : ''}: ${one.reason}`);
  const text = [...bad, ...warn].join(' \u00b7 ');
  if (bad.length) return {mood: 'bad', text: text[0].toUpperCase() + text.slice(1)};
  if (warn.length) return {mood: 'warn', text: text[0].toUpperCase() + text.slice(1)};
  return {mood: 'good', text: 'All is well'};
}

// ---- small drawings -----------------------------------------------------------------------

function spark(curves) {
  const width = 240, height = 40;
  const most = Math.max(1e-9, ...curves.flatMap(curve => curve.values)) * 1.1;
  const x = i => width - (curves[0].values.length - 1 - i) * width / (kept - 1);
  const y = value => height - 1 - value / most * (height - 3);
  const drawn = [];
  for (const {values, look} of curves) {
    const line = values.map((value, i) => x(i).toFixed(1) + ',' + y(value).toFixed(1)).join(' L');
    if (!look && values.length) drawn.push(make('svg:path', {class: 'area', d: `M${x(0)},${height} L${line} L${width},${height} Z`}));
    drawn.push(make('svg:path', {class: 'curve ' + (look || ''), d: 'M' + line}));
  }
  return make('svg:svg', {class: 'spark', viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', 'aria-hidden': 'true'}, drawn);
}
function tile(name, text, more, curves) {
  return make('div', {class: 'card'}, make('div', {class: 'tile-name'}, name), make('div', {class: 'tile-figure'}, text),
    make('div', {class: 'tile-more'}, more), spark(curves));
}

// A plan as a line of steps, the way there above, the way back below. story: what became of each step of one saga.
// passed: how often each step went how, and before: as it was a tick ago; it is written on the edges.
function drawPlan(plan, story, passed, before) {
  const steps = plan.steps, wide = 116, gap = 30, tall = 44, top = 26;
  const left = i => 8 + i * (wide + gap);
  const ways = [], back = [];
  for (const row of plan.rows)
    for (const move of row.moves) {
      const [verb, to] = move.split(' ');
      if (verb === 'run' && row.outcome === 'done') ways.push([row.step, to]);
      if (verb === 'undo' && row.outcome !== 'lost' && row.step !== to) back.push([row.step, to]);
    }
  const at = new Map(steps.map((step, i) => [step.name, i]));
  const drawn = [];
  const forward = (from, to, lit) => {
    const y = top + tall / 2;
    drawn.push(make('svg:path', {class: 'way' + (lit ? ' lit' : ''), 'marker-end': 'url(#head)', d: `M${left(from) + wide},${y} H${left(to) - 3}`}));
  };
  const is = name => story ? story.get(name) || {} : {};
  const often = (name, how) => (passed && passed[name] && passed[name][how]) || 0;
  const moves = (name, how) => before && often(name, how) > ((before[name] && before[name][how]) || 0);
  const count = (name, how, x, y, look, anchor) => {
    const n = often(name, how);
    if (n) drawn.push(make('svg:text', {class: 'count ' + look, x, y, 'text-anchor': anchor, 'data-count': name + ' ' + how},
      make('svg:title', {}, `${words(name)}: ${figure(n)} ${how}`), (how === 'undone' ? '\u21a9 ' : '') + brief.format(n)));
  };
  for (const [from, to] of ways)
    if (at.get(to) === at.get(from) + 1) forward(at.get(from), at.get(to), (is(from).done && is(to).asked) || moves(from, 'done'));
  const arcs = new Set();
  let deepest = 8;
  for (const [from, to] of back) {
    if (arcs.has(from + to)) continue;
    arcs.add(from + to);
    const a = left(at.get(from)) + wide / 2, b = left(at.get(to)) + wide / 2, y = top + tall;
    const depth = 26 + Math.abs(at.get(from) - at.get(to)) * 7;
    deepest = Math.max(deepest, depth);
    const lit = story ? is(to).undoing && (is(from).refused || is(from).undone) : moves(to, 'undone') && (moves(from, 'refused') || moves(from, 'undone'));
    drawn.push(make('svg:path', {class: 'way back' + (lit ? ' lit' : ''),
      'marker-end': 'url(#head)', d: `M${a - 8},${y} C${a - 8},${y + depth} ${b + 8},${y + depth} ${b + 8},${y + 4}`}));
  }
  steps.forEach((step, i) => {
    const one = is(step.name);
    const look = one.parked ? 'bad' : one.skipped || one.undone ? 'warn' : one.refused || one.lost ? 'bad' : one.done ? 'good' : one.asked || one.undoing ? 'calm' : '';
    const what = !story ? step.domain : one.parked ? 'parked' : one.skipped ? 'skipped' : one.undone ? 'undone' : one.undoing ? 'undoing' :
      one.refused ? 'refused' : one.lost ? 'lost' : one.done ? 'done' : one.asked ? 'asked' : step.domain;
    drawn.push(make('svg:g', {}, make('svg:title', {}, `${words(step.name)}: ${step.domain}, ${step.role}`),
      make('svg:rect', {class: `box ${look} ${step.role === 'pivot' ? 'pivot' : ''} ${step.role === 'afterwards' ? 'later' : ''}`, x: left(i), y: top, width: wide, height: tall, rx: 8}),
      make('svg:text', {class: 'step', x: left(i) + wide / 2, y: top + 19, 'text-anchor': 'middle'}, words(step.name)),
      make('svg:text', {class: 'step-soft', x: left(i) + wide / 2, y: top + 35, 'text-anchor': 'middle'}, what)));
    count(step.name, 'done', left(i) + wide + gap / 2, top + tall / 2 - 7, 'good', 'middle');
    count(step.name, 'undone', left(i) + wide / 2 + 16, top + tall + 14, 'warn', 'start');
    count(step.name, 'refused', left(i) + 6, top + tall + 14, 'bad', 'start');
    if (step.role === 'pivot') drawn.push(make('svg:text', {class: 'step-soft', x: left(i) + wide / 2, y: top - 8, 'text-anchor': 'middle'}, 'the pivot: no way back after it'));
  });
  const width = left(steps.length) + 8, height = top + tall + deepest * .75 + 10;
  return make('svg:svg', {class: 'drawing', viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': 'the design ' + plan.name},
    make('svg:defs', {}, make('svg:marker', {id: 'head', viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 9, markerHeight: 9, markerUnits: 'userSpaceOnUse', orient: 'auto-start-reverse'},
      make('svg:path', {class: 'head', d: 'M0,0 L8,4 L0,8 Z'}))), drawn);
}

// What became of each step: the newest word about it, and all that was ever said.
function storyOf(saga) {
  const story = new Map();
  for (const one of saga.timeline) {
    if (!one.step) continue;
    const step = story.get(one.step) || {};
    if (one.what === 'repaired') step.parked = false;
    else step[one.what] = true;
    if (one.what === 'asked' || one.what === 'undoing') step.lost = step.parked = false;
    story.set(one.step, step);
  }
  for (const step of story.values()) {
    if (!saga.parked) step.parked = false;
    // The last step ends the saga in the transaction in which its story is written: nobody notes its answer.
    if (saga.ended && step.asked && !step.refused && !step.lost && !step.undoing) step.done = true;
  }
  return story;
}

// What a saga holds, and for whom it waits, as one would say it.
const lockText = one => [one.kind, one.units ? figure(one.units) + ' \u00d7' : '', one.name, one.amount ? money(one.amount) : ''].filter(Boolean).join(' ');
function waitText(it) {
  const who = it.for === 'event' ? 'to hear of ' + it.desks.join(', ') : 'for ' + it.desks.join(', ');
  return `It waits ${who} at ${it.undoing ? 'undo ' : ''}${words(it.step)}, since ${span(it.waited_ms)}` +
    (it.asked > 1 ? `, asked ${figure(it.asked)} times` : '') + (it.without_answer ? `; without an answer ${it.without_answer}` + (it.until ? `, at ${it.until.slice(11, 19)} at the latest.` : '.') : '.');
}

// The timeline: a bar from each question to its answer. Time is drawn by its logarithm, so that an hour of standing
// still does not hide the milliseconds before it.
function drawTimeline(saga) {
  const bars = [], open = new Map();
  const end = saga.ended ? Date.parse(saga.ended) - Date.parse(saga.placed) : saga.age_ms;
  for (const one of saga.timeline) {
    const key = one.step;
    if (one.what === 'asked' || one.what === 'undoing') {
      const before = open.get(key);
      if (before && before.what === one.what) { before.tries += 1; continue; }
      const bar = {step: key, what: one.what, from: one.ms, to: null, how: '', tries: 1,
        desks: (one.desks || []).map((desk, i) => desk + (one.nodes && one.nodes[i] ? ` (now at ${one.nodes[i]})` : '')).join(', ')};
      open.set(key, bar);
      bars.push(bar);
    } else if (['done', 'refused', 'lost', 'undone', 'skipped', 'parked'].includes(one.what)) {
      const bar = open.get(key) || {step: key, what: 'heard', from: one.ms, tries: 1};
      if (!open.has(key)) bars.push(bar);
      bar.to = one.ms;
      bar.how = one.what;
      bar.why = one.reason;
      open.delete(key);
    } else {
      bars.push({step: null, what: one.what, from: one.ms, to: one.ms, how: one.what, why: one.because || one.reason, repair: one.repair, by: one.by});
    }
  }
  for (const bar of open.values())
    if (saga.ended) {
      bar.to = end;
      bar.how = 'done';
    }
  const label = 190, room = 280, width = 1080, tall = 22, most = Math.max(end, 1, ...bars.map(bar => bar.to || bar.from));
  const x = ms => label + Math.log1p(Math.max(ms, 0)) / Math.log1p(most) * (width - label - room);
  const ticks = [0, 1, 10, 100, 1e3, 1e4, 6e4, 6e5, 3.6e6, 8.64e7].filter(ms => ms <= most);
  const height = bars.length * tall + 30;
  const drawn = ticks.map(ms => [make('svg:line', {class: 'axis', x1: x(ms), x2: x(ms), y1: 0, y2: height - 20}),
    make('svg:text', {class: 'step-soft', x: x(ms), y: height - 5, 'text-anchor': 'middle'}, ms ? span(ms).replace('.0', '').replace(' 0 s', '').replace(' 0 min', '') : '0')]);
  bars.forEach((bar, i) => {
    const y = i * tall + 4, from = x(bar.from), to = Math.max(x(bar.to == null ? end : bar.to), from + 5);
    const name = bar.step ? (bar.what === 'undoing' ? 'undo ' : '') + words(bar.step) : words(bar.what);
    const look = bar.how === 'parked' ? 'bad' : mood[bar.how] || 'calm';
    const more = [bar.repair, bar.how && bar.step ? bar.how : '', bar.why, bar.tries > 1 ? bar.tries + ' times' : ''].filter(Boolean).map(words).join(', ');
    drawn.push(make('svg:g', {}, make('svg:title', {}, `${name}${bar.desks ? ' of ' + bar.desks : ''}: ${more} (${bar.from} ms${bar.to == null ? ', no answer yet' : ' to ' + bar.to + ' ms'})`),
      make('svg:text', {class: 'step', x: label - 10, y: y + 13, 'text-anchor': 'end'}, name),
      bar.step ? make('svg:rect', {class: 'bar ' + look, x: from, y: y + 2, width: to - from, height: 13})
        : make('svg:circle', {class: 'bar calm', cx: from, cy: y + 8.5, r: 5}),
      make('svg:text', {class: 'step-soft', x: (bar.step ? to : from + 6) + 6, y: y + 13}, more)));
    // What it took it still holds: until now.
    const holds = (saga.holds || []).filter(one => bar.what === 'asked' && one.step === bar.step);
    if (holds.length && bar.to != null && x(end) > to)
      drawn.push(make('svg:line', {class: 'held', x1: to, x2: x(end), y1: y + 15, y2: y + 15},
        make('svg:title', {}, holds.map(lockText).join(', ') + `: ${holds[0].is} for ${span(holds[0].held_ms)}`)));
  });
  return make('svg:svg', {class: 'drawing', viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': 'the timeline'}, drawn);
}

// ---- lists --------------------------------------------------------------------------------

function sagaTable(rows) {
  const at = one => [one.parked && one.parked.undoing ? 'undo ' : '', words(one.parked ? one.parked.step : one.step)].join('');
  return make('table', {class: 'list'}, make('thead', {}, make('tr', {}, ['saga', 'design', 'is', 'at', 'reason'].map(name => make('th', {class: name === 'is' || name === 'design' ? 'narrow-off' : ''}, name)),
    make('th', {class: 'narrow-off'}, 'user'), make('th', {class: 'right'}, 'age'))),
  make('tbody', {}, rows.map(one => make('tr', {class: 'go', 'data-go': '#/saga/' + one.id},
    make('td', {class: 'mono'}, make('a', {href: '#/saga/' + one.id}, one.id)), make('td', {class: 'narrow-off'}, words(one.flow)), make('td', {class: 'narrow-off'}, tag(one.saga)),
    make('td', {}, at(one)), make('td', {}, words(one.parked ? one.parked.reason : one.reason)), make('td', {class: 'narrow-off'}, one.user),
    make('td', {class: 'right'}, span(one.age_ms))))));
}

// ---- views --------------------------------------------------------------------------------

const atOnce = 12;  // rows of a list on the first page: what stands below them is to be seen as well
let view = {};
let plans = null;
async function planOf(name) {
  plans = plans || (await ask('/v1/admin/plans')).data;
  return plans.find(plan => plan.name === name);
}

const views = {
  '': () => {
    const place = make('div', {});
    main.replaceChildren(place);
    const draw = () => {
      const says = verdict(now), shown = now || past[past.length - 1];
      const parts = [make('div', {class: 'verdict ' + says.mood, role: 'status'}, make('strong', {}, says.text),
        now && says.mood === 'good' ? make('span', {}, (now.sagas.running ? plural(now.sagas.running, 'saga', 'sagas') : 'no saga') + ' under way, nothing waits for you') : '')];
      if (shown) {
        const of = pick => past.map(pick);
        const ends = Object.entries(shown.orders.ends_s).filter(([, n]) => n > 0).sort((a, b) => b[1] - a[1]);
        const failed = tick => Object.entries(tick.orders.ends_s).reduce((sum, [how, n]) => how === 'COMPLETED' || how === 'CANCELLED' ? sum : sum + n, 0);
        if (shown.parked.length)
          parts.push(make('section', {class: 'card alarm'}, make('h2', {}, 'Parked: they wait for you'), sagaTable(shown.parked.slice(0, atOnce)),
            shown.sagas.parked > atOnce ? make('p', {}, make('a', {href: '#/sagas?state=parked'}, `all ${figure(shown.sagas.parked)}`)) : ''));
        if (shown.overdue.length)
          parts.push(make('section', {class: 'card'}, make('h2', {}, 'Overdue: older than their design allows'), sagaTable(shown.overdue.slice(0, atOnce)),
            shown.sagas.late > atOnce ? make('p', {}, make('a', {href: '#/sagas?overdue=true'}, `all ${figure(shown.sagas.overdue)}`, shown.sagas.overdue > shown.sagas.late ? ', with those that are parked' : '')) : ''));
        parts.push(make('div', {class: 'tiles'},
          tile('orders', [figure(shown.orders.placed_s), make('small', {}, ' a second')], ends.map(([how, n]) => `${words(how).toLowerCase()} ${n}`).join(' \u00b7 '),
            [{values: of(tick => tick.orders.placed_s)}, {values: of(failed), look: 'bad'}]),
          tile('an order takes', shown.latency_ms.p50 ? [figure(shown.latency_ms.p50), make('small', {}, ' ms')] : '\u2013', shown.latency_ms.p50 ? `99 of 100: ${figure(shown.latency_ms.p99)} ms` : 'none was answered',
            [{values: of(tick => tick.latency_ms.p99), look: 'warn'}, {values: of(tick => tick.latency_ms.p50)}]),
          tile('sagas under way', figure(shown.sagas.running + shown.sagas.compensating),
            `${figure(shown.sagas.compensating)} walk back \u00b7 ${figure(shown.sagas.parked)} parked`,
            [{values: of(tick => tick.sagas.running + tick.sagas.compensating)}, {values: of(tick => tick.sagas.parked), look: 'bad'}]),
          tile('event log lag', [figure(shown.event_log.lag), make('small', {}, ' events')],
            `${figure(shown.event_log.held)} held \u00b7 ${figure(shown.event_log.dead + shown.outbox.dead)} dead letters` + (shown.outbox.untold ? ` \u00b7 ${figure(shown.outbox.untold)} not told to the platform` : ''),
            [{values: of(tick => tick.event_log.lag)}, {values: of(tick => tick.event_log.dead + tick.outbox.dead), look: 'bad'}])));
        if (shown.nodes.length)
          parts.push(make('section', {class: 'card', id: 'nodes'}, make('h2', {}, 'Nodes'), make('table', {},
            make('thead', {}, make('tr', {}, make('th', {}, 'node'), make('th', {}, 'is'), ['incarnation', 'letters on their way', 'kept back'].map(name => make('th', {class: 'right'}, name)))),
            make('tbody', {}, make('tr', {}, make('td', {}, shown.node), make('td', {}, make('span', {class: 'tag good'}, 'this one')), make('td'), make('td'), make('td')),
              shown.nodes.map(one => make('tr', {}, make('td', {}, one.name), make('td', {}, make('span', {class: 'tag ' + (one.ready ? 'good' : 'bad')}, one.ready ? 'there' : one.there ? 'not ready' : 'out of reach')),
                [one.incarnation, one.in_flight, one.kept_back].map(n => make('td', {class: 'right'}, figure(n)))))))));
        parts.push(make('div', {class: 'two'},
          make('section', {class: 'card'}, make('h2', {}, 'Desks'), make('table', {},
            make('thead', {}, make('tr', {}, make('th', {}, 'desk'), shown.nodes.length ? make('th', {}, 'node') : '', ['waiting', 'letters/s', 'a batch', 'commits/s'].map(name => make('th', {class: 'right'}, name)),
              make('th', {class: 'right', title: 'half of the letters took no longer, from their coming to their answer'}, 'p50 ms'), make('th', {class: 'right'}, 'p99 ms'), make('th', {class: 'right'}, 'restarts'))),
            make('tbody', {}, shown.actors.map(one => make('tr', {}, make('td', {}, one.name, one.state === 'open' ? '' : [' ', make('span', {class: 'tag bad'}, one.state === 'full' ? 'disk full' : one.state)]),
              shown.nodes.length ? make('td', {class: 'soft'}, one.node) : '',
              [one.waiting, one.letters_s, one.batch, one.commits_s].map(n => make('td', {class: 'right'}, n == null ? '\u2013' : figure(n))),
              [one.p50_ms, one.p99_ms].map(n => make('td', {class: 'right'}, !n ? '\u2013' : n < 1 ? n.toFixed(2) : figure(n))),
              make('td', {class: 'right'}, one.restarts == null ? '\u2013' : figure(one.restarts))))))),
          make('section', {class: 'card'}, make('h2', {}, 'Who hears the event log'), make('table', {},
            make('thead', {}, make('tr', {}, make('th', {}, 'subscriber'), make('th', {class: 'right'}, 'lag'))),
            make('tbody', {}, shown.event_log.subscribers.map(one => make('tr', {}, make('td', {}, one.subscriber + (one.partition ? ' of partition ' + one.partition : '')),
              make('td', {class: 'right'}, figure(one.lag)))))),
          make('p', {class: 'soft'}, shown.coordinators.map(one => one.name + (one.node ? ' at ' + one.node : '') + ': ' + (one.state === 'away' ? 'out of reach' : `${figure(one.running)} running, ${figure(one.asked_again)} asked again, ${plural(one.restarts, 'restart', 'restarts')}${one.adopted ? `, stands in for ${one.adopted}` : ''}`)).join(' \u00b7 ')),
          shown.audit ? make('p', {class: 'soft', id: 'books'}, shown.audit.rounds || shown.audit.flaws
            ? `The books: ${shown.audit.flaws ? plural(shown.audit.flaws, 'row is', 'rows are') + ' wrong' : 'no row is wrong'}, of ${figure(shown.audit.rows)} looked at by ${time(shown.audit.ended)} UTC${shown.audit.silent.length ? '; silent: ' + shown.audit.silent.join(', ') : ''}.`
            : 'The books are being looked through for the first time.') : '')));
      }
      place.replaceChildren(...parts);
      markRow();
    };
    view = {tick: draw};
    draw();
  },

  sagas: async (query) => {
    const wanted = new URLSearchParams(query);
    const choose = (name, values) => make('select', {'aria-label': name, onchange: event => {
      if (event.target.value) wanted.set(name, event.target.value); else wanted.delete(name);
      location.hash = '#/sagas?' + wanted;
    }}, make('option', {value: ''}, 'any ' + name), values.map(value => make('option', {value, selected: wanted.get(name) === value}, words(value))));
    const typed = name => make('input', {'aria-label': name, placeholder: 'any ' + name, size: 12, spellcheck: 'false', value: wanted.get(name) || '', onchange: event => {
      if (event.target.value.trim()) wanted.set(name, event.target.value.trim()); else wanted.delete(name);
      location.hash = '#/sagas?' + wanted;
    }});
    const place = make('section', {class: 'card'}, make('p', {class: 'empty'}, 'asking'));
    await planOf('');
    main.replaceChildren(make('h1', {}, wanted.get('prefix') ? 'Sagas that begin with ' + wanted.get('prefix') : 'Sagas'),
      make('div', {class: 'row tight filters'}, choose('state', ['parked', 'running', 'compensating', 'completed', 'compensated']),
        choose('flow', plans.map(plan => plan.name)), choose('older_than', ['10s', '1m', '10m', '1h', '24h']),
        typed('user'), typed('product')), place);
    view = {};
    const rows = [], silent = new Set();
    let next = '';
    // A search among many ended ones stops on its way and says where: it goes on by itself for so many pages while there
    // is nothing to see, and then when it is told to. First letters are those of one saga only if it is through.
    const pages = 20;
    const look = async () => {
      for (let page = 0; page < pages; ++page) {
        const found = await ask('/v1/admin/sagas?limit=200&' + wanted + (next && '&starting_after=' + encodeURIComponent(next)));
        if (!place.isConnected) return;  // somebody looks at something else by now
        rows.push(...found.data);
        for (const one of found.silent || []) silent.add(one);
        next = found.has_more ? found.next || '' : '';
        if (!next || (found.data.length && !(wanted.get('prefix') && rows.length === 1))) break;
        if (!rows.length) place.replaceChildren(make('p', {class: 'empty'}, `looking, down to ${next} by now`));
      }
      if (wanted.get('prefix') && rows.length === 1 && !next && !silent.size) return location.replace('#/saga/' + rows[0].id);
      place.replaceChildren(rows.length ? sagaTable(rows) : make('p', {class: 'empty'}, next ? `No saga was like that, down to ${next}.` : 'No saga is like that.'),
        next ? make('p', {class: 'soft'}, rows.length ? 'These are the newest; there may be more. ' : '', make('button', {type: 'button', onclick: event => {
          event.target.disabled = true;
          look().catch(no => event.target.replaceWith(no.message));
        }}, 'Look further')) : '',
        silent.size ? make('p', {class: 'soft'}, [...silent].join(', ') + ' does not answer: the sagas that it keeps are missing here.') : '');
      markRow();
    };
    await look();
  },

  saga: async (query, id) => {
    let shown = '';
    const draw = async () => {
      const saga = await ask('/v1/admin/sagas/' + id);
      const same = JSON.stringify({...saga, age_ms: 0}, (name, value) => name === 'held_ms' || name === 'waited_ms' ? 0 : value);
      if (same === shown) return;
      shown = same;
      const plan = await planOf(saga.flow);
      const parts = [make('div', {class: 'row'}, make('h1', {class: 'mono'}, saga.id), tag(saga.saga), tag(saga.state), make('span', {}, words(saga.flow)),
        make('span', {class: 'soft'}, `user ${saga.user} \u00b7 ${saga.total ? money(saga.total, saga.currency) + ' \u00b7 ' : ''}placed ${saga.placed.slice(0, 19).replace('T', ' ')}`,
          saga.reason ? ' \u00b7 ' + words(saga.reason) : ''),
        saga.traceparent ? make('span', {class: 'mono soft', title: 'traceparent of the request that placed it'}, 'trace ' + saga.traceparent.slice(3, 35)) : '')];
      if (saga.parked) {
        const button = (name, label, does) => {
          const may = saga.parked.repairs[name];
          return make('div', {}, make('button', {type: 'button', disabled: !may.allowed, 'data-repair': name, onclick: () => openRepair(saga, name, label)}, label),
            make('span', {}, may.allowed ? does : may.because));
        };
        parts.push(make('section', {class: 'card alarm'},
          make('h2', {}, `It stands still at ${saga.parked.undoing ? 'undo ' : ''}${words(saga.parked.step)}: ${because[saga.parked.reason] || words(saga.parked.reason)} from ${saga.parked.domain}`),
          make('p', {class: 'soft'}, `Since ${time(saga.parked.since)} UTC, ${span(Date.now() - Date.parse(saga.parked.since))} ago.`, saga.parked.detail ? ' ' + saga.parked.detail : ''),
          make('div', {class: 'remedies'}, button('retry', 'Try again', 'asks from where it stands'),
            button('compensate', 'Turn it back', 'undoes what is in effect, the order fails'),
            button('skip', 'Skip this step', 'it is known to be settled otherwise'),
            button('fail', 'Mark it failed', 'ends it; what is in effect is written off'))));
      }
      parts.push(make('section', {class: 'card'}, make('h2', {}, 'The way it took'), drawPlan(plan, storyOf(saga))));
      parts.push(make('section', {class: 'card'}, make('h2', {}, 'Step by step'), drawTimeline(saga),
        saga.waits && saga.waits.for !== 'operator' ? make('p', {class: 'soft', id: 'waits'}, waitText(saga.waits)) : ''));
      const side = [];
      if (saga.effects)
        side.push(make('section', {class: 'card'}, make('h2', {}, 'What it has in effect'), make('table', {}, make('tbody', {}, saga.effects.map(one => make('tr', {},
          make('td', {}, words(one.step)), make('td', {class: 'soft'}, one.desk), make('td', {}, one.is),
          make('td', {class: 'right'}, [one.amount ? money(one.amount) : '', ...(one.goods || []).map(line => `${line.units} \u00d7 ${line.product}`)].filter(Boolean).join(', '))))))));
      if (saga.holds.length)
        side.push(make('section', {class: 'card', id: 'holds'}, make('h2', {}, 'What it holds until its pivot has decided'), make('table', {}, make('tbody', {}, saga.holds.map(one => make('tr', {},
          make('td', {}, lockText(one)), make('td', {class: 'soft'}, one.until ? `${one.is}, until ${time(one.until)} UTC` : one.is),
          make('td', {class: 'soft'}, `since ${time(one.since)}`),
          make('td', {}, one.cancellation_waits ? 'somebody wants it back' : one.waiting ? ['asked for by ', ...one.waiting.slice(0, 10).map(id => [make('a', {class: 'mono', href: '#/saga/' + id}, id), ' '])] : ''))))),
          make('p', {class: 'soft'}, 'Who asks for the same waits for the desk\u2019s answer, never for this saga: what is not left is refused at once.')));
      if (saga.items.length)
        side.push(make('section', {class: 'card'}, make('h2', {}, 'What was ordered'), make('table', {}, make('tbody', {}, saga.items.slice(0, 50).map(line => make('tr', {},
          make('td', {}, line.product), make('td', {class: 'right'}, figure(line.quantity)), make('td', {class: 'right'}, line.amount ? money(line.amount) : '')))))));
      if (saga.repairs.length)
        side.push(make('section', {class: 'card'}, make('h2', {}, 'Repairs'), make('table', {}, make('tbody', {}, saga.repairs.map(line => make('tr', {},
          make('td', {}, time(line.at)), make('td', {}, tag(line.repair)), make('td', {}, line.reason), make('td', {class: 'soft'}, line.by || '')))))));
      parts.push(make('div', {class: 'two'}, side));
      main.replaceChildren(...parts);
    };
    await draw();
    view = {tick: () => draw().catch(() => {}), repair: () => { const first = main.querySelector('[data-repair]:not(:disabled)'); if (first) first.click(); }};
  },

  audit: async () => {
    const [log, state] = await Promise.all([ask('/v1/admin/audit?limit=200'), ask('/v1/admin/audit/verify')]);
    view = {};
    main.replaceChildren(make('h1', {}, 'What operators did'),
      make('div', {class: 'verdict ' + (state.whole ? 'good' : 'bad')}, make('strong', {}, state.whole ? 'The log is whole' : 'The log is broken'),
        make('span', {class: 'mono'}, state.data.map(store => store.whole === false || store.troubles.length ? store.troubles.join('; ') : `${plural(store.lines, 'line', 'lines')} ${store.head.slice(0, 16)}`).join(' \u00b7 '))),
      make('section', {class: 'card'}, log.silent ? make('p', {class: 'soft'}, log.silent.join(', ') + ' does not answer: what it keeps of the log is missing here.') : '', log.data.length ? make('table', {}, make('thead', {}, make('tr', {}, ['at', 'repair', 'saga or letter', 'stood at', 'why', 'who', 'hash'].map(name => make('th', {}, name)))),
        make('tbody', {}, log.data.map(line => make('tr', line.saga ? {class: 'go', 'data-go': '#/saga/' + line.saga} : {}, make('td', {class: 'mono'}, line.at.slice(0, 19).replace('T', ' ')), make('td', {}, tag(line.repair)),
          make('td', {class: 'mono'}, line.saga ? make('a', {href: '#/saga/' + line.saga}, line.saga) : line.letter || words(line.flow)), make('td', {}, (line.undoing ? 'undo ' : '') + words(line.step)), make('td', {}, line.reason), make('td', {}, line.by || ''),
          make('td', {class: 'mono soft'}, line.hash.slice(0, 10)))))) : make('p', {class: 'empty'}, 'Nobody ever had to mend anything.')));
  },

  plans: async () => {
    await planOf('');
    let turn = 0, designs;
    const look = async () => { designs = new Map((await ask('/v1/admin/designs')).data.map(one => [one.design, one])); };
    const draw = () => {
      const was = past.length > 1 ? past[past.length - 2].passed : null, is_now = now ? now.passed : {};
      main.replaceChildren(make('h1', {}, 'The designs, as the code has them'), ...plans.map(plan => {
        const is = designs.get(plan.name);
        const counts = [['running', is.running], ['walk back', is.compensating], ['parked', is.parked], ['overdue', is.overdue], ['completed', is.completed], ['failed', is.failed]]
          .filter(([name, n]) => n || name === 'running').map(([name, n]) => `${figure(n)} ${name}`).join(' \u00b7 ');
        return make('section', {class: 'card' + (is.paused ? ' alarm' : ''), 'data-design': plan.name},
          make('h2', {}, words(plan.name), ' ', make('span', {class: 'tag'}, plan.kind), is.paused ? [' ', make('span', {class: 'tag warn'}, 'paused')] : ''),
          is.paused ? make('p', {}, `No new ones since ${time(is.paused.since)} UTC${is.paused.by ? ', by ' + is.paused.by : ''}: ${is.paused.reason}`) : '',
          make('p', {class: 'soft'}, counts + (is.oldest_ms ? ` \u00b7 the oldest ${span(is.oldest_ms)} of ${span(is.limit_s * 1000)}` : '')), drawPlan(plan, null, is_now[plan.name], was && (was[plan.name] || {})));
      }), make('p', {class: 'soft'}, 'On the edges: how often they were passed since the nodes began; below a step what it refused and what was taken back.'));
    };
    await look();
    draw();
    view = {tick: () => (++turn % 3 ? Promise.resolve() : look()).then(draw).catch(() => {})};
  },

  hall: async (query, id) => {
    const concerts = (await ask('/v1/concerts?limit=100')).data;
    const dates = concerts.flatMap(concert => concert.schedules.map(date => ({...date, concert: concert.name || concert.id})));
    view = {};
    if (!dates.length) return main.replaceChildren(make('h1', {}, 'The hall'), make('p', {class: 'card empty'}, 'No date is on sale.'));
    const shown = id || dates[0].id;
    const place = make('section', {class: 'card'}, make('p', {class: 'empty'}, 'asking'));
    main.replaceChildren(make('div', {class: 'row'}, make('h1', {class: 'grow'}, 'The hall'), make('select', {'aria-label': 'date', onchange: event => { location.hash = '#/hall/' + event.target.value; }},
      dates.map(date => make('option', {value: date.id, selected: date.id === shown}, `${date.concert}, ${date.starts.slice(0, 16).replace('T', ' ')}`)))), place);
    let turn = 0;
    const draw = async () => {
      const seats = [];
      for (let after = ''; ;) {
        const page = await ask(`/v1/schedules/${shown}/seats?limit=1000` + (after && '&starting_after=' + after));
        seats.push(...page.data);
        if (!page.has_more) break;
        after = page.data[page.data.length - 1].id;
      }
      place.replaceChildren(...drawHall(seats));
    };
    await draw();
    view = {tick: () => { if (++turn % 3 === 0) draw().catch(() => {}); }};
  },
};

function drawHall(seats) {
  const count = state => seats.filter(seat => seat.state === state).length;
  const sections = new Map();
  for (const seat of seats) {
    if (!sections.has(seat.section)) sections.set(seat.section, new Map());
    const rows = sections.get(seat.section);
    if (!rows.has(seat.row)) rows.set(seat.row, []);
    rows.get(seat.row).push(seat);
  }
  const size = 15;
  const drawn = [make('div', {class: 'legend'}, make('span', {}, make('i', {class: 'free'}), figure(count('AVAILABLE')) + ' free'),
    make('span', {}, make('i', {class: 'held'}), figure(count('HELD')) + ' held'), make('span', {}, make('i', {class: 'sold'}), figure(count('RESERVED')) + ' sold'))];
  const halls = make('div', {class: 'halls'});
  for (const [name, rows] of sections) {
    const most = Math.max(...[...rows.values()].map(row => row.length));
    const marks = [];
    let y = 0;
    for (const [row, its] of rows) {
      const off = (most - its.length) / 2;
      marks.push(make('svg:text', {class: 'step-soft', x: 0, y: y * size + 11}, row));
      its.forEach((seat, i) => marks.push(make('svg:rect', {class: 'seat ' + seat.state, x: 40 + (off + i) * size, y: y * size, width: size - 2, height: size - 2, rx: 3.5},
        make('svg:title', {}, `${seat.section} ${seat.row} ${seat.number}, ${seat.category}, ${money(seat.price, seat.currency)}: ${seat.state.toLowerCase()}`))));
      ++y;
    }
    halls.append(make('div', {}, make('h2', {}, name), make('svg:svg', {viewBox: `0 0 ${40 + most * size} ${y * size}`, width: 40 + most * size, height: y * size, role: 'img', 'aria-label': 'seats of ' + name}, marks)));
  }
  return [...drawn, halls];
}

// ---- repairs ------------------------------------------------------------------------------

let mending = null;
const dialog = $('repair');
function openRepair(saga, name, label) {
  mending = {id: saga.id, name};
  $('repair-title').textContent = `${label}: ${saga.id}`;
  $('repair-what').textContent = `It stands at ${saga.parked.undoing ? 'undo ' : ''}${words(saga.parked.step)} (${words(saga.parked.reason)}). Rehearse it first.`;
  $('why').value = '';
  $('rehearsal').replaceChildren();
  $('repair-wrong').textContent = '';
  $('do').disabled = true;
  dialog.showModal();
  $('why').focus();
}
async function sayRepair(dry) {
  $('repair-wrong').textContent = '';
  if (!$('why').value.trim()) {
    $('repair-wrong').textContent = 'Say why: it goes into the audit log.';
    return null;
  }
  const body = {reason: $('why').value.trim()};
  if ($('who').value.trim()) body.by = $('who').value.trim();
  if (dry) body.dry_run = true;
  try {
    return await ask(`/v1/admin/sagas/${mending.id}/${mending.name}`, body);
  } catch (no) {
    $('repair-wrong').textContent = no.message;
    return null;
  }
}
$('dry').addEventListener('click', async () => {
  const said = await sayRepair(true);
  if (!said) return;
  const change = (before, after, show) => make('td', {class: 'right ' + (after > before ? 'up' : after < before ? 'down' : '')}, show(after));
  const amount = n => money(n), pieces = n => n == null ? '?' : figure(n);
  $('rehearsal').replaceChildren(make('div', {class: 'outcome'},
    make('div', {}, said.moves.map(words).join(', then ') || 'nothing moves', ', and it ends ', tag(said.ends), '.'),
    make('table', {}, make('thead', {}, make('tr', {}, make('th', {}, 'if every desk says yes'), make('th', {class: 'right'}, 'now'), make('th', {class: 'right'}, 'then'))),
      make('tbody', {}, said.money.map(one => make('tr', {}, make('td', {}, 'wallet of ' + one.user), make('td', {class: 'right'}, amount(one.now)), change(one.now, one.then, amount))),
        said.stock.map(one => make('tr', {}, make('td', {}, 'stock of ' + one.product), make('td', {class: 'right'}, pieces(one.now)), change(one.now, one.then, pieces)))))));
  $('do').disabled = false;
});
$('do').addEventListener('click', async () => {
  $('do').disabled = true;
  if (!await sayRepair(false)) return;
  localStorage.setItem('souk-operator', $('who').value.trim());
  dialog.close();
  if (view.tick) view.tick();
});
$('close').addEventListener('click', () => dialog.close());
$('repair-form').addEventListener('submit', event => event.preventDefault());
$('who').value = localStorage.getItem('souk-operator') || '';

// ---- keys and ways ------------------------------------------------------------------------

let cursor = -1;
function markRow() {
  const rows = [...main.querySelectorAll('tr.go')];
  rows.forEach((row, i) => row.classList.toggle('at', i === cursor));
  return rows;
}
document.addEventListener('keydown', event => {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
  if (event.key === 'Escape' && !dialog.open) {
    if (typing) document.activeElement.blur();
    else if (location.hash.length > 2) history.back();
    return;
  }
  if (typing || dialog.open || event.ctrlKey || event.metaKey || event.altKey) return;
  const rows = main.querySelectorAll('tr.go');
  if (event.key === '/') {
    event.preventDefault();
    $('prefix').focus();
    $('prefix').select();
  } else if (event.key === 'j' || event.key === 'k') {
    cursor = Math.max(0, Math.min(rows.length - 1, cursor + (event.key === 'j' ? 1 : -1)));
    const row = markRow()[cursor];
    if (row) row.scrollIntoView({block: 'nearest'});
  } else if (event.key === 'Enter' && rows[cursor]) {
    location.hash = rows[cursor].dataset.go;
  } else if (event.key === 'r' && view.repair) {
    view.repair();
  }
});
main.addEventListener('click', event => {
  const row = event.target.closest('tr.go');
  if (row && !event.target.closest('a, button')) location.hash = row.dataset.go;
});
$('search').addEventListener('submit', event => {
  event.preventDefault();
  const prefix = $('prefix').value.trim().toLowerCase();
  if (!prefix) return;
  $('prefix').blur();
  location.hash = '#/sagas?prefix=' + encodeURIComponent(prefix);
});

async function go() {
  const [path, query = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const [name, id] = path.split('/');
  cursor = -1;
  view = {};
  for (const link of document.querySelectorAll('nav a')) {
    const own = link.getAttribute('href').slice(2);
    if (own === name || (own === 'sagas' && name === 'saga')) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  try {
    await (views[name] || views[''])(query, id);
  } catch (no) {
    main.replaceChildren(make('div', {class: 'verdict bad', role: 'alert'}, make('strong', {}, no.message), make('a', {href: '#/'}, 'back')));
  }
}
window.addEventListener('hashchange', go);
listen();
go();
