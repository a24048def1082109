// SPDX-License-Identifier: Apache-2.0
// The app that Tests/EndToEnd/test_clients.py plays with: every function of the library, asked for over the WebSocket.

import { createServer } from "node:http"
import { Actions, Control, ControlError, handler, json, nodeListener, SlipControl, slipHandler } from "../holdfast.js"

const { PORT, DIALECT = "json", SECRETS = "", CONTROL, CONTROL_TOKEN, CONTROL_SECRET } = process.env
const slip = DIALECT === "slip"
const secrets = SECRETS.split(" ").filter(Boolean)
const options = secrets.length ? { secret: secrets } : { verify: false }

const control = (wrong) => slip
  ? new SlipControl({ url: CONTROL, secret: wrong ? "wrong" : CONTROL_SECRET })
  : new Control({ url: CONTROL, token: wrong ? "wrong" : CONTROL_TOKEN || undefined })

const bytes = (base64) => Uint8Array.from(Buffer.from(base64, "base64"))
const message = ({ text, base64, repeat = 1 }) => text?.repeat(repeat) ?? bytes(base64)
const all = async (items) => {
  const found = []
  for await (const item of items) found.push(item)
  return found
}
const ifSaid = (fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

const calls = {
  publish: (api, c) => api.publish(c.channel, message(c), ifSaid({ id: c.id, except: c.except })),
  send: (api, c) => api.send(c.to, c.text),
  close: (api, c) => api.close(c.to, ifSaid({ code: c.code, reason: c.reason })),
  subscribe: (api, c) => api.subscribe(c.to, c.channel),
  unsubscribe: (api, c) => api.unsubscribe(c.to, c.channel),
  setState: (api, c) => api.setState(c.to, c.state),
  setMetadata: (api, c) => api.setMetadata(c.to, c.metadata),
  closeChannel: (api, c) => api.closeChannel(c.channel, ifSaid({ code: c.code, reason: c.reason })),
  connections: async (api, c) => (await all(api.connections(ifSaid({ channel: c.channel })))).map(({ id }) => id),
  connection: async (api, c) => {
    const { id, state, channels } = await api.connection(c.to)
    return { id, state, channels }
  },
  channels: (api) => all(api.channels()),
  channel: (api, c) => api.channel(c.channel),
  subscribers: (api, c) => all(api.subscribers(c.channel)),
  perform: async (api, c) => {
    const list = new Actions()
    for (const each of c.actions) batch[each.do](list, each)
    return (await api.perform(list)).map(({ status, delivered }) => ifSaid({ status, delivered }))
  },
}

const batch = {
  send: (list, c) => list.send(message(c), { to: c.to }),
  publish: (list, c) => list.publish(c.channel, message(c)),
  close: (list, c) => list.close(ifSaid({ to: c.to, code: c.code, reason: c.reason })),
  subscribe: (list, c) => list.subscribe(c.channel, { to: c.to }),
  setState: (list, c) => list.setState(c.state, { to: c.to }),
}

const call = async (c) => {
  try {
    const result = await calls[c.call](control(c.wrongToken), c)
    return { result: slip ? null : result ?? null }
  } catch (error) {
    if (!(error instanceof ControlError)) throw error
    return { error: error.code, status: error.status, detail: error.detail }
  }
}

const commands = {
  who: (c, { id, state, metadata, channels, path, query, protocol }, answer) => {
    const events = answer.webhook.events.length
    answer.send(json(slip ? { id, state: metadata, batch: events } : { id, state, channels, path, query, protocol: protocol ?? null, batch: events }))
  },
  echo: (c, _, answer) => answer.send(json({ echo: c.value })),
  state: (c, connection, answer) => slip
    ? answer.setMetadata(c.state).send(json({ state: connection.metadata }))
    : answer.setState(c.state).send(json({ state: connection.state })),
  subscribe: (c, connection, answer) => answer.subscribe(c.channel).send(json(slip ? { done: true } : { channels: connection.channels })),
  unsubscribe: (c, connection, answer) => answer.unsubscribe(c.channel).send(json(slip ? { done: true } : { channels: connection.channels })),
  publish: (c, { id }, answer) => answer.publish(c.channel, c.text, c.others ? { except: [id] } : {}),
  publishBinary: (c, _, answer) => answer.publish(c.channel, bytes(c.base64)),
  tell: (c, _, answer) => answer.send(c.text, { to: c.to }),
  close: (c, _, answer) => answer.close(ifSaid({ code: c.code, reason: c.reason, to: c.to })),
  closeChannel: (c, _, answer) => answer.closeChannel(c.channel, ifSaid({ code: c.code, reason: c.reason })),
  wait: (c) => new Promise((go) => setTimeout(go, c.ms)),
  throw: () => { throw new Error("as asked for") },
  control: async (c, _, answer) => answer.send(json(await call(c))),
}

const open = (event, connection, answer) => {
  const { verified } = answer.webhook
  const client = event.headers["x-client"]?.[0] ?? null
  if (slip) {
    if (event.headers["x-reject"]) return answer.close({ status: Number(event.headers["x-reject"][0]), reason: "no: ü" })
    return answer.accept({ protocol: event.protocols.at(-1) }).setMetadata({ user: "slip" }).send(json({ welcome: connection.id, user: "slip", client, verified }))
  }
  const query = new URLSearchParams(connection.query)
  if (query.has("reject")) {
    return answer.reject({ status: Number(query.get("reject")), headers: { "content-type": "text/plain", "x-reason": "conformance" }, body: "no: ü" })
  }
  return answer.accept({ protocol: query.get("protocol") ?? undefined, headers: { "x-conformance": "yes" } })
    .setState({ user: query.get("user") ?? "nobody" })
    .send(json({ welcome: connection.id, user: connection.state.user, client, protocols: event.protocols, verified }))
}

const hook = (slip ? slipHandler : handler)(options, (event, connection, answer) => {
  if (event.type === "open") return open(event, connection, answer)
  if (event.type === "close") {
    const ended = slip ? { ended: connection.id, code: event.code, reason: event.reason } : { ended: connection.id, code: event.code, reason: event.reason, clean: event.clean }
    return answer.publish("ends", json(ended))
  }
  if (event.binary) return answer.send(event.binary)
  if (!event.text.startsWith("{")) return answer.send(event.text)
  const command = JSON.parse(event.text)
  return commands[command.do](command, connection, answer)
})

createServer(nodeListener(hook)).listen(Number(PORT), "127.0.0.1")
