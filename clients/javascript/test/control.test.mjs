// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict"
import { createHmac } from "node:crypto"
import { createServer } from "node:http"
import { test } from "node:test"
import * as holdfast from "../holdfast.js"
import { JWT_SECRET, NOW } from "./sign.mjs"

const { Actions, AnswerError, ConfigurationError, Control, ControlError, json, SlipActions, SlipControl } = holdfast

/** A control API that answers with each of `answers` in turn (the last one stays), and remembers what it was asked. */
async function api(answers, use, path = "") {
  const asked = []
  const server = createServer(async (incoming, outgoing) => {
    const pieces = []
    for await (const piece of incoming) pieces.push(piece)
    asked.push({ method: incoming.method, url: incoming.url, type: incoming.headers["content-type"], authorization: incoming.headers.authorization, body: Buffer.concat(pieces).toString() })
    const answer = answers.length > 1 ? answers.shift() : answers[0]
    if (answer === "silence") return
    if (answer === "hang up") return incoming.socket.destroy()
    const [status, value, headers = {}] = answer
    outgoing.writeHead(status, headers).end(value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value))
  })
  await new Promise((go) => server.listen(0, "127.0.0.1", go))
  try { await use(`http://127.0.0.1:${server.address().port}${path}`, asked) } finally {
    server.closeAllConnections()
    await new Promise((go) => server.close(go))
  }
}

const all = async (items) => {
  const found = []
  for await (const item of items) found.push(item)
  return found
}
const ok = (more = {}) => [200, { results: [{ status: "ok", delivered: 1, ...more }] }]

test("options", () => {
  for (const given of [{ url: "nonsense" }, { url: "ftp://x" }, { url: "http://a:b@x" }, { url: "http://x/?q" }, { token: "" }, { token: "a b" }, { token: 7 }, { timeout: 0 }, { timeout: "1" }, { retries: -1 }, { tokem: "x" }]) {
    assert.throws(() => new Control(given), ConfigurationError, JSON.stringify(given))
  }
  for (const given of [undefined, {}, { secret: "" }, { secret: undefined }, { secret: "x", token: "y" }]) assert.throws(() => new SlipControl(given), ConfigurationError)
  assert.ok(new Control())
})

test("what goes over the wire", async () => {
  await api([ok()], async (url, asked) => {
    const control = new Control({ url: `${url}/`, token: "t0ken" })
    await control.publish("a/ü ?", "grüße")
    await control.publish("c", new Uint8Array([0x41]), { id: "i&/" })
    await control.publish("c", json({ a: 1 }))
    await control.publish("c", "x", { except: "e", id: "i" })
    await control.send("i/d", "")
    await control.close("id")
    await control.close("id", { code: 4000, reason: "a&b ü" })
    await control.subscribe("id", "a/b")
    await control.unsubscribe("id", "a/b")
    await control.setState("id", { a: "1", b: null })
    assert.equal(await control.closeChannel("c", { code: 4001 }), 1)
    assert.deepEqual(asked.map(({ method, url: path, type, body }) => [method, path.replace("/prefix", ""), type, body]), [
      ["POST", "/v1/channels/a%2F%C3%BC%20%3F/messages", "text/plain; charset=utf-8", "grüße"],
      ["POST", "/v1/channels/c/messages?id=i%26%2F", "application/octet-stream", "A"],
      ["POST", "/v1/channels/c/messages", "application/json", '{"a":1}'],
      ["POST", "/v1/actions", "application/json", '{"actions":[{"type":"publish","channel":"c","text":"x","except":["e"],"id":"i"}]}'],
      ["POST", "/v1/connections/i%2Fd/messages", "text/plain; charset=utf-8", ""],
      ["DELETE", "/v1/connections/id", undefined, ""], ["DELETE", "/v1/connections/id?code=4000&reason=a%26b+%C3%BC", undefined, ""],
      ["PUT", "/v1/connections/id/channels/a%2Fb", undefined, ""], ["DELETE", "/v1/connections/id/channels/a%2Fb", undefined, ""],
      ["POST", "/v1/actions", "application/json", '{"actions":[{"type":"setState","state":{"a":"1","b":null},"to":"id"}]}'],
      ["POST", "/v1/actions", "application/json", '{"actions":[{"type":"closeChannel","channel":"c","code":4001}]}'],
    ])
    assert.ok(asked.every(({ authorization }) => authorization === "Bearer t0ken"))
  }, "/prefix")
})

test("without a token there is no authorization", async () => {
  await api([[202, { delivered: 0 }]], async (url, asked) => {
    assert.deepEqual(await new Control({ url }).publish("c", "x"), { delivered: 0, duplicate: false })
    assert.equal(asked[0].authorization, undefined)
  })
})

test("several actions have a result each, and none is an error", async () => {
  const results = [{ status: "ok", delivered: 1 }, { status: "notFound" }]
  await api([[200, { results }]], async (url, asked) => {
    const control = new Control({ url })
    assert.deepEqual(await control.perform(new Actions().send("a", { to: "x" }).send("b", { to: "y" })), results)
    assert.deepEqual(await control.perform(new Actions()), [])
    assert.equal(asked.length, 1, "nothing to do is not worth a request")
    await assert.rejects(control.perform([{ type: "send" }]), AnswerError)
    await assert.rejects(control.perform(new Actions().send("a", { to: "x" })), { code: "unexpected" })
  })
})

test("dial", async () => {
  await api([ok({ status: "ok", connection: "n1.0.d" })], async (url, asked) => {
    assert.equal(await new Control({ url }).dial("wss://x.example", { route: "out" }), "n1.0.d")
    assert.equal(asked[0].body, '{"actions":[{"type":"dial","url":"wss://x.example","route":"out"}]}')
  })
})

const problem = (status, detail = "because") => [status, { type: "about:blank", title: "A title", status, detail }, { "content-type": "application/problem+json" }]
for (const [status, name, code] of [[400, "BadRequestError", "badRequest"], [401, "UnauthorizedError", "unauthorized"], [403, "ForbiddenError", "forbidden"], [404, "NotFoundError", "notFound"],
  [409, "LimitError", "limit"], [413, "TooLargeError", "tooLarge"], [415, "BadRequestError", "badRequest"], [429, "QueueFullError", "full"], [503, "UnavailableError", "unavailable"],
  [500, "UnavailableError", "unavailable"], [418, "UnexpectedAnswerError", "unexpected"]]) {
  test(`a ${status} is a ${name}`, async () => {
    await api([problem(status)], async (url) => {
      await assert.rejects(new Control({ url }).send("x", "y"), (error) => {
        assert.ok(error instanceof holdfast[name] && error instanceof ControlError)
        assert.deepEqual([error.name, error.code, error.status, error.title, error.detail, error.message], [name, code, status, "A title", "because", "because"])
        return true
      })
    })
  })
}

for (const [result, name, status] of [["notFound", "NotFoundError", 404], ["refused", "LimitError", 409], ["full", "QueueFullError", 429], ["unreachable", "UnavailableError", 503]]) {
  test(`the result ${result} of one action is a ${name}`, async () => {
    await api([[200, { results: [{ status: result, detail: "because" }] }]], async (url) => {
      await assert.rejects(new Control({ url }).setState("x", {}), (error) => error instanceof holdfast[name] && error.status === status && error.detail === "because")
    })
  })
}

test("an error without words, and one that is a page", async () => {
  await api([[404], [502, "<html>bad gateway"], [200, "<html>"], [200, {}], [200, "null"]], async (url) => {
    const control = new Control({ url })
    await assert.rejects(control.send("x", "y"), { code: "notFound", status: 404, detail: "" })
    await assert.rejects(control.send("x", "y"), { code: "unavailable", status: 502 })
    await assert.rejects(control.send("x", "y"), { code: "unexpected", status: 200 })
    await assert.rejects(all(control.channels()), { code: "unexpected" })
    await assert.rejects(control.setState("x", {}), { code: "unexpected" })
  })
})

test("redirects are not followed, so that the token stays where it belongs", async () => {
  await api([[307, "", { location: "/elsewhere" }]], async (url, asked) => {
    await assert.rejects(new Control({ url, token: "t" }).send("x", "y"), { code: "unexpected", status: 307 })
    assert.equal(asked.length, 1)
  })
})

test("silence ends after the timeout", async () => {
  await api(["silence"], async (url) => {
    await assert.rejects(new Control({ url, timeout: 50 }).send("x", "y"), (error) => error instanceof holdfast.ControlTimeoutError && error.status === 0 && /50 ms/.test(error.detail))
  })
})

test("nobody there", async () => {
  let gone
  await api([ok()], async (url) => { gone = url })
  await assert.rejects(new Control({ url: gone }).send("x", "y"), (error) => error instanceof holdfast.UnreachableError && error.status === 0 && error.cause instanceof Error)
})

test("nothing is repeated unless it is asked for, and nothing that could be done twice", async () => {
  await api([problem(503)], async (url, asked) => {
    await assert.rejects(new Control({ url }).subscribe("x", "c"))
    assert.equal(asked.length, 1)
    const control = new Control({ url, retries: 2 })
    for (const call of [() => control.send("x", "y"), () => control.publish("c", "x"), () => control.close("x"), () => control.perform(new Actions().publish("c", "x")), () => control.closeChannel("c")]) {
      asked.length = 0
      await assert.rejects(call())
      assert.equal(asked.length, 1, call.toString())
    }
    asked.length = 0
    await assert.rejects(control.subscribe("x", "c"), { code: "unavailable" })
    assert.equal(asked.length, 3)
  })
})

test("what can be repeated is, until it works", async () => {
  for (const first of ["hang up", problem(502), problem(503), problem(504)]) {
    await api([first, [202, { delivered: 1 }]], async (url, asked) => {
      assert.deepEqual(await new Control({ url, retries: 1 }).publish("c", "x", { id: "i" }), { delivered: 1, duplicate: false })
      assert.equal(asked.length, 2)
    })
  }
  await api([problem(404), ok()], async (url, asked) => {
    await assert.rejects(new Control({ url, retries: 5 }).unsubscribe("x", "c"), { code: "notFound" })
    assert.equal(asked.length, 1)
  })
})

test("lists are read page after page, and no further than they are asked for", async () => {
  await api([[200, { connections: [{ id: "a" }, { id: "b" }], next: "b" }], [200, { connections: [{ id: "c" }] }]], async (url, asked) => {
    const control = new Control({ url })
    for await (const { id } of control.connections({ route: "r", channel: "c ü" })) {
      assert.equal(id, "a")
      break
    }
    assert.equal(asked.length, 1)
  })
  await api([[200, { connections: ["a"], name: "c", subscribers: 2, next: "a" }], [200, { connections: ["b"] }]], async (url, asked) => {
    assert.deepEqual(await all(new Control({ url }).subscribers("c/d")), ["a", "b"])
    assert.deepEqual(asked.map(({ url: path }) => path), ["/v1/channels/c%2Fd?limit=100", "/v1/channels/c%2Fd?limit=100&after=a"])
  })
  await api([[200, { channels: [], next: "x" }]], async (url, asked) => {
    assert.deepEqual(await all(new Control({ url }).channels()), [])
    assert.equal(asked.length, 2, "a list that goes in a circle ends")
  })
})

test("mistakes of the caller are no requests", async () => {
  await api([ok()], async (url, asked) => {
    const control = new Control({ url })
    for (const call of [() => control.send("", "x"), () => control.send("x", 1), () => control.publish("", "x"), () => control.publish("c", "x", { id: "" }), () => control.publish("c", "x", { ids: "" }),
      () => control.close("x", { code: 1 }), () => control.setState("x", { a: 1 }), () => control.setState(undefined, {}), () => control.subscribe("x", "\n"), () => control.dial("http://x"), () => control.connection()]) {
      await assert.rejects(call(), AnswerError)
    }
    assert.throws(() => control.connections({ chanel: "c" }), AnswerError)
    assert.equal(asked.length, 0)
  })
})

// Slip

test("slip: each request has a token of its own", async () => {
  await api([[200, { message: "processed successfully" }]], async (url, asked) => {
    let now = NOW
    const control = new SlipControl({ url, secret: JWT_SECRET, now: () => now })
    await control.publish("s", "t")
    now += 100.5
    await control.perform(new SlipActions().subscribe("s", { to: "c" }).setMetadata({ a: 1 }, { to: "c" }).send(new Uint8Array([0]), { to: "c" }))
    for (const [index, { authorization, type, method }] of asked.entries()) {
      const [head, claims, signature] = authorization.replace("Bearer ", "").split(".")
      const iat = NOW + index * 100
      assert.deepEqual(JSON.parse(Buffer.from(head, "base64url")), { alg: "HS256", typ: "JWT" })
      assert.deepEqual(JSON.parse(Buffer.from(claims, "base64url")), { iss: "slip-sockets", aud: "ControlEvent", iat, exp: iat + 60 })
      assert.equal(signature, createHmac("sha256", JWT_SECRET).update(`${head}.${claims}`).digest("base64url"))
      assert.deepEqual([method, type], ["POST", "application/websocket-events"])
    }
    assert.deepEqual(asked.map(({ body }) => JSON.parse(body).events), [
      [{ type: "PUBLISH_TEXT", channelId: "s", data: "t" }],
      [{ type: "SUBSCRIBE", connectionId: "c", channel: "s" }, { type: "SET_METADATA", connectionId: "c", metadata: { a: 1 } }, { type: "BINARY", connectionId: "c", data: "AA==" }],
    ])
  })
})

test("slip: single calls, and what is refused", async () => {
  await api([[200, { message: "processed successfully" }]], async (url, asked) => {
    const control = new SlipControl({ url, secret: "s" })
    await control.send("c", "t")
    await control.sendText("c", "t")
    await control.sendBinary("c", new Uint8Array([0]))
    await control.close("c", { code: 4000 })
    await control.subscribe("c", "s")
    await control.unsubscribe("c", "s")
    await control.setMetadata("c", null)
    await control.closeChannel("s")
    await control.perform(new SlipActions())
    assert.deepEqual(asked.map(({ body }) => JSON.parse(body).events[0].type), ["TEXT", "TEXT", "BINARY", "CLOSE", "SUBSCRIBE", "UNSUBSCRIBE", "SET_METADATA", "CLOSE_CHANNEL"])
    await assert.rejects(control.perform(new Actions()), AnswerError)
    await assert.rejects(control.send("", "t"), AnswerError)
  })
  await api([[200, { results: [{ type: "TEXT", status: "notFound" }] }]], async (url) => {
    const control = new SlipControl({ url, secret: "s" })
    await assert.rejects(control.send("c", "t"), (error) => error instanceof holdfast.NotFoundError && error.status === 404)
    assert.deepEqual(await control.perform(new SlipActions().send("t", { to: "c" })), [{ type: "TEXT", status: "notFound" }])
  })
  await api([[403, "Invalid token", { "content-type": "text/plain" }], [400, { message: "invalid commands" }]], async (url) => {
    const control = new SlipControl({ url, secret: "s" })
    await assert.rejects(control.publish("s", "t"), (error) => error instanceof holdfast.UnauthorizedError && error.status === 403 && error.detail === "Invalid token")
    await assert.rejects(control.publish("s", "t"), { code: "badRequest", status: 400, detail: "invalid commands" })
  })
})
