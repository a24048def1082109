// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict"
import { createServer, request as httpRequest } from "node:http"
import { test } from "node:test"
import { handler, lambdaHandler, nodeListener, slipHandler } from "../holdfast.js"
import { JWT_SECRET, NOW, OPEN, options, OTHER, signed, slipRequest, TEXT, webhook } from "./sign.mjs"

const echo = (event, _, answer) => { if (event.type === "message") answer.send(event.text) }
const ECHOED = { actions: [{ type: "send", text: "hello" }] }

test("each event in order, with one answer, sync or async", async () => {
  const seen = []
  const hook = handler(options(), async (event, connection, answer) => {
    await null
    seen.push([event.seq, connection.state.n])
    answer.setState({ n: String(event.seq) })
  })
  const answer = await hook(signed(webhook([TEXT, { ...TEXT, seq: 3 }])))
  assert.deepEqual(seen, [[2, undefined], [3, "2"]])
  assert.deepEqual((await answer.json()).actions.map(({ state }) => state.n), ["2", "3"])
})

test("refusals have the status of the mistake, and are told to onError", async () => {
  const told = []
  const hook = handler(options({ maxBodyBytes: 1000, onError: (error) => told.push(error.code) }), echo)
  const cases = [
    [signed(webhook([TEXT]), { secret: OTHER }), 401, /not verified/], [signed("x"), 400, /not JSON/], [new Request("https://app.example/"), 405, /POST/],
    [signed(webhook([{ ...TEXT, text: "x".repeat(1000) }])), 413, /1000 bytes/],
  ]
  for (const [request, status, words] of cases) {
    const answer = await hook(request)
    assert.deepEqual([answer.status, answer.headers.get("content-type"), answer.headers.get("allow")], [status, "text/plain; charset=utf-8", status === 405 ? "POST" : null])
    assert.match(await answer.text(), words)
  }
  assert.deepEqual(told, ["signature", "payload", "method", "tooLarge"])
})

test("a function that throws is a 500 that tells nothing", async () => {
  const told = []
  const hook = handler(options({ onError: (error) => told.push(error.message) }), () => { throw new Error("the password is x") })
  const answer = await hook(signed(webhook([TEXT])))
  assert.deepEqual([answer.status, await answer.text(), told], [500, "the app failed\n", ["the password is x"]])
})

test("without verification", async () => {
  const hook = handler({ verify: false }, (_, __, answer) => { answer.send(String(answer.webhook.verified)) })
  assert.deepEqual(await (await hook(signed(webhook([TEXT]), { secret: OTHER }))).json(), { actions: [{ type: "send", text: "false" }] })
})

test("slip", async () => {
  const hook = slipHandler({ secret: JWT_SECRET, now: () => NOW }, (event, _, answer) => { answer.send(event.type) })
  const value = { connectionId: "c", metadata: null, events: [{ type: "OPEN", connectionId: "c" }] }
  assert.deepEqual(await (await hook(slipRequest(value))).json(), { events: [{ type: "ACCEPT", connectionId: "c" }, { type: "TEXT", connectionId: "c", data: "open" }] })
  assert.equal((await hook(slipRequest(value, null))).status, 401)
})

// Node

/** Runs a listener, and gives its URL. */
async function served(listener, use) {
  const server = createServer(listener)
  await new Promise((go) => server.listen(0, "127.0.0.1", go))
  try { return await use(`http://127.0.0.1:${server.address().port}/`) } finally {
    server.closeAllConnections()
    await new Promise((go) => server.close(go))
  }
}

const posted = async (url, request) => fetch(url, { method: request.method, headers: request.headers, body: request.method === "POST" ? await request.text() : undefined })

test("node: a webhook, its refusals, and a GET", async () => {
  await served(nodeListener(handler(options(), echo)), async (url) => {
    const answer = await posted(url, signed(webhook([TEXT])))
    assert.deepEqual([answer.status, answer.headers.get("content-type"), await answer.json()], [200, "application/json", ECHOED])
    assert.equal((await posted(url, signed(webhook([TEXT]), { secret: OTHER }))).status, 401)
    assert.equal((await fetch(url)).status, 405)
    assert.deepEqual(await (await posted(url, signed(webhook([{ ...TEXT, text: "ü".repeat(500_000) }])))).json(), { actions: [{ type: "send", text: "ü".repeat(500_000) }] })
  })
})

test("node: a body that is too long is not read to its end", async () => {
  await served(nodeListener(handler(options({ maxBodyBytes: 1000 }), echo)), async (url) => {
    const [status, connection] = await new Promise((resolve, reject) => {
      const sending = httpRequest(url, { method: "POST" }, (answer) => {
        answer.resume()
        resolve([answer.statusCode, answer.headers.connection])
      })
      sending.on("error", reject)
      sending.write("x".repeat(1001))
    })
    assert.deepEqual([status, connection], [413, "close"])
  })
})

test("node: a framework that kept the body as it came, and one that did not", async () => {
  const hook = nodeListener(handler(options({ onError: () => {} }), echo))
  const with_ = (make) => async (incoming, outgoing) => {
    const pieces = []
    for await (const piece of incoming) pieces.push(piece)
    incoming.body = make(Buffer.concat(pieces))
    return hook(incoming, outgoing)
  }
  await served(with_((body) => body), async (url) => assert.deepEqual(await (await posted(url, signed(webhook([TEXT])))).json(), ECHOED))
  const printed = console.error
  const errors = []
  console.error = (error) => errors.push(error.message)
  try {
    await served(with_((body) => JSON.parse(body)), async (url) => assert.equal((await posted(url, signed(webhook([TEXT])))).status, 500))
  } finally { console.error = printed }
  assert.match(errors[0], /parsed before/)
})

test("node: a client that leaves in the middle does no harm", async () => {
  await served(nodeListener(handler(options(), echo)), async (url) => {
    await new Promise((go) => {
      const sending = httpRequest(url, { method: "POST", headers: { "content-length": 100 } })
      sending.on("error", go)
      sending.write("x", () => sending.destroy())
      sending.on("close", go)
    })
    assert.equal((await posted(url, signed(webhook([TEXT])))).status, 200)
  })
})

// Lambda

test("lambda: both payload formats, a load balancer, base64", async () => {
  const hook = lambdaHandler(handler(options(), echo))
  const request = signed(webhook([TEXT]))
  const headers = Object.fromEntries(request.headers)
  const body = await request.text()
  const wanted = { statusCode: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(ECHOED), isBase64Encoded: false }
  const capital = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]))
  const many = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]))
  for (const event of [
    { version: "2.0", requestContext: { http: { method: "POST" } }, headers, body, isBase64Encoded: false },
    { version: "2.0", requestContext: { http: { method: "POST" } }, headers, body: Buffer.from(body).toString("base64"), isBase64Encoded: true },
    { httpMethod: "POST", headers: capital, body, isBase64Encoded: false }, { httpMethod: "POST", multiValueHeaders: many, body, isBase64Encoded: false },
  ]) assert.deepEqual(await hook(event), wanted)
  assert.equal((await hook({ httpMethod: "POST", headers: {}, body })).statusCode, 401)
  assert.equal((await hook({ httpMethod: "GET", headers: null, body: null })).statusCode, 405)
})

test("an open that is let in with nothing to say", async () => {
  assert.deepEqual(await (await handler(options(), () => {})(signed(webhook([OPEN])))).json(), { actions: [] })
})
