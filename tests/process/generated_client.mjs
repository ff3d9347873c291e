// Shops with a client that a generator made from /openapi.json: generated_client.mjs API_JS URL
import assert from 'node:assert/strict';
import {pathToFileURL} from 'node:url';

const [generated, baseUrl] = process.argv.slice(2);
const {Api} = await import(pathToFileURL(generated));
const shop = new Api({baseUrl}).v1;
// However slow the machine is, each request is answered with its end.
const once = key => ({headers: {'Idempotency-Key': key, Prefer: 'wait=30'}});

await shop.usersUpdate('gina', {name: 'Gina'});
await shop.walletsChargesCreate('gina', {amount: 10_000}, once('charge'));
await shop.productsUpdate('kettle', {name: 'Kettle', price: 2_500, stock: 5});
const order = {user: 'gina', items: [{product: 'kettle', quantity: 2}]};
const placed = await shop.ordersCreate(order, once('order'));
assert.equal(placed.status, 201);
assert.equal(placed.data.state, 'COMPLETED');
assert.equal(placed.data.paid, 5_000);
const again = await shop.ordersCreate(order, once('order'));
assert.equal(again.data.id, placed.data.id);
assert.equal((await shop.ordersDetail(placed.data.id)).data.items[0].product, 'kettle');
assert.equal((await shop.walletsDetail('gina')).data.balance, 5_000);
assert.equal((await shop.productsDetail('kettle')).data.stock, 3);

// What is refused is an error that has the problem.
const problem = await shop.ordersCreate({...order, items: [{product: 'kettle', quantity: 9}]}, once('too-many'))
  .then(() => null, said => said.error);
assert.equal(problem?.reason, 'sold_out');
console.log('a generated client placed ' + placed.data.id);
