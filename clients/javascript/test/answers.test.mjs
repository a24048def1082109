// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict"
import { test } from "node:test"
import { Actions, AnswerError, json, parse, parseSlip, SlipActions } from "../holdfast.js"
import { OPEN, options, signed, slipRequest, TEXT, webhook } from "./sign.mjs"

const answerTo = async (...events) => (await parse(signed(webhook(events, { state: { user: "ann" }, channels: ["a"] })), options())).answer()
const slipAnswerTo = async (...events) => (await parseSlip(slipRequest({ connectionId: "c", metadata: { a: 1 }, events }), { verify: false })).answer()
const said = (answer) => JSON.parse(JSON.stringify(answer))

test("all actions, in order", async () => {
  const answer = await answerTo(OPEN)
  assert.equal(answer.accept({ protocol: "a", headers: { "set-cookie": ["a=1", "b=2"] } }), answer)
  answer.send("t").send(new Uint8Array([0, 255]), { to: "x" }).send(json({ a: [null] })).close().close({ code: 4000, reason: "r", to: "x" })
    .subscribe("c").unsubscribe("c", { to: "x" }).publish("c", "t").publish("c", new Uint8Array().buffer, { except: ["x"], id: "i" })
    .closeChannel("c", { code: 4001 }).setState({ a: "1", b: null }).dial("wss://x.example/", { protocols: ["p"], headers: { a: "b" }, state: { c: "d" }, reconnect: true })
  assert.deepEqual(said(answer).actions, [
    { type: "accept", protocol: "a", headers: { "set-cookie": ["a=1", "b=2"] } }, { type: "send", text: "t" }, { type: "send", base64: "AP8=", to: "x" },
    { type: "send", text: '{"a":[null]}' }, { type: "close" }, { type: "close", code: 4000, reason: "r", to: "x" }, { type: "subscribe", channel: "c" },
    { type: "unsubscribe", channel: "c", to: "x" }, { type: "publish", channel: "c", text: "t" }, { type: "publish", channel: "c", base64: "", except: ["x"], id: "i" },
    { type: "closeChannel", channel: "c", code: 4001 }, { type: "setState", state: { a: "1", b: null } },
    { type: "dial", url: "wss://x.example/", protocols: ["p"], headers: { a: "b" }, state: { c: "d" }, reconnect: true },
  ])
})

test("nothing to do is an empty list", async () => assert.deepEqual(said(await answerTo(TEXT)), { actions: [] }))

test("a response", async () => {
  const response = (await answerTo(OPEN)).reject({ status: 418, headers: { a: "b" }, body: "no" }).toResponse()
  assert.deepEqual([response.status, response.headers.get("content-type")], [200, "application/json"])
  assert.deepEqual(await response.json(), { actions: [{ type: "reject", status: 418, headers: { a: "b" }, body: "no" }] })
})

test("the connection follows the answer, but only its own", async () => {
  const answer = await answerTo(TEXT)
  const { connection } = answer.webhook
  answer.setState({ user: null, n: "1" }).setState({ n: "2" }, { to: "x" }).setState({ m: "3" }, { to: "n1.0.x" })
  answer.subscribe("b").subscribe("b").subscribe("x", { to: "x" }).unsubscribe("a")
  assert.deepEqual([connection.state, connection.channels], [{ n: "1", m: "3" }, ["b"]])
})

test("what was said does not change with the value it was made of", async () => {
  const answer = await answerTo(TEXT)
  const state = { a: "1" }
  answer.send(json(answer.webhook.connection.state)).setState(state)
  state.a = "2"
  assert.deepEqual(said(answer).actions, [{ type: "send", text: '{"user":"ann"}' }, { type: "setState", state: { a: "1" } }])
})

const mistakes = {
  "accept without an open": [TEXT, (a) => a.accept()], "reject without an open": [TEXT, (a) => a.reject()], "accept twice": [OPEN, (a) => a.accept().accept()],
  "accept and reject": [OPEN, (a) => a.accept().reject()], "reject and accept": [OPEN, (a) => a.reject().accept()], "a status of 200": [OPEN, (a) => a.reject({ status: 200 })],
  "a status of 600": [OPEN, (a) => a.reject({ status: 600 })], "a number as message": [TEXT, (a) => a.send(1)], "an object as message": [TEXT, (a) => a.send({})],
  "no message": [TEXT, (a) => a.send()], "null as message": [TEXT, (a) => a.publish("c", null)], "json of nothing": [TEXT, () => json(undefined)],
  "json of a circle": [TEXT, () => { const circle = {}; circle.circle = circle; json(circle) }], "json of 1n": [TEXT, () => json(1n)],
  "code 1002": [TEXT, (a) => a.close({ code: 1002 })], "code 1005": [TEXT, (a) => a.close({ code: 1005 })], "code 5000": [TEXT, (a) => a.close({ code: 5000 })],
  "code of text": [TEXT, (a) => a.close({ code: "1000" })], "code 1000.5": [TEXT, (a) => a.close({ code: 1000.5 })], "124 bytes of reason": [TEXT, (a) => a.close({ reason: "ü".repeat(62) })],
  "reason of a number": [TEXT, (a) => a.closeChannel("c", { reason: 1 })], "no channel": [TEXT, (a) => a.subscribe()], "an empty channel": [TEXT, (a) => a.subscribe("")],
  "a channel of 257 bytes": [TEXT, (a) => a.publish("x".repeat(257), "t")], "a line break in a channel": [TEXT, (a) => a.unsubscribe("a\nb")], "state of numbers": [TEXT, (a) => a.setState({ a: 1 })],
  "state of a list": [TEXT, (a) => a.setState([])], "no state": [TEXT, (a) => a.setState()], "an option that does not exist": [TEXT, (a) => a.publish("c", "t", { exept: [] })],
  "an empty to": [TEXT, (a) => a.send("t", { to: "" })], "an empty id": [TEXT, (a) => a.publish("c", "t", { id: "" })], "a number as except": [TEXT, (a) => a.publish("c", "t", { except: [1] })],
  "dialling http": [TEXT, (a) => a.dial("http://x")], "actions without to": [TEXT, () => new Actions().send("t")], "closing nobody": [TEXT, () => new Actions().close()],
}
for (const [name, [event, make]] of Object.entries(mistakes)) {
  test(`refused where it is made: ${name}`, async () => {
    const answer = await answerTo(event)
    assert.throws(() => make(answer), AnswerError)
  })
}

test("the limits themselves are allowed", async () => {
  const answer = await answerTo(TEXT)
  for (const code of [1000, 1001, 1003, 1007, 1014, 3000, 4999]) answer.close({ code })
  answer.close({ reason: "x".repeat(123) }).subscribe("ü".repeat(128))
})

// Slip

test("slip: all actions", async () => {
  const answer = await slipAnswerTo({ type: "TEXT", connectionId: "c", data: "t" })
  answer.send("t").sendText("u", { to: "x" }).sendBinary(new Uint8Array([0, 255])).send(json([1])).close().close({ code: 4000, reason: "r", to: "x" }).subscribe("s").unsubscribe("s")
    .setMetadata({ deep: [1] }).setMetadata(null, { to: "x" }).publish("s", "t").publish("s", new Uint8Array([0])).closeChannel("s")
  const connectionId = "c"
  assert.deepEqual(said(answer).events, [
    { type: "TEXT", connectionId, data: "t" }, { type: "TEXT", connectionId: "x", data: "u" }, { type: "BINARY", connectionId, data: "AP8=" }, { type: "TEXT", connectionId, data: "[1]" },
    { type: "CLOSE", connectionId }, { type: "CLOSE", connectionId: "x", code: 4000, reason: "r" }, { type: "SUBSCRIBE", connectionId, channel: "s" }, { type: "UNSUBSCRIBE", connectionId, channel: "s" },
    { type: "SET_METADATA", connectionId, metadata: { deep: [1] } }, { type: "SET_METADATA", connectionId: "x", metadata: null }, { type: "PUBLISH_TEXT", channelId: "s", data: "t" },
    { type: "PUBLISH_BINARY", channelId: "s", data: "AA==" }, { type: "CLOSE_CHANNEL", channelId: "s" },
  ])
  assert.deepEqual(answer.webhook.connection.metadata, { deep: [1] })
})

test("slip: an open is accepted first of all, unless it is closed", async () => {
  const open = { type: "OPEN", connectionId: "c" }, accept = { type: "ACCEPT", connectionId: "c" }
  assert.deepEqual(said(await slipAnswerTo(open)), { events: [accept] })
  assert.deepEqual(said((await slipAnswerTo(open)).setMetadata({}).accept().send("t")).events.map(({ type }) => type), ["ACCEPT", "SET_METADATA", "TEXT"])
  assert.deepEqual(said((await slipAnswerTo(open)).close()), { events: [{ type: "CLOSE", connectionId: "c" }] })
  assert.deepEqual(said((await slipAnswerTo(open)).accept({ protocol: "p" })), { events: [{ ...accept, subprotocol: "p" }] })
  assert.deepEqual(said((await slipAnswerTo(open)).close({ status: 404, reason: "r" })), { events: [{ type: "CLOSE", connectionId: "c", reason: "r", status: 404 }] })
  assert.deepEqual(said((await slipAnswerTo(open)).accept().close()).events.map(({ type }) => type), ["ACCEPT", "CLOSE"])
  assert.deepEqual(said((await slipAnswerTo(open)).close({ to: "x" })).events.map(({ type }) => type), ["ACCEPT", "CLOSE"])
})

test("slip: refused where it is made", async () => {
  const answer = await slipAnswerTo({ type: "TEXT", connectionId: "c", data: "t" })
  const wrong = [() => answer.accept(), () => answer.sendText(new Uint8Array()), () => answer.sendBinary("t"), () => answer.send(1), () => answer.setMetadata("x"), () => answer.setMetadata(undefined),
    () => answer.setMetadata([]), () => answer.close({ code: 1 }), () => answer.publish("", "t"), () => new SlipActions().send("t"), () => answer.publish("c", "t", { id: "x" })]
  for (const make of wrong) assert.throws(make, AnswerError)
  const open = await slipAnswerTo({ type: "OPEN", connectionId: "c" })
  assert.throws(() => open.accept().accept(), AnswerError)
  assert.throws(() => open.close({ status: 200 }), AnswerError)
  assert.throws(() => open.close({ status: 404, to: "x" }), AnswerError)
  assert.throws(() => answer.close({ status: 404 }), AnswerError)
  assert.throws(() => open.close({ status: 404 }).toJSON(), AnswerError)
})
