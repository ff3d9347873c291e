// Drives the console's page of a node that has keys: it asks for one, refuses a wrong one, keeps a good one as long as
// the tab is open, and nowhere else.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {launch, startNode} from './stage.mjs';

const [souk, folder, browserPath] = process.argv.slice(2);
const data = mkdtempSync(join(tmpdir(), 'souk-keys-'));
const patience = 120_000;  // for the slowest machine; a passing test never waits for it

const newKey = (...words) =>
  execFileSync(souk, ['keys', 'add', '--data', join(data, 'stores'), ...words], {stdio: ['ignore', 'pipe', 'ignore']})
    .toString().trim();
const operator = newKey('--role', 'operator'), customer = newKey('--role', 'customer', '--user', 'anna');
const node = await startNode(souk, ['serve', '--data', join(data, 'stores'), '--http', '127.0.0.1:0'],
                             {said: /admin on (http:\S+)/});
const address = node.address;

let browser;
try {
  browser = await launch(folder, browserPath);
  const context = await browser.newContext();
  context.setDefaultTimeout(patience);
  const page = await context.newPage();
  const show = async key => {
    await page.getByRole('textbox', {name: 'Key'}).fill(key);
    await page.getByRole('button', {name: 'Show it'}).click();
  };
  await page.goto(address + '/');
  await page.getByRole('heading', {name: 'A key, please'}).waitFor();
  await page.getByText('This node wants to know who you are.').waitFor();
  await show('souk_' + 'A'.repeat(43));
  await page.getByText('The key is not known, or is revoked').waitFor();
  await show(customer);
  await page.getByText("The key's role may not do this").waitFor();
  await show(operator);
  await page.getByText('All is well').waitFor();
  assert.ok(await page.getByRole('heading', {name: 'A key, please'}).isHidden());
  await page.getByRole('link', {name: 'Audit'}).click();
  await page.getByText('The log is whole').waitFor();

  // Kept by the tab, and not asked for again; nothing of it stays in the browser.
  await page.goto(address + '/#/');
  await page.reload();
  await page.getByText('All is well').waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.getItem('key')), operator);
  assert.ok(!(await page.evaluate(() => JSON.stringify({...localStorage}))).includes(operator));
  assert.deepEqual(await context.cookies(), []);
  const another = await context.newPage();
  await another.goto(address + '/');
  await another.getByRole('heading', {name: 'A key, please'}).waitFor();
  console.log('the page asked for a key, and kept it for itself');
} finally {
  if (browser) await browser.close();
  node.stop();
  rmSync(data, {recursive: true, force: true});
}
