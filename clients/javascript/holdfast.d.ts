// SPDX-License-Identifier: Apache-2.0
// The app's side of Holdfast, the gateway that holds WebSockets for stateless apps.

// ---------------------------------------------------------------- what happened

/** A connection as the gateway knows it, and as it will be when the answer so far is carried out: `state` and `channels` follow `setState`, `subscribe` and `unsubscribe`. */
export interface Connection {
  id: string
  direction: "inbound" | "outbound"
  route: string
  /** The address of the socket's other end; behind a proxy that is the proxy. */
  remoteAddress: string
  /** Of the opening request, as sent. */
  path: string
  /** Without the question mark; empty when there was none. */
  query: string
  /** The subprotocol that the app chose. */
  protocol?: string
  /** Only where the route forwards headers with each webhook; those of the opening request are in the `open` event. */
  headers?: Record<string, string[]>
  state: Record<string, string>
  channels: string[]
}

/** A connection in the slip dialect. `metadata` follows `setMetadata`. */
export interface SlipConnection {
  id: string
  metadata: Record<string, unknown> | null
}

interface EventBase {
  /** Counts the connection's events from 1, over its whole life: remember the last one to drop repeats. Absent in the slip dialect. */
  seq?: number
  /** The event as it came. */
  raw: Record<string, unknown>
}
/** A client wants to come in. Always alone and first. */
export interface OpenEvent extends EventBase {
  type: "open"
  /** Lower-case names to lists of values. */
  headers: Record<string, string[]>
  /** The subprotocols that the client offers. */
  protocols: string[]
}
/** A message: `text` of a text message, `binary` of a binary one. */
export interface MessageEvent extends EventBase {
  type: "message"
  text?: string
  binary?: Uint8Array
}
/** The connection has ended. Always the last. */
export interface CloseEvent extends EventBase {
  type: "close"
  /** 1005 for a close frame without a code, 1006 for a socket that was lost. */
  code: number
  reason: string
  /** Whether both sides exchanged close frames. Absent in the slip dialect. */
  clean?: boolean
  /** Why the gateway ended it, if it did. */
  error?: string
}
/** Only where the route wants them. */
export interface PingEvent extends EventBase {
  type: "ping" | "pong"
  binary?: Uint8Array
}
/** What happened. Ignore types that you do not know: there may be more one day. */
export type Event = OpenEvent | MessageEvent | CloseEvent | PingEvent

/** One webhook: what happened on one connection. */
export class Webhook<C = Connection, A = Answer> {
  private constructor()
  /** The `webhook-id`: the same when the same webhook is repeated. To drop repeated events, `event.seq` is surer. `null` in the slip dialect. */
  readonly id: string | null
  /** When it was signed, in seconds since 1970; `null` when nothing was verified, and in the slip dialect. */
  readonly timestamp: number | null
  /** Whether a signature or token was checked. */
  readonly verified: boolean
  readonly connection: C
  readonly events: Event[]
  /** A new answer to it. */
  answer(): A
}

// ---------------------------------------------------------------- what to do

/** The message that is `value` in JSON, as it is now: `answer.send(json({ hello: "you" }))`. */
export function json(value: unknown): JSONMessage
export class JSONMessage {
  constructor(value: unknown)
  readonly text: string
}
/** A text message, a binary one, or a text of JSON. */
export type Message = string | ArrayBuffer | ArrayBufferView | JSONMessage

/** How a connection is closed. `code`: 1000 (default), 1001, 1003, 1007 to 1014 or 3000 to 4999. `reason`: at most 123 bytes. */
export interface End { code?: number; reason?: string }
/** The id of a connection; default the one that is answered. */
export interface Target { to?: string }

export interface PublishOptions {
  /** Ids that do not get it. */
  except?: string | string[]
  /** The same channel and id again within 60 s is not delivered. */
  id?: string
}
export interface DialOptions {
  protocols?: string[]
  headers?: Record<string, string | string[]>
  state?: Record<string, string>
  /** Whether it is dialled again when it is lost. */
  reconnect?: boolean
  /** The route whose app is told; in an answer, the connection's own. */
  route?: string
}

/** What is to be done, in the json dialect: for `Control.perform`. All functions throw AnswerError for what the gateway would refuse. `to` is required, but in an Answer. */
export class Actions {
  constructor()
  /** How many actions there are. */
  readonly length: number
  send(message: Message, options?: Target): this
  close(options?: End & Target): this
  subscribe(channel: string, options?: Target): this
  unsubscribe(channel: string, options?: Target): this
  /** One message for each subscriber, the sender included. */
  publish(channel: string, message: Message, options?: PublishOptions): this
  /** Closes every subscriber. */
  closeChannel(channel: string, options?: End): this
  /** Merged into the connection's state; `null` deletes a key. */
  setState(state: Record<string, string | null>, options?: Target): this
  /** Opens a connection to a WebSocket server elsewhere. */
  dial(url: string | URL, options?: DialOptions): this
  toJSON(): { actions: Record<string, unknown>[] }
}

/** What is to be done in answer to one webhook. Without `to`, its connection is meant. */
export class Answer extends Actions {
  private constructor()
  readonly webhook: Webhook<Connection, Answer>
  /** Lets the client in, which is what happens without it too: for a subprotocol or headers. */
  accept(options?: { protocol?: string; headers?: Record<string, string | string[]> }): this
  /** Refuses the client. `status`: 300 to 599, default 403. */
  reject(options?: { status?: number; headers?: Record<string, string | string[]>; body?: string }): this
  toResponse(): Response
}

/** What is to be done, in the slip dialect: for `SlipControl.perform`. */
export class SlipActions {
  constructor()
  readonly length: number
  send(message: Message, options?: Target): this
  sendText(text: string, options?: Target): this
  sendBinary(bytes: ArrayBuffer | ArrayBufferView, options?: Target): this
  /** In answer to an open, without `accept()`, it refuses the client: with `status`, 300 to 599, default 403. */
  close(options?: End & Target & { status?: number }): this
  subscribe(channel: string, options?: Target): this
  unsubscribe(channel: string, options?: Target): this
  /** Replaces the connection's metadata; `null` deletes it. */
  setMetadata(metadata: Record<string, unknown> | null, options?: Target): this
  publish(channel: string, message: Message): this
  closeChannel(channel: string, options?: End): this
  toJSON(): { events: Record<string, unknown>[] }
}

/** What is to be done in answer to one webhook of the slip dialect. */
export class SlipAnswer extends SlipActions {
  private constructor()
  readonly webhook: Webhook<SlipConnection, SlipAnswer>
  /** Lets the client in, which is what happens without it too unless there is a `close`: for a subprotocol. */
  accept(options?: { protocol?: string }): this
  toResponse(): Response
}

// ---------------------------------------------------------------- handlers

interface CommonOptions {
  /** How old a signature may be, or how early, in seconds. Default 300; in the slip dialect 0, added to the token's time of expiry. */
  tolerance?: number
  /** How long a webhook may be; beyond it the answer is 413. Default 16 MiB. */
  maxBodyBytes?: number
  /** The time in seconds since 1970; for tests. */
  now?: () => number
  /** Is told of every refusal and of what the function throws. Default: what it throws goes to console.error. */
  onError?: (error: unknown) => void
}
/** A secret, or `verify: false` to believe anybody: one of both, or ConfigurationError is thrown at once. */
export type WebhookOptions = CommonOptions & (
  | {
    /** The gateway's: `whsec_…`, or a list of several while one replaces another. In the slip dialect the JWT secret. */
    secret: string | string[]
    verify?: undefined
  }
  | { secret?: undefined; verify: false }
)

/** What Node calls a request, or any other: the body as it came. */
export interface PlainRequest {
  method?: string
  headers: Headers | Record<string, string | string[] | undefined>
  body?: string | ArrayBuffer | ArrayBufferView | ReadableStream<Uint8Array> | null
}
/** Answers webhooks: 200, or 400, 401, 405, 413; 500 when the function throws. Never rejects. */
export interface Hook {
  (request: Request | PlainRequest, ...rest: unknown[]): Promise<Response>
  readonly maxBodyBytes: number
}

/** A function from requests to responses, for apps of the json dialect. `respond` is called for each event, in order, and may be async. */
export function handler(options: WebhookOptions, respond: (event: Event, connection: Connection, answer: Answer) => unknown): Hook
/** The same for apps of the slip dialect. */
export function slipHandler(options: WebhookOptions, respond: (event: Event, connection: SlipConnection, answer: SlipAnswer) => unknown): Hook
/** Verifies and reads one webhook of the json dialect. Rejects with SignatureError, PayloadError, or WebhookError of status 413. */
export function parse(request: Request | PlainRequest, options: WebhookOptions): Promise<Webhook<Connection, Answer>>
/** Verifies and reads one webhook of the slip dialect. */
export function parseSlip(request: Request | PlainRequest, options: WebhookOptions): Promise<Webhook<SlipConnection, SlipAnswer>>
/** A listener for Node's http server, or a route for Express: `createServer(nodeListener(hook))`. */
export function nodeListener(hook: Hook): (incoming: any, outgoing: any) => Promise<void>
/** A handler for AWS Lambda behind a function URL, API Gateway (both payload formats) or a load balancer. */
export function lambdaHandler(hook: Hook): (event: any) => Promise<{ statusCode: number; headers: Record<string, string>; body: string; isBase64Encoded: false }>

// ---------------------------------------------------------------- the control API

export interface CommonControlOptions {
  /** Default http://127.0.0.1:8081 */
  url?: string | URL
  /** For one request, in milliseconds. Default 10,000. */
  timeout?: number
  /** How often a call is repeated that can be repeated without harm (reading, subscribing, state, publications with an id) after no answer, 502, 503 or 504. Default 0. */
  retries?: number
  /** Another fetch; for tests. */
  fetch?: typeof fetch
}
/** What became of one action. */
export interface Result {
  status: "ok" | "notFound" | "duplicate" | "full" | "refused" | "unreachable" | (string & {})
  delivered?: number
  id?: string
  detail?: string
}
/** What the control API tells of a connection. */
export interface ConnectionInfo extends Connection {
  dialect: string
  ageSeconds: number
  /** What waits for a client that reads slowly. */
  queuedBytes: number
}
export interface ChannelInfo { name: string; subscribers: number }

/** The control API, in the json dialect: reaches clients at any time. Every function rejects with a ControlError. */
export class Control {
  constructor(options?: CommonControlOptions & { token?: string })
  publish(channel: string, message: Message, options?: PublishOptions): Promise<{ delivered: number; duplicate: boolean }>
  send(id: string, message: Message): Promise<void>
  close(id: string, options?: End): Promise<void>
  subscribe(id: string, channel: string): Promise<void>
  unsubscribe(id: string, channel: string): Promise<void>
  setState(id: string, state: Record<string, string | null>): Promise<void>
  /** Resolves to the number of connections that are closed. */
  closeChannel(channel: string, options?: End): Promise<number>
  /** Resolves to the id of the new connection. */
  dial(url: string | URL, options?: DialOptions): Promise<string>
  /** Several actions in one request. One that could not be done is a result with its `status`, not an error. */
  perform(actions: Actions): Promise<Result[]>
  /** All open connections, page by page as they are asked for. */
  connections(options?: { route?: string; channel?: string }): AsyncGenerator<ConnectionInfo, void, undefined>
  connection(id: string): Promise<ConnectionInfo>
  channels(): AsyncGenerator<ChannelInfo, void, undefined>
  channel(name: string): Promise<ChannelInfo>
  /** The ids of all subscribers. */
  subscribers(channel: string): AsyncGenerator<string, void, undefined>
}

/** The control API, in the slip dialect. Each request has a token of its own, good for a minute. */
export class SlipControl {
  constructor(options: CommonControlOptions & { secret: string; now?: () => number })
  send(id: string, message: Message): Promise<void>
  sendText(id: string, text: string): Promise<void>
  sendBinary(id: string, bytes: ArrayBuffer | ArrayBufferView): Promise<void>
  close(id: string, options?: End): Promise<void>
  subscribe(id: string, channel: string): Promise<void>
  unsubscribe(id: string, channel: string): Promise<void>
  setMetadata(id: string, metadata: Record<string, unknown> | null): Promise<void>
  publish(channel: string, message: Message): Promise<void>
  closeChannel(channel: string, options?: End): Promise<void>
  /** Several actions in one request. Results are there where the gateway tells them: Holdfast does, slip-sockets does not. */
  perform(actions: SlipActions): Promise<Result[]>
}

// ---------------------------------------------------------------- errors

/** All errors of this module. `code` is a word for programs. */
export class HoldfastError extends Error { readonly code: string }
/** An option that cannot be meant: thrown where a handler, parser or control client is made. */
export class ConfigurationError extends HoldfastError {}
/** An action that the gateway would refuse: thrown where it is made. */
export class AnswerError extends HoldfastError {}
/** A request that is no webhook of the gateway. `status` is what to answer. */
export class WebhookError extends HoldfastError { readonly status: number }
/** The signature or token is missing, wrong or too old: 401. */
export class SignatureError extends WebhookError {}
/** It is not understood: 400. */
export class PayloadError extends WebhookError {}
/** A call of the control API that failed. `status` is 0 where there was no answer; `title` and `detail` are the gateway's words. */
export class ControlError extends HoldfastError {
  readonly status: number
  readonly title: string
  readonly detail: string
}
/** 400, 415: `badRequest` */
export class BadRequestError extends ControlError {}
/** 401, and 403 in the slip dialect: `unauthorized` */
export class UnauthorizedError extends ControlError {}
/** 403: `forbidden` */
export class ForbiddenError extends ControlError {}
/** 404, no open connection has that id: `notFound` */
export class NotFoundError extends ControlError {}
/** 409, it would pass a limit of the connection: `limit` */
export class LimitError extends ControlError {}
/** 413: `tooLarge` */
export class TooLargeError extends ControlError {}
/** 429, the client reads too slowly and its route drops what is new: `full` */
export class QueueFullError extends ControlError {}
/** 5xx: `unavailable` */
export class UnavailableError extends ControlError {}
/** No answer in time; whether it was done is not known: `timeout` */
export class ControlTimeoutError extends ControlError {}
/** No connection, or it broke off: `unreachable` */
export class UnreachableError extends ControlError {}
/** Something answered that does not speak as the control API does: `unexpected` */
export class UnexpectedAnswerError extends ControlError {}
