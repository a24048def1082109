// SPDX-License-Identifier: Apache-2.0
// Signatures and tokens as the gateway makes them, by Node's own cryptography rather than the library's.

import { createHmac } from "node:crypto"

export const NOW = 1_700_000_000
export const secretOf = (text) => `whsec_${Buffer.from(text).toString("base64")}`
export const SECRET = secretOf("a secret of 24 bytes and more")
export const OTHER = secretOf("another secret, of 24 bytes and more")
export const JWT_SECRET = "a secret for the tests, of 32 bytes"

export const webhook = (events, more = {}) => ({ connection: { id: "n1.0.x", state: {}, channels: [], path: "/", query: "", ...more }, events })
export const OPEN = { seq: 1, type: "open", headers: { "x-client": ["c"] }, protocols: ["a", "b"] }
export const TEXT = { seq: 2, type: "message", text: "hello" }

/** A request with a signature; `change` gets the headers. */
export function signed(value, { secret = SECRET, at = NOW, id = "w.1", change = () => {} } = {}) {
  const body = typeof value === "string" ? value : JSON.stringify(value)
  const mac = createHmac("sha256", Buffer.from(secret.slice(6), "base64")).update(`${id}.${at}.${body}`).digest("base64")
  const headers = { "webhook-id": id, "webhook-timestamp": String(at), "webhook-signature": `v1,${mac}` }
  change(headers)
  return new Request("https://app.example/hook", { method: "POST", headers, body })
}

const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url")

export function token(claims = {}, { secret = JWT_SECRET, head = { alg: "HS256", typ: "JWT" }, hash = "sha256" } = {}) {
  const text = `${part(head)}.${part({ iss: "slip-sockets", aud: "WebSocketEvent", iat: NOW, exp: NOW + 60, ...claims })}`
  return `${text}.${createHmac(hash, secret).update(text).digest("base64url")}`
}

export function slipRequest(value, authorization = `Bearer ${token()}`) {
  const headers = authorization === null ? {} : { authorization }
  return new Request("https://app.example/hook", { method: "POST", headers, body: typeof value === "string" ? value : JSON.stringify(value) })
}

/** `text` read by the options of json tests: with the clock stopped. */
export const options = (more = {}) => ({ secret: SECRET, now: () => NOW, ...more })
