// SPDX-License-Identifier: Apache-2.0
// The app's side of Holdfast, the gateway that holds WebSockets for stateless apps. Types and descriptions: holdfast.d.ts.
// Needs nothing but what browsers and servers share (fetch, Request, Response, Web Crypto): Node 18, Deno, Bun, Lambda, edge functions.

const MAX_BODY_BYTES = 16 * 1024 * 1024
const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { fatal: true })

// ---------------------------------------------------------------- errors

/** All errors of this module. `code` is a word for programs. */
export class HoldfastError extends Error {
  constructor(message, code, options) {
    super(message, options)
    this.name = new.target.name
    this.code = code
  }
}

/** An option that cannot be meant: thrown where a handler, parser or control client is made. */
export class ConfigurationError extends HoldfastError {
  constructor(message) { super(message, "configuration") }
}

/** A request that is no webhook of the gateway. `status` is what to answer. */
export class WebhookError extends HoldfastError {
  constructor(status, message, code, options) {
    super(message, code, options)
    this.status = status
  }
}

/** The signature or token is missing, wrong or too old. */
export class SignatureError extends WebhookError {
  constructor(message) { super(401, message, "signature") }
}

/** It comes from the gateway (or nobody checked), and is not understood. */
export class PayloadError extends WebhookError {
  constructor(message, options) { super(400, message, "payload", options) }
}

/** An action that the gateway would refuse: thrown where it is made. */
export class AnswerError extends HoldfastError {
  constructor(message) { super(message, "answer") }
}

/** A call of the control API that failed. `status` is 0 where there was no answer. */
export class ControlError extends HoldfastError {
  constructor(status, detail, { title = "", code = "unexpected", cause } = {}) {
    super(detail || title || `the control API answered ${status}`, code, cause === undefined ? undefined : { cause })
    this.status = status
    this.title = title
    this.detail = detail
  }
}
export class BadRequestError extends ControlError {}
export class UnauthorizedError extends ControlError {}
export class ForbiddenError extends ControlError {}
export class NotFoundError extends ControlError {}
export class LimitError extends ControlError {}
export class TooLargeError extends ControlError {}
export class QueueFullError extends ControlError {}
export class UnavailableError extends ControlError {}
export class ControlTimeoutError extends ControlError {}
export class UnreachableError extends ControlError {}
export class UnexpectedAnswerError extends ControlError {}

const CONTROL_ERRORS = {
  badRequest: BadRequestError, unauthorized: UnauthorizedError, forbidden: ForbiddenError, notFound: NotFoundError, limit: LimitError,
  tooLarge: TooLargeError, full: QueueFullError, unavailable: UnavailableError, timeout: ControlTimeoutError, unreachable: UnreachableError,
  unexpected: UnexpectedAnswerError,
}
const STATUS_CODES = {
  400: "badRequest", 401: "unauthorized", 403: "forbidden", 404: "notFound", 409: "limit", 413: "tooLarge", 415: "badRequest", 429: "full",
}
const RESULTS = { __proto__: null, notFound: ["notFound", 404], refused: ["limit", 409], full: ["full", 429], unreachable: ["unavailable", 503] }

function controlError(code, status, detail, more = {}) {
  return new CONTROL_ERRORS[code](status, detail, { ...more, code })
}

// ---------------------------------------------------------------- bytes

function bytesOf(value) {
  if (value instanceof Uint8Array) return value
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  return null
}

function joined(pieces, length) {
  const all = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}

function toBase64(bytes) {
  let text = ""
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode.apply(null, bytes.subarray(at, at + 0x8000))
  return btoa(text)
}

/** The bytes, or null where the text is not base64. */
function fromBase64(text) {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null
  let binary
  try { binary = atob(text) } catch { return null }
  const bytes = new Uint8Array(binary.length)
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at)
  return bytes
}

const toBase64URL = (bytes) => toBase64(bytes).replace(/=+$/, "").replaceAll("+", "-").replaceAll("/", "_")
const fromBase64URL = (text) => (/^[A-Za-z0-9_-]*$/.test(text) ? fromBase64(text.replaceAll("-", "+").replaceAll("_", "/")) : null)

async function hmacKey(bytes) {
  return crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"])
}

/** Does it at the first call: some platforms allow nothing asynchronous while a module is loaded. */
function once(make) {
  let made
  return () => (made ??= make())
}

/** A body as bytes, from whatever an HTTP library calls a body; null when it is longer than `limit`. */
async function readBody(body, limit) {
  if (body === null || body === undefined) return new Uint8Array()
  if (typeof body === "string") body = encoder.encode(body)
  const whole = bytesOf(body)
  if (whole) return whole.length > limit ? null : whole
  const pieces = []
  let length = 0
  for await (const piece of pieceByPiece(body)) {
    length += piece.length
    if (length > limit) return null
    pieces.push(piece)
  }
  return joined(pieces, length)
}

async function* pieceByPiece(stream) {
  // Not every ReadableStream can be iterated.
  const reader = stream.getReader()
  let done = false
  try {
    for (;;) {
      const piece = await reader.read()
      if (piece.done) { done = true; return }
      yield piece.value
    }
  } finally {
    if (!done) await reader.cancel().catch(() => {})
  }
}

// ---------------------------------------------------------------- options

function checkKeys(given, known, what, Problem) {
  if (given === null || typeof given !== "object") throw new Problem(`${what}: expected an object of options`)
  for (const key of Object.keys(given)) {
    if (!known.includes(key)) throw new Problem(`${what}: there is no option "${key}"; there are ${known.join(", ")}`)
  }
}

const WEBHOOK_OPTIONS = ["secret", "verify", "tolerance", "maxBodyBytes", "now", "onError"]

/** `secret` or `verify: false`, never both and never neither: nobody shall be unverified by a variable that was not set. */
function secretsOf({ secret, verify }, readKey) {
  if (verify !== undefined && verify !== false) {
    throw new ConfigurationError("verify: the only value is false; with a secret, webhooks are always verified")
  }
  if (verify === false) {
    if (secret !== undefined) throw new ConfigurationError("either a secret, or verify: false; not both")
    return null
  }
  const secrets = Array.isArray(secret) ? secret : [secret]
  if (secret === undefined || secret === null || secrets.length === 0) {
    throw new ConfigurationError("secret: missing. Give the gateway's secret, or say verify: false to believe anybody")
  }
  return secrets.map(readKey)
}

function number(value, name, least) {
  if (typeof value !== "number" || !Number.isFinite(value) || value < least) throw new ConfigurationError(`${name}: expected a number from ${least}`)
  return value
}

function standardKey(secret) {
  const bytes = typeof secret === "string" && secret.startsWith("whsec_") ? fromBase64(secret.slice("whsec_".length).trim()) : null
  if (!bytes || bytes.length < 24 || bytes.length > 64) throw new ConfigurationError("secret: expected whsec_ and 24 to 64 bytes in base64")
  return bytes
}

function tokenKey(secret) {
  if (typeof secret !== "string" || secret === "") throw new ConfigurationError("secret: expected the text that tokens are signed with")
  return encoder.encode(secret)
}

// ---------------------------------------------------------------- who is it?

/** Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`. */
class StandardSignature {
  #keys
  constructor(keys, options) {
    this.tolerance = number(options.tolerance ?? 300, "tolerance", 0)
    this.now = options.now ?? (() => Date.now() / 1000)
    this.#keys = once(() => Promise.all(keys.map(hmacKey)))
  }

  async check(header, body) {
    const id = header("webhook-id"), stamp = header("webhook-timestamp"), signatures = header("webhook-signature")
    if (!id || !stamp || !signatures) throw new SignatureError("webhook not verified: it is not signed")
    if (!/^\d{1,12}$/.test(stamp)) throw new SignatureError("webhook not verified: webhook-timestamp is not a number of seconds")
    const age = this.now() - Number(stamp)
    if (Math.abs(age) > this.tolerance) {
      const when = `${Math.abs(Math.round(age))} s ${age > 0 ? "ago" : "from now"}`
      throw new SignatureError(`webhook not verified: it was signed ${when}, at most ${this.tolerance} s are accepted`)
    }
    const head = encoder.encode(`${id}.${stamp}.`)
    const signed = joined([head, body], head.length + body.length)
    const given = signatures.split(" ").filter((text) => text.startsWith("v1,")).map((text) => fromBase64(text.slice(3)))
    for (const key of await this.#keys()) {
      for (const signature of given) {
        // Web Crypto compares in constant time.
        if (signature?.length === 32 && await crypto.subtle.verify("HMAC", key, signature, signed)) return { id, timestamp: Number(stamp) }
      }
    }
    throw new SignatureError("webhook not verified: the signature was made with another secret, or the body was changed")
  }
}

/** JSON Web Tokens of the slip convention: HS256, one minute of life. They do not cover the body. */
class TokenSignature {
  #keys
  constructor(keys, options) {
    this.tolerance = number(options.tolerance ?? 0, "tolerance", 0)
    this.now = options.now ?? (() => Date.now() / 1000)
    this.#keys = once(() => Promise.all(keys.map(hmacKey)))
  }

  async check(header) {
    const token = /^Bearer +([^ ]+) *$/i.exec(header("authorization") ?? "")?.[1]
    if (!token) throw new SignatureError("webhook not verified: it has no token")
    const parts = token.split(".")
    const [head, claims] = parts.length === 3 ? parts.slice(0, 2).map(readTokenPart) : []
    const signature = parts.length === 3 ? fromBase64URL(parts[2]) : null
    if (!head || !claims || !signature) throw new SignatureError("webhook not verified: its token is no JSON Web Token")
    if (head.alg !== "HS256" || "crit" in head) throw new SignatureError("webhook not verified: its token is not signed by HS256")
    const signed = encoder.encode(`${parts[0]}.${parts[1]}`)
    let genuine = false
    for (const key of await this.#keys()) genuine ||= signature.length === 32 && await crypto.subtle.verify("HMAC", key, signature, signed)
    if (!genuine) throw new SignatureError("webhook not verified: its token was signed with another secret")
    if (claims.iss !== "slip-sockets") throw new SignatureError("webhook not verified: its token is of another issuer")
    if (![claims.aud].flat().includes("WebSocketEvent")) throw new SignatureError("webhook not verified: its token is for another audience")
    const now = this.now()
    if (typeof claims.exp !== "number" || claims.exp + this.tolerance <= now) throw new SignatureError("webhook not verified: its token has expired")
    const begun = claims.nbf === undefined || (typeof claims.nbf === "number" && claims.nbf - this.tolerance <= now)
    if (!begun) throw new SignatureError("webhook not verified: its token is not valid yet")
    return { id: null, timestamp: null }
  }
}

function readTokenPart(text) {
  const bytes = fromBase64URL(text)
  try {
    const value = bytes && JSON.parse(decoder.decode(bytes))
    return value && typeof value === "object" && !Array.isArray(value) ? value : null
  } catch { return null }
}

// ---------------------------------------------------------------- what happened

class Reader {
  constructor(dialect, options) {
    checkKeys(options, WEBHOOK_OPTIONS, dialect.name, ConfigurationError)
    const keys = secretsOf(options, dialect.key)
    this.dialect = dialect
    this.signature = keys && new dialect.Signature(keys, options)
    this.maxBodyBytes = number(options.maxBodyBytes ?? MAX_BODY_BYTES, "maxBodyBytes", 1)
  }

  async read(request) {
    const headers = request.headers
    if (!headers || typeof headers !== "object") throw new TypeError("expected a Request, or an object of headers and body")
    if (request.bodyUsed) throw new TypeError("the request's body was read before: give { headers, body } with the bytes as they came")
    const header = typeof headers.get === "function" ? (name) => headers.get(name) : plainHeaders(headers)
    const body = await readBody(request.body, this.maxBodyBytes)
    if (!body) throw new WebhookError(413, `the webhook is larger than ${this.maxBodyBytes} bytes`, "tooLarge")
    const { id, timestamp } = this.signature ? await this.signature.check(header, body) : { id: header("webhook-id") ?? null, timestamp: null }
    let json
    try { json = JSON.parse(decoder.decode(body)) } catch (cause) { throw new PayloadError("the webhook is not JSON", { cause }) }
    return new Webhook(this.dialect, { id, timestamp, verified: this.signature !== null, ...this.dialect.read(json) })
  }
}

function plainHeaders(headers) {
  const lower = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  return (name) => {
    const value = lower.get(name)
    return Array.isArray(value) ? value.join(", ") : value
  }
}

/** One webhook: what happened on one connection. */
export class Webhook {
  #dialect
  constructor(dialect, { id, timestamp, verified, connection, events }) {
    this.#dialect = dialect
    this.id = id
    this.timestamp = timestamp
    this.verified = verified
    this.connection = connection
    this.events = events
  }

  /** A new answer to it. */
  answer() { return new this.#dialect.Answer(this) }
}

function object(value, what) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw new PayloadError(`${what}: expected an object`)
  return value
}

function text(value, what) {
  if (typeof value !== "string") throw new PayloadError(`${what}: expected a string`)
  return value
}

function binary(value, what) {
  const bytes = fromBase64(text(value, what))
  if (!bytes) throw new PayloadError(`${what}: expected base64`)
  return bytes
}

function list(value, what) {
  if (!Array.isArray(value)) throw new PayloadError(`${what}: expected a list`)
  return value
}

function readJSON(json) {
  const connection = object(object(json, "webhook").connection, "connection")
  text(connection.id, "connection.id")
  const events = list(json.events, "events").map((given, index) => {
    const at = `events[${index}]`
    const { type, base64, ...rest } = object(given, at)
    const event = { ...rest, type: text(type, `${at}.type`), raw: given }
    if (base64 !== undefined) event.binary = binary(base64, `${at}.base64`)
    if (type === "message" && typeof event.text !== "string" && !event.binary) throw new PayloadError(`${at}: expected text or base64`)
    if (type === "open") {
      event.headers = object(event.headers ?? {}, `${at}.headers`)
      event.protocols = list(event.protocols ?? [], `${at}.protocols`)
    }
    return event
  })
  return {
    connection: {
      ...connection,
      state: { ...object(connection.state ?? {}, "connection.state") },
      channels: [...list(connection.channels ?? [], "connection.channels")],
    },
    events,
  }
}

const SLIP_EVENTS = { __proto__: null, OPEN: "open", TEXT: "message", BINARY: "message", CLOSE: "close", PING: "ping", PONG: "pong" }

function readSlip(json) {
  const id = text(object(json, "webhook").connectionId, "connectionId")
  const metadata = json.metadata ?? null
  const events = list(json.events, "events").map((given, index) => {
    const at = `events[${index}]`
    const { type, data, ...rest } = object(given, at)
    delete rest.connectionId
    const event = { ...rest, type: SLIP_EVENTS[text(type, `${at}.type`)] ?? type, raw: given }
    if (type === "TEXT") event.text = text(data, `${at}.data`)
    else if (data !== undefined && event.type !== type) event.binary = binary(data, `${at}.data`)
    if (type === "BINARY" && !event.binary) throw new PayloadError(`${at}.data: expected base64`)
    if (type === "OPEN") {
      // The convention has them in the first metadata; each header is a text or a list of texts.
      const headers = object(event.headers ?? metadata?.headers ?? {}, `${at}.headers`)
      event.headers = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), [value].flat()]))
      const offered = (event.headers["sec-websocket-protocol"] ?? []).flatMap((value) => String(value).split(",")).map((name) => name.trim())
      event.protocols = list(event.subprotocols ?? offered, `${at}.subprotocols`)
    }
    return event
  })
  return { connection: { id, metadata }, events }
}

// ---------------------------------------------------------------- what to do

/** A message that is sent as JSON text: that of the value as it was when this was made. */
export class JSONMessage {
  constructor(value) {
    try { this.text = JSON.stringify(value) } catch (error) { throw new AnswerError(`json: ${error.message}`) }
    if (this.text === undefined) throw new AnswerError("json: expected what JSON can say")
  }
}

/** The message that is `value` in JSON: `answer.send(json({ hello: "you" }))`. */
export const json = (value) => new JSONMessage(value)

function checkedChannel(name) {
  if (typeof name !== "string" || name === "" || /[\x00-\x1f\x7f]/.test(name) || encoder.encode(name).length > 256) {
    throw new AnswerError("channel: expected 1 to 256 bytes of text without control characters")
  }
  return name
}

function checkedID(id, name = "to") {
  if (typeof id !== "string" || id === "") throw new AnswerError(`${name}: expected the id of a connection`)
  return id
}

const isCloseCode = (code) =>
  Number.isInteger(code) && ([1000, 1001, 1003].includes(code) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999))

function checkedEnd({ code, reason }) {
  if (code !== undefined && !isCloseCode(code)) {
    throw new AnswerError(`code: expected 1000, 1001, 1003, 1007 to 1014 or 3000 to 4999, found ${code}`)
  }
  if (reason !== undefined && (typeof reason !== "string" || encoder.encode(reason).length > 123)) {
    throw new AnswerError("reason: expected a text of at most 123 bytes")
  }
  return { ...(code !== undefined && { code }), ...(reason !== undefined && { reason }) }
}

function checkedStatus(status) {
  if (!Number.isInteger(status) || status < 300 || status > 599) throw new AnswerError("status: expected 300 to 599")
}

function checkedState(patch) {
  if (patch === null || typeof patch !== "object" || Array.isArray(patch)) throw new AnswerError("state: expected an object of texts and nulls")
  for (const [key, value] of Object.entries(patch)) {
    if (value !== null && typeof value !== "string") throw new AnswerError(`state.${key}: expected a text, or null to delete it`)
  }
  return { ...patch }
}

const notAMessage = () => new AnswerError("message: expected a text, bytes, or json(…)")

function jsonFields(message) {
  if (typeof message === "string") return { text: message }
  if (message instanceof JSONMessage) return { text: message.text }
  const bytes = bytesOf(message)
  if (!bytes) throw notAMessage()
  return { base64: toBase64(bytes) }
}

/** Drops what was not said. */
const said = (fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

class ActionList {
  #list = []
  constructor(webhook) {
    if (webhook) Object.defineProperty(this, "webhook", { value: webhook })
  }
  get length() { return this.#list.length }
  _add(action) {
    this.#list.push(said(action))
    return this
  }
  _list() { return [...this.#list] }
  _isOwn(to) { return this.webhook !== undefined && (to === undefined || to === this.webhook.connection.id) }
  /** The options of one function, with `to` checked: required where there is no connection that could be meant. */
  _options(given, known, name) {
    checkKeys(given, known, name, AnswerError)
    if (given.to !== undefined || (known.includes("to") && !this.webhook)) checkedID(given.to)
    return given
  }
  /** Changes what the app knows of its own connection, so that the next event of the same webhook sees it. */
  _learn(to, change) { if (this._isOwn(to)) change(this.webhook.connection) }
  _opening(name) {
    if (!this.webhook?.events.some((event) => event.type === "open")) throw new AnswerError(`${name}: only in the answer to an open`)
  }
}

/** What is to be done, in the json dialect: for `Control.perform`. */
export class Actions extends ActionList {
  send(message, options = {}) {
    const { to } = this._options(options, ["to"], "send")
    return this._add({ type: "send", ...jsonFields(message), to })
  }
  close(options = {}) {
    const { to, ...end } = this._options(options, ["code", "reason", "to"], "close")
    return this._add({ type: "close", ...checkedEnd(end), to })
  }
  subscribe(channel, options = {}) {
    const { to } = this._options(options, ["to"], "subscribe")
    this._add({ type: "subscribe", channel: checkedChannel(channel), to })
    this._learn(to, ({ channels }) => { if (!channels.includes(channel)) channels.push(channel) })
    return this
  }
  unsubscribe(channel, options = {}) {
    const { to } = this._options(options, ["to"], "unsubscribe")
    this._add({ type: "unsubscribe", channel: checkedChannel(channel), to })
    this._learn(to, (connection) => { connection.channels = connection.channels.filter((name) => name !== channel) })
    return this
  }
  publish(channel, message, options = {}) {
    const { except, id } = this._options(options, ["except", "id"], "publish")
    if (id !== undefined && (typeof id !== "string" || id === "")) throw new AnswerError("id: expected a text")
    const left = except === undefined ? undefined : [except].flat().map((each) => checkedID(each, "except"))
    return this._add({ type: "publish", channel: checkedChannel(channel), ...jsonFields(message), except: left, id })
  }
  closeChannel(channel, options = {}) {
    const end = checkedEnd(this._options(options, ["code", "reason"], "closeChannel"))
    return this._add({ type: "closeChannel", channel: checkedChannel(channel), ...end })
  }
  setState(state, options = {}) {
    const { to } = this._options(options, ["to"], "setState")
    this._add({ type: "setState", state: checkedState(state), to })
    this._learn(to, (connection) => {
      for (const [key, value] of Object.entries(state)) {
        if (value === null) delete connection.state[key]
        else connection.state[key] = value
      }
    })
    return this
  }
  dial(url, options = {}) {
    const { protocols, headers, state, reconnect, route } = this._options(options, ["protocols", "headers", "state", "reconnect", "route"], "dial")
    if (!/^wss?:\/\//i.test(String(url))) throw new AnswerError("url: expected ws:// or wss://")
    return this._add({ type: "dial", url: String(url), protocols, headers, state: state && checkedState(state), reconnect, route })
  }
  toJSON() { return { actions: this._list() } }
}

/** What is to be done in answer to one webhook. */
export class Answer extends Actions {
  #decided = null
  #decide(name) {
    this._opening(name)
    if (this.#decided) throw new AnswerError(`${name}: the answer has ${this.#decided === "accept" ? "an accept" : "a reject"} already`)
    this.#decided = name
  }
  accept(options = {}) {
    const { protocol, headers } = this._options(options, ["protocol", "headers"], "accept")
    this.#decide("accept")
    return this._add({ type: "accept", protocol, headers })
  }
  reject(options = {}) {
    const { status, headers, body } = this._options(options, ["status", "headers", "body"], "reject")
    if (status !== undefined) checkedStatus(status)
    this.#decide("reject")
    return this._add({ type: "reject", status, headers, body })
  }
  toResponse() { return jsonResponse(this) }
}

function slipFields(message) {
  if (typeof message === "string") return ["TEXT", message]
  if (message instanceof JSONMessage) return ["TEXT", message.text]
  const bytes = bytesOf(message)
  if (!bytes) throw notAMessage()
  return ["BINARY", toBase64(bytes)]
}

/** What is to be done, in the slip dialect: for `SlipControl.perform`. */
export class SlipActions extends ActionList {
  #id(to) { return to ?? this.webhook.connection.id }
  send(message, options = {}) {
    const { to } = this._options(options, ["to"], "send")
    const [type, data] = slipFields(message)
    return this._add({ type, connectionId: this.#id(to), data })
  }
  sendText(message, options = {}) {
    if (typeof message !== "string") throw new AnswerError("sendText: expected a text")
    return this.send(message, options)
  }
  sendBinary(message, options = {}) {
    if (!bytesOf(message)) throw new AnswerError("sendBinary: expected bytes")
    return this.send(message, options)
  }
  close(options = {}) {
    const { to, status, ...end } = this._options(options, ["code", "reason", "to", "status"], "close")
    if (status !== undefined) {
      this._opening("close with a status")
      if (!this._isOwn(to)) throw new AnswerError("status: only for the client that waits at the door")
      checkedStatus(status)
    }
    return this._add({ type: "CLOSE", connectionId: this.#id(to), ...checkedEnd(end), status })
  }
  subscribe(channel, options = {}) {
    const { to } = this._options(options, ["to"], "subscribe")
    return this._add({ type: "SUBSCRIBE", connectionId: this.#id(to), channel: checkedChannel(channel) })
  }
  unsubscribe(channel, options = {}) {
    const { to } = this._options(options, ["to"], "unsubscribe")
    return this._add({ type: "UNSUBSCRIBE", connectionId: this.#id(to), channel: checkedChannel(channel) })
  }
  setMetadata(metadata, options = {}) {
    const { to } = this._options(options, ["to"], "setMetadata")
    if (typeof metadata !== "object" || Array.isArray(metadata)) throw new AnswerError("metadata: expected an object, or null to delete it")
    this._add({ type: "SET_METADATA", connectionId: this.#id(to), metadata })
    this._learn(to, (connection) => { connection.metadata = metadata })
    return this
  }
  publish(channel, message, options = {}) {
    this._options(options, [], "publish")
    const [type, data] = slipFields(message)
    return this._add({ type: `PUBLISH_${type}`, channelId: checkedChannel(channel), data })
  }
  closeChannel(channel, options = {}) {
    const end = checkedEnd(this._options(options, ["code", "reason"], "closeChannel"))
    return this._add({ type: "CLOSE_CHANNEL", channelId: checkedChannel(channel), ...end })
  }
  toJSON() { return { events: this._list() } }
}

/** What is to be done in answer to one webhook of the slip dialect. */
export class SlipAnswer extends SlipActions {
  #accepted = null
  accept(options = {}) {
    const { protocol } = this._options(options, ["protocol"], "accept")
    this._opening("accept")
    if (this.#accepted) throw new AnswerError("accept: the answer has an accept already")
    this.#accepted = { protocol }
    return this
  }
  toJSON() {
    const { events, connection } = this.webhook
    const ends = this._list().filter((action) => action.type === "CLOSE" && action.connectionId === connection.id)
    if (this.#accepted && ends.some(({ status }) => status !== undefined)) {
      throw new AnswerError("close: a status refuses a client, and the answer has an accept")
    }
    const opens = events.some((event) => event.type === "open") && (this.#accepted || ends.length === 0)
    // The convention wants it before anything that concerns the connection.
    const accept = said({ type: "ACCEPT", connectionId: connection.id, subprotocol: this.#accepted?.protocol })
    return { events: [...(opens ? [accept] : []), ...this._list()] }
  }
  toResponse() { return jsonResponse(this) }
}

function jsonResponse(answer) {
  return new Response(JSON.stringify(answer), { status: 200, headers: { "content-type": "application/json" } })
}

// ---------------------------------------------------------------- handlers

const JSON_DIALECT = { name: "handler", key: standardKey, Signature: StandardSignature, read: readJSON, Answer }
const SLIP_DIALECT = { name: "slipHandler", key: tokenKey, Signature: TokenSignature, read: readSlip, Answer: SlipAnswer }

/** Verifies and reads one webhook of the json dialect. */
export const parse = async (request, options) => new Reader(JSON_DIALECT, options ?? {}).read(request)
/** Verifies and reads one webhook of the slip dialect. */
export const parseSlip = async (request, options) => new Reader(SLIP_DIALECT, options ?? {}).read(request)
/** A function from requests to responses, for apps of the json dialect. */
export const handler = (options, respond) => makeHandler(JSON_DIALECT, options, respond)
/** The same for apps of the slip dialect. */
export const slipHandler = (options, respond) => makeHandler(SLIP_DIALECT, options, respond)

function makeHandler(dialect, options, respond) {
  const reader = new Reader(dialect, options ?? {})
  if (typeof respond !== "function") throw new ConfigurationError(`${dialect.name}: expected a function of event, connection and answer`)
  const onError = options.onError ?? ((error) => { if (!(error instanceof WebhookError)) console.error(error) })
  const hook = async (request) => {
    try {
      if (request.method !== "POST") throw new WebhookError(405, "webhooks come by POST", "method")
      const webhook = await reader.read(request)
      const answer = webhook.answer()
      for (const event of webhook.events) await respond(event, webhook.connection, answer)
      return answer.toResponse()
    } catch (error) {
      onError(error)
      return refusal(error)
    }
  }
  return Object.assign(hook, { maxBodyBytes: reader.maxBodyBytes })
}

function refusal(error) {
  const [status, text] = error instanceof WebhookError ? [error.status, error.message] : [500, "the app failed"]
  const headers = { "content-type": "text/plain; charset=utf-8", ...(status === 405 && { allow: "POST" }) }
  return new Response(`${text}\n`, { status, headers })
}

/** Makes a listener for Node's http server, or a route for Express: `createServer(nodeListener(hook))`. */
export function nodeListener(hook) {
  return async (incoming, outgoing) => {
    let answer
    try {
      const body = await nodeBody(incoming, hook.maxBodyBytes ?? MAX_BODY_BYTES)
      answer = await hook({ method: incoming.method, headers: incoming.headers, body })
    } catch (error) {
      if (incoming.destroyed && !incoming.complete) return outgoing.destroy()
      if (!(error instanceof WebhookError)) console.error(error)
      answer = refusal(error)
    }
    const text = await answer.text()
    // What was not read of a body that is too large would be taken for the next request.
    const end = incoming.complete ? {} : { connection: "close" }
    outgoing.writeHead(answer.status, { ...Object.fromEntries(answer.headers), ...end, "content-length": encoder.encode(text).length })
    outgoing.end(text)
  }
}

async function nodeBody(incoming, limit) {
  // Whoever came before may have read it.
  if (incoming.body !== undefined) {
    if (typeof incoming.body === "string" || bytesOf(incoming.body)) return incoming.body
    throw new TypeError("the body was parsed before: have it left as it came, for instance by express.raw({ type: () => true })")
  }
  const pieces = []
  let length = 0
  for await (const piece of incoming.iterator ? incoming.iterator({ destroyOnReturn: false }) : incoming) {
    length += piece.length
    if (length > limit) throw new WebhookError(413, `the webhook is larger than ${limit} bytes`, "tooLarge")
    pieces.push(piece)
  }
  return joined(pieces, length)
}

/** Makes a handler for AWS Lambda, behind a function URL, API Gateway (both payload formats) or a load balancer. */
export function lambdaHandler(hook) {
  return async (event) => {
    const body = event.isBase64Encoded ? fromBase64(event.body ?? "") ?? "" : event.body ?? ""
    const answer = await hook({
      method: event.requestContext?.http?.method ?? event.httpMethod,
      headers: event.headers ?? event.multiValueHeaders ?? {},
      body,
    })
    return { statusCode: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.text(), isBase64Encoded: false }
  }
}

// ---------------------------------------------------------------- the control API

const REPEATABLE = ["timeout", "unreachable"]

/** The result of one action, unless it failed. */
function succeeded(result) {
  const failure = RESULTS[result?.status]
  if (failure) throw controlError(failure[0], failure[1], result.detail ?? `the gateway answered ${result.status}`)
  return result
}

class ControlBase {
  #base
  #fetch
  #timeout
  #retries
  constructor({ url = "http://127.0.0.1:8081", timeout = 10_000, retries = 0, fetch = globalThis.fetch }) {
    let base
    try { base = new URL(url) } catch { /* told below */ }
    if (!base || !/^https?:$/.test(base.protocol) || base.username || base.password || base.search || base.hash) {
      throw new ConfigurationError("url: expected the control API's address, such as http://127.0.0.1:8081")
    }
    this.#base = base.href.replace(/\/$/, "")
    this.#timeout = number(timeout, "timeout", 1)
    this.#retries = number(retries, "retries", 0)
    this.#fetch = fetch
  }

  /** One request, repeated only where that cannot do harm. Resolves to JSON, or null for an empty answer. */
  async _request(method, path, { body, type, headers = {}, safe = false, authorization, codes = STATUS_CODES } = {}) {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#once(method, path, body, said({ ...headers, "content-type": type, authorization: await authorization() }), codes)
      } catch (error) {
        const passes = REPEATABLE.includes(error.code) || [502, 503, 504].includes(error.status)
        if (!safe || !passes || attempt >= this.#retries) throw error
        await new Promise((go) => setTimeout(go, 200 * 2 ** Math.min(attempt, 5)))
      }
    }
  }

  async #once(method, path, body, headers, codes) {
    let answer, bytes
    try {
      const signal = AbortSignal.timeout(this.#timeout)
      const fetch = this.#fetch
      answer = await fetch(this.#base + path, { method, body, headers: { accept: "application/json", ...headers }, redirect: "manual", signal })
      bytes = await readBody(answer.body, MAX_BODY_BYTES)
    } catch (cause) {
      if (cause?.name === "TimeoutError") throw controlError("timeout", 0, `no answer within ${this.#timeout} ms`, { cause })
      throw controlError("unreachable", 0, `the control API cannot be reached: ${cause?.cause?.message || cause?.message}`, { cause })
    }
    if (!bytes) throw controlError("unexpected", answer.status, "the answer is too long")
    let json = null, plain = ""
    try { json = bytes.length ? JSON.parse(decoder.decode(bytes)) : null } catch (cause) {
      if (answer.ok) throw controlError("unexpected", answer.status, "the answer is not JSON", { cause })
      if (answer.headers.get("content-type")?.startsWith("text/plain")) plain = new TextDecoder().decode(bytes.subarray(0, 200)).trim()
    }
    if (answer.ok) return json
    const code = codes[answer.status] ?? (answer.status >= 500 ? "unavailable" : "unexpected")
    const known = json && typeof json === "object" ? json : {}
    throw controlError(code, answer.status, String(known.detail ?? known.message ?? plain), { title: String(known.title ?? answer.statusText ?? "") })
  }
}

/** The control API, in the json dialect: reaches clients at any time. */
export class Control extends ControlBase {
  #authorization
  constructor(options = {}) {
    checkKeys(options, ["url", "token", "timeout", "retries", "fetch"], "Control", ConfigurationError)
    super(options)
    const { token } = options
    if (token !== undefined && (typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token))) {
      throw new ConfigurationError("token: expected the control API's token")
    }
    this.#authorization = () => token && `Bearer ${token}`
  }

  #call(method, path, options) { return this._request(method, path, { ...options, authorization: this.#authorization }) }
  #at(id) { return `/v1/connections/${encodeURIComponent(checkedID(id, "id"))}` }
  #membership(id, channel) { return `${this.#at(id)}/channels/${encodeURIComponent(checkedChannel(channel))}` }
  #in(channel) { return `/v1/channels/${encodeURIComponent(checkedChannel(channel))}` }

  async #one(actions, safe = false) {
    return succeeded((await this.#perform(actions, safe))[0])
  }

  async #perform(actions, safe) {
    const body = JSON.stringify(actions)
    const answer = await this.#call("POST", "/v1/actions", { body, type: "application/json", safe })
    if (!Array.isArray(answer?.results) || answer.results.length !== actions.length) {
      throw controlError("unexpected", 200, "the answer has not one result for each action")
    }
    return answer.results
  }

  async *#pages(path, query, key) {
    for (let after; ;) {
      const search = new URLSearchParams(said({ ...query, limit: "100", after }))
      const page = await this.#call("GET", `${path}?${search}`, { safe: true })
      if (!Array.isArray(page?.[key])) throw controlError("unexpected", 200, `the answer has no ${key}`)
      yield* page[key]
      if (page.next === undefined || page.next === after) return
      after = page.next
    }
  }

  async publish(channel, message, options = {}) {
    checkKeys(options, ["id", "except"], "publish", AnswerError)
    const { id, except } = options
    if (except !== undefined) {
      const result = await this.#one(new Actions().publish(channel, message, options), id !== undefined)
      return { delivered: result.delivered ?? 0, duplicate: result.status === "duplicate" }
    }
    if (id !== undefined && (typeof id !== "string" || id === "")) throw new AnswerError("id: expected a text")
    const query = id === undefined ? "" : `?${new URLSearchParams({ id })}`
    const answer = await this.#call("POST", `${this.#in(channel)}/messages${query}`, { ...rawMessage(message), safe: id !== undefined })
    return { delivered: answer?.delivered ?? 0, duplicate: answer?.duplicate ?? false }
  }
  async send(id, message) { await this.#call("POST", `${this.#at(id)}/messages`, rawMessage(message)) }
  async close(id, options = {}) {
    checkKeys(options, ["code", "reason"], "close", AnswerError)
    const query = new URLSearchParams(checkedEnd(options)).toString()
    await this.#call("DELETE", this.#at(id) + (query && `?${query}`))
  }
  async subscribe(id, channel) { await this.#call("PUT", this.#membership(id, channel), { safe: true }) }
  async unsubscribe(id, channel) { await this.#call("DELETE", this.#membership(id, channel), { safe: true }) }
  async setState(id, state) { await this.#one(new Actions().setState(state, { to: checkedID(id, "id") }), true) }
  async closeChannel(channel, options = {}) { return (await this.#one(new Actions().closeChannel(channel, options))).delivered ?? 0 }
  async dial(url, options = {}) { return (await this.#one(new Actions().dial(url, options))).connection }
  async perform(actions) {
    if (!(actions instanceof Actions)) throw new AnswerError("perform: expected Actions")
    return actions.length === 0 ? [] : this.#perform(actions, false)
  }
  connections(options = {}) {
    checkKeys(options, ["route", "channel"], "connections", AnswerError)
    return this.#pages("/v1/connections", options, "connections")
  }
  async connection(id) { return this.#call("GET", this.#at(id), { safe: true }) }
  channels() { return this.#pages("/v1/channels", {}, "channels") }
  async channel(name) {
    const { name: called, subscribers } = await this.#call("GET", `${this.#in(name)}?limit=1`, { safe: true }) ?? {}
    return { name: called, subscribers }
  }
  subscribers(name) { return this.#pages(this.#in(name), {}, "connections") }
}

function rawMessage(message) {
  if (typeof message === "string") return { body: encoder.encode(message), type: "text/plain; charset=utf-8" }
  if (message instanceof JSONMessage) return { body: encoder.encode(message.text), type: "application/json" }
  const bytes = bytesOf(message)
  if (!bytes) throw notAMessage()
  return { body: bytes, type: "application/octet-stream" }
}

/** The control API, in the slip dialect. Each request has a token of its own, good for a minute. */
export class SlipControl extends ControlBase {
  #key
  #now
  constructor(options) {
    checkKeys(options ?? {}, ["url", "secret", "timeout", "retries", "fetch", "now"], "SlipControl", ConfigurationError)
    super(options ?? {})
    const bytes = tokenKey(options?.secret)
    this.#key = once(() => hmacKey(bytes))
    this.#now = options.now ?? (() => Date.now() / 1000)
  }

  async #token() {
    const now = Math.floor(this.#now())
    const part = (value) => toBase64URL(encoder.encode(JSON.stringify(value)))
    const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part({ iss: "slip-sockets", aud: "ControlEvent", iat: now, exp: now + 60 })}`
    const signature = await crypto.subtle.sign("HMAC", await this.#key(), encoder.encode(signed))
    return `Bearer ${signed}.${toBase64URL(new Uint8Array(signature))}`
  }

  async perform(actions) {
    if (!(actions instanceof SlipActions)) throw new AnswerError("perform: expected SlipActions")
    if (actions.length === 0) return []
    const safe = actions._list().every(({ type }) => ["SUBSCRIBE", "UNSUBSCRIBE", "SET_METADATA"].includes(type))
    // The convention has one answer to every doubt about the token: 403.
    const codes = { ...STATUS_CODES, 403: "unauthorized" }
    const request = { body: JSON.stringify(actions), type: "application/websocket-events", safe, codes, authorization: () => this.#token() }
    const answer = await this._request("POST", "/", request)
    return Array.isArray(answer?.results) ? answer.results : []
  }
  async #one(actions) { succeeded((await this.perform(actions))[0]) }
  async send(id, message) { await this.#one(new SlipActions().send(message, { to: checkedID(id, "id") })) }
  async sendText(id, message) { await this.#one(new SlipActions().sendText(message, { to: checkedID(id, "id") })) }
  async sendBinary(id, message) { await this.#one(new SlipActions().sendBinary(message, { to: checkedID(id, "id") })) }
  async close(id, options = {}) { await this.#one(new SlipActions().close({ ...options, to: checkedID(id, "id") })) }
  async subscribe(id, channel) { await this.#one(new SlipActions().subscribe(channel, { to: checkedID(id, "id") })) }
  async unsubscribe(id, channel) { await this.#one(new SlipActions().unsubscribe(channel, { to: checkedID(id, "id") })) }
  async setMetadata(id, metadata) { await this.#one(new SlipActions().setMetadata(metadata, { to: checkedID(id, "id") })) }
  async publish(channel, message) { await this.#one(new SlipActions().publish(channel, message)) }
  async closeChannel(channel, options = {}) { await this.#one(new SlipActions().closeChannel(channel, options)) }
}
