// Drives the console's page in a real browser against a real node: finds a parked saga among many by its first four
// letters, rehearses a repair, makes it, and sees the saga end. Screenshots are left in the folder of playwright-core.
import assert from 'node:assert/strict';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {launch, startNode} from './stage.mjs';

const [program, folder, browserPath] = process.argv.slice(2);
const data = mkdtempSync(join(tmpdir(), 'souk-page-'));
const patience = 120_000;  // for the slowest machine; a passing test never waits for it

// ---- the node -------------------------------------------------------------------------------

const node = await startNode(program, ['--data', join(data, 'stores'), '--port', '0'], {stderr: 'inherit'});
const address = node.address;
let keys = 0;
async function ask(method, path, body, headers = {}) {
  const said = await fetch(address + path, {
    method, body: body && JSON.stringify(body),
    headers: {'Content-Type': 'application/json', 'Idempotency-Key': 'k' + ++keys, ...headers},
  });
  const answer = await said.json();
  assert.ok(said.ok, `${method} ${path}: ${said.status} ${JSON.stringify(answer)}`);
  return answer;
}
async function eventually(what, holds) {
  for (const end = Date.now() + patience; ;) {
    const found = await holds();
    if (found) return found;
    if (Date.now() > end) throw new Error('in vain: ' + what);
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}

async function furnish() {
  for (const user of ['anna', 'bert', 'cleo', 'dora']) {
    await ask('PUT', '/v1/users/' + user, {name: user});
    await ask('POST', `/v1/wallets/${user}/charges`, {amount: 1_000_000});
  }
  for (const [product, price] of [['teapot', 1250], ['cup', 375], ['saucer', 199]])
    await ask('PUT', '/v1/products/' + product, {name: product, price, stock: 1000});
  await ask('PUT', '/v1/concerts/gala', {name: 'Gala', schedules: [{id: 'gala-1', starts: '2030-01-01T19:30:00Z', seats:
    Array.from({length: 160}, (_, i) => ({id: 'S' + i, section: i < 80 ? 'Stalls' : 'Circle', row: 'ABCDEFGH'[Math.floor(i % 80 / 20) + (i < 80 ? 0 : 4)],
      number: String(i % 20 + 1), category: i < 80 ? 'I' : 'II', price: i < 80 ? 4500 : 3000}))}]});
  for (let i = 0; i < 24; ++i)
    await ask('POST', '/v1/orders', {user: ['anna', 'bert', 'cleo'][i % 3], items: [{product: ['teapot', 'cup', 'saucer'][i % 3], quantity: 1 + i % 4}]});
}
async function parkSome() {
  await ask('POST', '/control', {silent: true});
  for (let i = 0; i < 9; ++i)
    await ask('POST', '/v1/orders', {user: 'dora', items: [{product: 'cup', quantity: 2}, {product: 'teapot', quantity: 1}]}, {Prefer: 'respond-async'});
  return eventually('nine sagas are parked', async () => {
    const found = await ask('GET', '/v1/admin/sagas?state=parked');
    return found.data.length === 9 && found.data;
  });
}

// ---- the page -------------------------------------------------------------------------------

let browser;
try {
  await furnish();
  browser = await launch(folder, browserPath);
  const context = await browser.newContext({viewport: {width: 1280, height: 860}});
  context.setDefaultTimeout(patience);
  const page = await context.newPage();
  const wrong = [], strangers = [];
  page.on('console', message => { if (message.type() === 'error') wrong.push(message.text()); });
  page.on('pageerror', error => wrong.push(String(error)));
  page.on('request', request => { if (!request.url().startsWith(address)) strangers.push(request.url()); });
  const shot = name => page.screenshot({path: join(folder, name + '.png')});

  await page.goto(address + '/');
  await page.getByText('All is well').waitFor();
  await shot('now-well');

  // Told second by second: the platform hears of fewer events than happen, or as usual; sagas that are parked are late
  // because they are.
  const says = ticks => page.evaluate(ticks => {
    const tick = now;
    for (const {sagas, outbox} of ticks)
      hear(JSON.stringify({...tick, sagas: {...tick.sagas, ...sagas}, outbox: {...tick.outbox, ...outbox}}));
    return document.querySelector('[role=status]').textContent;
  }, ticks);
  const untold = numbers => numbers.map(n => ({outbox: {untold: n}}));
  assert.match(await says(untold([1, 1, 2, 3, 5, 8, 13, 21, 34, 1234])), /1,234 events are not told to the platform/);
  assert.doesNotMatch(await says(untold([9, 9, 9, 9, 9, 9, 9, 9, 9, 8])), /not told to the platform: /);
  assert.match(await says([{sagas: {parked: 60, overdue: 60, late: 0}}]), /60 sagas are parked at [^0-9]*$/);
  assert.match(await says([{sagas: {parked: 60, overdue: 61, late: 1}}]), /1 saga is older than the design allows/);
  await page.getByText('All is well').waitFor();

  const parked = await parkSome();
  // Ten seconds are enough to see what is wrong: it is the first sentence of the page.
  await page.getByRole('status').getByText('9 sagas are parked').waitFor();
  await page.getByRole('cell', {name: parked[0].id}).waitFor();
  await shot('now-parked');

  // Found by its first four letters, among many.
  const wanted = parked[4].id;
  await page.keyboard.press('/');
  await page.keyboard.type(wanted.slice(0, 4));
  await page.keyboard.press('Enter');
  await page.waitForURL('**/#/saga/' + wanted);
  await page.getByRole('heading', {name: 'It stands still at undo debit wallet'}).waitFor();
  assert.ok(await page.getByRole('button', {name: 'Turn it back'}).isDisabled());
  // It holds what its desks have in effect: the cups and the teapot, and its order, which goes back.
  const holds = page.locator('#holds');
  await holds.getByRole('cell', {name: 'stock 2 \u00d7 cup'}).waitFor();
  await holds.getByRole('cell', {name: 'going back'}).waitFor();
  assert.equal(await page.locator('svg line.held').count(), 1);
  await shot('saga-parked');

  // First letters are those of one saga only if the search is through and every store has answered.
  const answers = pages => page.route('**/v1/admin/sagas?limit=200&prefix=zz*', route => route.fulfill({json: pages.shift()}));
  const other = await ask('GET', '/v1/admin/sagas/' + parked[5].id);
  await answers([{data: [], has_more: true, next: 'n1'}, {data: [other], has_more: true, next: 'n2'}, {data: [], has_more: false, silent: ['order/3']},
    ...Array.from({length: 20}, () => ({data: [], has_more: true, next: 'n3'})), {data: [], has_more: true, next: 'n4'}, {data: [other], has_more: false}]);
  await page.goto(address + '/#/sagas?prefix=zz');
  await page.getByText('order/3 does not answer').waitFor();
  await page.getByRole('cell', {name: other.id}).waitFor();
  assert.match(page.url(), /prefix=zz$/);
  await page.goto(address + '/#/sagas?prefix=zzz');
  await page.getByText('No saga was like that, down to n3.').waitFor();
  await page.getByRole('button', {name: 'Look further'}).click();
  await page.waitForURL('**/#/saga/' + other.id);
  await page.goto(address + '/#/saga/' + wanted);
  await page.getByRole('heading', {name: 'It stands still at undo debit wallet'}).waitFor();

  // A rehearsal says what would become of money and stock, and does nothing.
  const stock = async () => (await ask('GET', '/v1/products/cup')).stock;
  const before = await stock();
  await page.keyboard.press('r');
  await page.getByLabel('Why').fill('wallets are back');
  await page.getByLabel('Who').fill('olga');
  assert.ok(await page.getByRole('button', {name: 'Do it'}).isDisabled());
  await page.getByRole('button', {name: 'Dry run'}).click();
  await page.getByText('undo take stock').waitFor();
  const row = page.getByRole('row', {name: /stock of cup/});
  assert.deepEqual(await row.getByRole('cell').allTextContents(), ['stock of cup', String(before), String(before + 2)]);
  await shot('rehearsal');
  assert.equal(await stock(), before);

  await ask('POST', '/control', {silent: false});
  await page.getByRole('button', {name: 'Do it'}).click();
  await page.getByText('compensated').first().waitFor();
  await page.getByRole('cell', {name: 'wallets are back'}).waitFor();
  await shot('saga-mended');
  assert.equal(await stock(), before + 2);
  assert.equal((await ask('GET', '/v1/orders/' + wanted)).state, 'FAILED');

  await page.getByRole('link', {name: 'Audit'}).click();
  await page.getByText('The log is whole').waitFor();
  await page.getByRole('cell', {name: 'olga'}).waitFor();
  await shot('audit');

  await page.getByRole('link', {name: 'Designs'}).click();
  for (const name of ['order payment', 'balance first', 'stock first', 'by events', 'seat payment'])
    await page.getByRole('heading', {name}).waitFor();
  // On its edges stands how often it was gone, and back.
  const often = (design, what) => page.locator(`[data-design="${design}"] [data-count="${what}"]`).textContent();
  await page.locator('[data-design="order_payment"] [data-count="complete_order done"]').waitFor();
  assert.match(await often('order_payment', 'complete_order done'), /24$/);
  assert.match(await often('order_payment', 'take_stock undone'), /1$/);
  // A design that takes no new orders says who holds it back, here and on the first page.
  await ask('POST', '/v1/admin/designs/balance_first/pause', {reason: 'the bank is away', by: 'olga'});
  await page.goto(address + '/#/');
  await page.getByRole('status').getByText('balance first is paused by olga: the bank is away').waitFor();
  await page.getByText('no row is wrong').waitFor();
  await page.getByRole('link', {name: 'Designs'}).click();
  await page.getByText('by olga: the bank is away').waitFor();
  await shot('designs');
  await page.getByRole('link', {name: 'Audit'}).click();
  await page.getByRole('cell', {name: 'the bank is away'}).waitFor();

  await page.getByRole('link', {name: 'Hall'}).click();
  await page.getByText('160 free').waitFor();
  // While somebody looks, a seat is held and another one is sold.
  const seat = async (user, id) => {
    const {token} = await ask('POST', '/v1/schedules/gala-1/queue-tokens', {user});
    await eventually(user + ' is let in', async () => (await ask('GET', '/v1/queue-tokens/' + token)).admitted);
    return (await ask('POST', '/v1/schedules/gala-1/holds', {user, seat: id, token})).id;
  };
  await seat('anna', 'S8');
  const reservation = await seat('bert', 'S9');
  await ask('POST', '/v1/seat-payments', {payment: 'gala-bert', reservation, user: 'bert'});
  for (const text of ['158 free', '1 held', '1 sold']) await page.getByText(text).waitFor();
  assert.equal(await page.locator('rect.seat.HELD').count(), 1);
  assert.equal(await page.locator('rect.seat.RESERVED').count(), 1);
  await shot('hall');

  // By what was ordered: nobody's teapot is left over, dora's eight orders of cups are.
  await page.getByRole('link', {name: 'Sagas', exact: true}).click();
  await page.getByLabel('product').fill('saucer');
  await page.keyboard.press('Enter');
  await page.getByText('No saga is like that.').waitFor();
  await page.getByLabel('product').fill('cup');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelectorAll('tr.go').length === 8);

  // On a phone nothing is wider than the phone; in the dark it is dark.
  await page.setViewportSize({width: 380, height: 800});
  await page.emulateMedia({colorScheme: 'dark'});
  for (const [name, where] of [['phone-now', '#/'], ['phone-saga', '#/saga/' + parked[0].id], ['phone-sagas', '#/sagas?state=parked']]) {
    await page.goto(address + '/' + where);
    await page.waitForTimeout(700);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), name + ' is wider than the screen');
    await shot(name);
  }
  const paper = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  assert.ok(/rgb\((\d+)/.exec(paper)[1] < 60, 'dark is ' + paper);

  assert.deepEqual(wrong, []);
  assert.deepEqual(strangers, []);
  console.log('the page found, rehearsed and mended ' + wanted);
} finally {
  if (browser) await browser.close();
  node.stop();
  rmSync(data, {recursive: true, force: true});
}
