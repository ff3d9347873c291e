// Finds a parked saga among thousands by its first four letters, reads why, rehearses its repair, makes it and sees the saga
// end: once in a browser, once in a terminal. Pictures of both are left in the folder of playwright-core.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {launch, startNode} from './stage.mjs';

const [program, folder, browserPath, souk, count] = process.argv.slice(2);
const sagas = Number(count);
const data = mkdtempSync(join(tmpdir(), 'souk-tour-'));
const patience = 300_000;  // for the slowest machine; a passing test never waits for it
const pause = ms => new Promise(resolve => setTimeout(resolve, ms));

// ---- the node, and sagas that stand still ---------------------------------------------------

const node = await startNode(program, ['--data', join(data, 'stores'), '--port', '0']);
const address = node.address;
let keys = 0;
async function ask(method, path, body) {
  const said = await fetch(address + path, {method, body: body && JSON.stringify(body),
    headers: {'Content-Type': 'application/json', 'Idempotency-Key': 'tour-' + ++keys, Prefer: 'respond-async'}});
  if (said.status === 503) return null;  // too many at once: it is asked again
  assert.ok(said.ok, `${method} ${path}: ${said.status}`);
  return said.json();
}
async function eventually(what, holds) {
  const end = Date.now() + patience;
  for (let found; ; await pause(200)) {
    if ((found = await holds())) return found;
    assert.ok(Date.now() < end, 'in vain: ' + what);
  }
}
async function parkMany() {
  await ask('PUT', '/v1/users/dora', {name: 'Dora'});
  await ask('POST', '/v1/wallets/dora/charges', {amount: 100_000_000});
  await ask('PUT', '/v1/products/cup', {name: 'Cup', price: 300, stock: 1_000_000});
  await ask('POST', '/control', {silent: true});
  const ids = [];
  let left = sagas;
  const worker = async () => {
    while (left-- > 0)
      for (let said; ; await pause(50))
        if ((said = await ask('POST', '/v1/orders', {user: 'dora', items: [{product: 'cup', quantity: 2}]}))) {
          ids.push(said.id);
          break;
        }
  };
  await Promise.all(Array.from({length: 16}, worker));
  const parked = async () => (await ask('GET', '/v1/admin/designs')).data.find(one => one.design === 'order_payment').parked;
  await eventually('all are parked', async () => await parked() === ids.length);
  // Two of them whose first four letters are nobody else's.
  const known = new Map();
  for (const id of ids) known.set(id.slice(0, 4), (known.get(id.slice(0, 4)) || 0) + 1);
  return ids.filter(id => known.get(id.slice(0, 4)) === 1).slice(17, 19);
}

// ---- the terminal ---------------------------------------------------------------------------

const socket = 'souk-tour-' + process.pid;
const tmux = (...words) => execFileSync('tmux', ['-L', socket, ...words], {encoding: 'utf8'});
const seen = () => tmux('capture-pane', '-p', '-t', 'tour');
const keep = name => writeFileSync(join(folder, name + '.txt'), seen());
const shows = text => eventually('the terminal shows ' + text, async () => seen().includes(text));
const type = (...keysOf) => tmux('send-keys', '-t', 'tour', ...keysOf);

async function inTheTerminal(wanted) {
  const four = wanted.slice(0, 4);
  tmux('-f', '/dev/null', 'new-session', '-d', '-s', 'tour', '-x', '130', '-y', '40',
    `PS1='$ ' SOUK_NODE=${address} SOUK_OPERATOR=olga bash --norc`);
  type(`${souk} admin top`, 'Enter');
  await shows(`parked ${(sagas - 1).toLocaleString('en-GB')}`);
  keep('top');
  // The second of the list, by hand; and back.
  type('j');
  type('Enter');
  await shows('it stands still at undo debit_wallet');
  type('Enter');
  await shows('j k: move');
  type('k');
  type('/');
  await shows('first letters of a saga');
  type(four, 'Enter');
  await shows(wanted);
  await shows('it stands still at undo debit_wallet: unreachable from wallet');
  keep('top-story');
  type('q');
  type(`clear; ${souk} admin retry ${four} --reason 'wallets are back' --dry-run`, 'Enter');
  await shows('end it as FAILED');
  await shows('nothing is done yet');
  keep('terminal-rehearsal');
  assert.equal((await ask('GET', '/v1/orders/' + wanted)).saga, 'parked');
  type(`clear; ${souk} admin retry ${four} --reason 'wallets are back'; ${souk} admin top`, 'Enter');
  await shows('find one');
  type('/');
  await shows('first letters of a saga');
  type(four, 'Enter');
  await shows('wallets are back');
  await shows('it is FAILED');
  keep('top-mended');
  type('q');
}

// ---- the browser ----------------------------------------------------------------------------

async function inTheBrowser(page, wanted) {
  const shot = name => page.screenshot({path: join(folder, name + '.png')});
  await page.goto(address + '/');
  await page.getByRole('status').getByText(`${sagas.toLocaleString('en-GB')} sagas are parked`).waitFor();
  await shot('tour-now');
  await page.keyboard.press('/');
  await page.keyboard.type(wanted.slice(0, 4));
  await page.keyboard.press('Enter');
  await page.waitForURL('**/#/saga/' + wanted);
  await page.getByRole('heading', {name: 'It stands still at undo debit wallet: no answer from wallet'}).waitFor();
  await shot('tour-saga');
  await page.keyboard.press('r');
  await page.getByLabel('Why').fill('wallets are back');
  await page.getByRole('button', {name: 'Dry run'}).click();
  await page.getByText('undo take stock').waitFor();
  await shot('tour-rehearsal');
  await ask('POST', '/control', {silent: false});
  await page.getByRole('button', {name: 'Do it'}).click();
  await page.getByText('compensated').first().waitFor();
  await shot('tour-mended');
  assert.equal((await ask('GET', '/v1/orders/' + wanted)).state, 'FAILED');
}

let browser;
try {
  const began = Date.now();
  const [first, second] = await parkMany();
  console.log(`${sagas} sagas stand still after ${Math.round((Date.now() - began) / 1000)} s`);
  browser = await launch(folder, browserPath);
  const context = await browser.newContext({viewport: {width: 1280, height: 860}});
  context.setDefaultTimeout(patience);
  await inTheBrowser(await context.newPage(), first);
  await browser.close();
  browser = null;
  await inTheTerminal(second);
  const audit = await ask('GET', '/v1/admin/audit');
  assert.deepEqual(audit.data.map(line => [line.saga, line.repair]).sort(), [[first, 'retry'], [second, 'retry']].sort());
  console.log(`found among ${sagas} by four letters, rehearsed and mended: ${first} in the browser, ${second} in the terminal`);
} finally {
  if (browser) await browser.close();
  try {
    tmux('kill-server');
  } catch {
    // It was never begun.
  }
  node.stop();
  rmSync(data, {recursive: true, force: true});
}
