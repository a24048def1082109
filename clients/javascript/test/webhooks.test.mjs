// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict"
import { readFile } from "node:fs/promises"
import { test } from "node:test"
import { ConfigurationError, handler, HoldfastError, parse, parseSlip, PayloadError, SignatureError, slipHandler, WebhookError } from "../holdfast.js"
import { JWT_SECRET, NOW, OPEN, options, OTHER, SECRET, secretOf, signed, slipRequest, TEXT, token, webhook } from "./sign.mjs"

const nothing = () => {}

// Options

const badOptions = {
  "nothing at all": undefined, "an empty object": {}, "a variable that is not set": { secret: undefined }, null: { secret: null }, "an empty text": { secret: "" },
  "an empty list": { secret: [] }, "one of several is missing": { secret: [SECRET, undefined] }, "no whsec_": { secret: SECRET.slice(6) },
  "no base64": { secret: "whsec_***************************************" }, "23 bytes": { secret: secretOf("x".repeat(23)) }, "65 bytes": { secret: secretOf("x".repeat(65)) },
  "both a secret and none": { secret: SECRET, verify: false }, "verify true": { secret: SECRET, verify: true }, "verify true alone": { verify: true },
  "verify null": { secret: SECRET, verify: null }, "a word that does not exist": { secret: SECRET, tolerence: 1 }, "a tolerance of text": { secret: SECRET, tolerance: "300" },
  "a tolerance below 0": { secret: SECRET, tolerance: -1 }, "an endless tolerance": { secret: SECRET, tolerance: Infinity }, "no room": { secret: SECRET, maxBodyBytes: 0 },
}
for (const [name, given] of Object.entries(badOptions)) {
  test(`options: ${name} is an error where the handler is made`, async () => {
    const isRight = (error) => error instanceof ConfigurationError && error instanceof HoldfastError && !error.message.includes(SECRET.slice(6))
    assert.throws(() => handler(given, nothing), isRight)
    await assert.rejects(parse(signed(webhook([TEXT])), given), isRight)
  })
}

for (const given of [{}, { secret: "" }, { secret: [] }, { secret: 7 }, { secret: "x", verify: false }, { verify: true }]) {
  test(`slip options: ${JSON.stringify(given)} is an error`, () => assert.throws(() => slipHandler(given, nothing), ConfigurationError))
}

test("a handler needs a function", () => assert.throws(() => handler({ verify: false }), ConfigurationError))

test("the module uses only what all platforms have", async () => {
  const code = (await readFile(new URL("../holdfast.js", import.meta.url), "utf8")).replace(/\/\/.*|\/\*[^]*?\*\//g, "")
  assert.doesNotMatch(code, /\b(import|require|process|Buffer|window|document)\b/)
})

test("types and code export the same names", async () => {
  const types = await readFile(new URL("../holdfast.d.ts", import.meta.url), "utf8")
  const declared = [...types.matchAll(/^export (?:class|function) (\w+)/gm)].map(([, name]) => name)
  assert.deepEqual(declared.sort(), Object.keys(await import("../holdfast.js")).sort())
})

// Standard Webhooks

test("the signature of the specification's own example", async () => {
  const request = {
    headers: {
      "Webhook-Id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "Webhook-Timestamp": "1614265330", "Webhook-Signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    },
    body: '{"test": 2432232314}',
  }
  // The signature is right, so that what is missing is what the body says.
  await assert.rejects(parse(request, { secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", now: () => 1614265330 }), PayloadError)
})

test("a signed webhook is read", async () => {
  const found = await parse(signed(webhook([OPEN], { protocol: "a" })), options())
  assert.deepEqual([found.id, found.timestamp, found.verified], ["w.1", NOW, true])
  assert.deepEqual(found.connection, { id: "n1.0.x", state: {}, channels: [], path: "/", query: "", protocol: "a" })
  assert.deepEqual(found.events, [{ ...OPEN, raw: OPEN }])
})

test("binary messages are bytes, also in pings", async () => {
  const { events } = await parse(signed(webhook([{ seq: 1, type: "message", base64: "AAH/" }, { seq: 2, type: "ping", base64: "" }])), options())
  assert.deepEqual(events[0].binary, new Uint8Array([0, 1, 255]))
  assert.equal(events[0].text, undefined)
  assert.deepEqual(events[1].binary, new Uint8Array())
})

test("headers and body by hand: any case, bytes or text", async () => {
  const request = signed(webhook([TEXT]))
  const headers = Object.fromEntries([...request.headers].map(([name, value]) => [name.toUpperCase(), value]))
  const body = new Uint8Array(await request.arrayBuffer())
  for (const each of [body, body.buffer, Buffer.from(body), new TextDecoder().decode(body)]) {
    assert.equal((await parse({ headers, body: each }, options())).events[0].text, "hello")
  }
})

test("a body that was read before is the app's mistake, and says what to do", async () => {
  const request = signed(webhook([TEXT]))
  await request.text()
  await assert.rejects(parse(request, options()), (error) => error instanceof TypeError && /read before/.test(error.message))
})

const forgeries = {
  "no headers": { change: (h) => { for (const name of Object.keys(h)) delete h[name] } },
  "no id": { change: (h) => delete h["webhook-id"] },
  "another id": { change: (h) => { h["webhook-id"] = "w.2" } },
  "no timestamp": { change: (h) => delete h["webhook-timestamp"] },
  "a timestamp of words": { change: (h) => { h["webhook-timestamp"] = "now" } },
  "a timestamp with an exponent": { change: (h) => { h["webhook-timestamp"] = "17e8" } },
  "another timestamp": { change: (h) => { h["webhook-timestamp"] = String(NOW + 1) } },
  "another secret": { secret: OTHER },
  "no signature": { change: (h) => delete h["webhook-signature"] },
  "an empty signature": { change: (h) => { h["webhook-signature"] = "v1," } },
  "a shortened signature": { change: (h) => { h["webhook-signature"] = h["webhook-signature"].slice(0, -4) } },
  "no base64": { change: (h) => { h["webhook-signature"] = "v1,%%%" } },
  "another version": { change: (h) => { h["webhook-signature"] = h["webhook-signature"].replace("v1", "v2") } },
  "too old": { at: NOW - 301 }, "too early": { at: NOW + 301 },
}
for (const [name, how] of Object.entries(forgeries)) {
  test(`not verified: ${name}`, async () => {
    await assert.rejects(parse(signed(webhook([TEXT]), how), options()), (error) => error instanceof SignatureError && error.status === 401 && error.code === "signature")
  })
}

test("not verified: another body", async () => {
  const { headers } = signed(webhook([TEXT]))
  await assert.rejects(parse({ headers, body: JSON.stringify(webhook([])) }, options()), SignatureError)
})

test("just in time", async () => {
  for (const at of [NOW - 300, NOW + 300]) assert.ok((await parse(signed(webhook([TEXT]), { at }), options())).verified)
  assert.ok((await parse(signed(webhook([TEXT]), { at: NOW - 10 }), options({ tolerance: 10 }))).verified)
  await assert.rejects(parse(signed(webhook([TEXT]), { at: NOW - 11 }), options({ tolerance: 10 })), SignatureError)
})

test("secrets that replace each other", async () => {
  for (const secret of [SECRET, OTHER]) assert.ok((await parse(signed(webhook([TEXT]), { secret }), options({ secret: [SECRET, OTHER] }))).verified)
  const both = signed(webhook([TEXT]), { secret: OTHER })
  const first = both.headers.get("webhook-signature")
  const second = signed(webhook([TEXT])).headers.get("webhook-signature")
  both.headers.set("webhook-signature", `v1a,xyz ${first} ${second}`)
  assert.ok((await parse(both, options())).verified)
})

test("verify: false believes anybody, and says so", async () => {
  const found = await parse(signed(webhook([TEXT]), { secret: OTHER, at: 1 }), { verify: false })
  assert.deepEqual([found.verified, found.timestamp, found.events[0].text], [false, null, "hello"])
})

// What is not understood

const nonsense = [
  "no JSON", "", "[]", "null", "{}", { connection: {} }, { connection: { id: 1 }, events: [] }, { connection: { id: "x" } }, webhook([1]), webhook([{}]), webhook([{ type: "message" }]),
  webhook([{ type: "message", text: 1 }]), webhook([{ type: "message", base64: "%" }]), webhook([{ type: "open", headers: [] }]), webhook([], { state: [] }), webhook([], { channels: {} }),
]
for (const value of nonsense) {
  test(`not understood: ${JSON.stringify(value)}`, async () => {
    await assert.rejects(parse(signed(value), options()), (error) => error instanceof PayloadError && error.status === 400)
  })
}

test("bytes that are not UTF-8 are not understood", async () => {
  await assert.rejects(parse({ headers: {}, body: new Uint8Array([0x22, 0xff, 0x22]) }, { verify: false }), PayloadError)
})

test("unknown events and fields are passed on", async () => {
  const strange = { seq: 9, type: "constructor", more: 1 }
  const { events } = await parse(signed(webhook([strange])), options())
  assert.deepEqual(events, [{ ...strange, raw: strange }])
  const slip = await parseSlip(slipRequest({ connectionId: "c", events: [{ type: "constructor" }] }), { verify: false })
  assert.equal(slip.events[0].type, "constructor")
})

test("a webhook that is too long", async () => {
  const long = webhook([{ seq: 1, type: "message", text: "x".repeat(1000) }])
  const size = JSON.stringify(long).length
  assert.ok((await parse(signed(long), options({ maxBodyBytes: size }))).verified)
  await assert.rejects(parse(signed(long), options({ maxBodyBytes: size - 1 })), (error) => error instanceof WebhookError && error.status === 413)
  await assert.rejects(parse({ headers: {}, body: "x".repeat(11) }, { verify: false, maxBodyBytes: 10 }), { status: 413 })
})

// Slip

const slip = { secret: JWT_SECRET, now: () => NOW }
const slipText = { connectionId: "c", metadata: { user: "ann" }, events: [{ type: "TEXT", connectionId: "c", data: "hello" }] }

test("slip: a token made elsewhere", async () => {
  // By PyJWT.
  const claims = "eyJpc3MiOiJzbGlwLXNvY2tldHMiLCJhdWQiOiJXZWJTb2NrZXRFdmVudCIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAwMDYwfQ"
  const made = `eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.${claims}.NWK9BE78AXvCl-5C47Ox3rjzO9eJJYx3PwsnhirVHNs`
  assert.ok((await parseSlip(slipRequest(slipText, `Bearer ${made}`), slip)).verified)
  assert.ok((await parseSlip(slipRequest(slipText, `Bearer ${token()}`), slip)).verified)
  assert.ok((await parseSlip(slipRequest(slipText, `bearer   ${token()} `), slip)).verified)
})

const badTokens = {
  "no header": null, "another scheme": "Basic eDp5", "no token": "Bearer ", "one part": "Bearer x", "three parts of nothing": "Bearer ..", "no JSON": "Bearer YQ.YQ.YQ",
  "a list": `Bearer ${Buffer.from("[]").toString("base64url")}.e30.YQ`, "another secret": `Bearer ${token({}, { secret: "other" })}`,
  "alg none": `Bearer ${token({}, { head: { alg: "none" } })}`, "alg none without signature": `Bearer ${token({}, { head: { alg: "none" } }).replace(/[^.]*$/, "")}`,
  "alg HS512": `Bearer ${token({}, { head: { alg: "HS512" }, hash: "sha512" })}`, "alg in lower case": `Bearer ${token({}, { head: { alg: "hs256" } })}`,
  crit: `Bearer ${token({}, { head: { alg: "HS256", crit: ["b64"] } })}`, "another issuer": `Bearer ${token({ iss: "x" })}`, "no issuer": `Bearer ${token({ iss: undefined })}`,
  "the other audience": `Bearer ${token({ aud: "ControlEvent" })}`, "no audience": `Bearer ${token({ aud: undefined })}`, expired: `Bearer ${token({ exp: NOW })}`,
  "no end": `Bearer ${token({ exp: undefined })}`, "an end of text": `Bearer ${token({ exp: String(NOW + 60) })}`, "not yet": `Bearer ${token({ nbf: NOW + 1 })}`,
  "a changed claim": `Bearer ${token().split(".").map((part, index) => (index === 1 ? token({ exp: NOW + 9999 }).split(".")[1] : part)).join(".")}`,
}
for (const [name, authorization] of Object.entries(badTokens)) {
  test(`slip, not verified: ${name}`, async () => {
    await assert.rejects(parseSlip(slipRequest(slipText, authorization), slip), (error) => error instanceof SignatureError && error.status === 401)
  })
}

test("slip: several audiences, several secrets, and tolerance", async () => {
  assert.ok((await parseSlip(slipRequest(slipText, `Bearer ${token({ aud: ["x", "WebSocketEvent"] })}`), slip)).verified)
  assert.ok((await parseSlip(slipRequest(slipText), { ...slip, secret: ["other", JWT_SECRET] })).verified)
  assert.ok((await parseSlip(slipRequest(slipText, `Bearer ${token({ exp: NOW - 9 })}`), { ...slip, tolerance: 10 })).verified)
})

test("slip: events have the same names as in the json dialect", async () => {
  const metadata = { headers: { "X-Client": "c", "Sec-WebSocket-Protocol": "a, b" }, ip: "::1" }
  const sent = [{ type: "OPEN", connectionId: "c" }, { type: "TEXT", connectionId: "c", data: "t" }, { type: "BINARY", connectionId: "c", data: "AP8=" }, { type: "CLOSE", connectionId: "c", code: 4000, reason: "r" }, { type: "PING", data: "AA==" }]
  const { connection, events, id } = await parseSlip(slipRequest({ connectionId: "c", metadata, events: sent }), slip)
  assert.deepEqual([connection, id], [{ id: "c", metadata }, null])
  assert.deepEqual(events.map((event) => event.type), ["open", "message", "message", "close", "ping"])
  assert.deepEqual([events[0].headers, events[0].protocols], [{ "x-client": ["c"], "sec-websocket-protocol": ["a, b"] }, ["a", "b"]])
  assert.deepEqual([events[1].text, events[2].binary, events[3].code, events[3].reason], ["t", new Uint8Array([0, 255]), 4000, "r"])
  assert.deepEqual(events[4].binary, new Uint8Array([0]))
})

for (const value of ["x", [], {}, { connectionId: 1, events: [] }, { connectionId: "c" }, { connectionId: "c", events: [{ type: "TEXT" }] }, { connectionId: "c", events: [{ type: "BINARY", data: "%" }] }, { connectionId: "c", events: [{ type: "BINARY" }] }]) {
  test(`slip, not understood: ${JSON.stringify(value)}`, async () => assert.rejects(parseSlip(slipRequest(value), slip), PayloadError))
}
