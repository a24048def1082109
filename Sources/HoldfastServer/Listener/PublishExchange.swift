// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore
import NIOHTTP1

/// A request to publish on the public port, in the convention of a route's dialect, and its answer.
///
/// Its body is read whole, within a size and a time, before the dialect is asked. Any page may send it where the route allows its origin: who may
/// publish is the dialect's business, by its key.
final class PublishExchange: PlainRequest {
    private let incoming: HTTPExchange.Incoming
    private let route: ShardRoute
    private let shard: HubShard
    /// `nil` when it is over.
    private var opening: OpeningHandler?
    private(set) var isRequestWhole = false
    private var body = ByteBuffer()
    private var count = 0
    /// The answer, when the head alone decides: then the body is not kept.
    private var refusal: ControlReply?
    private var deadline: MonotonicTime?
    private var isDraining = false

    /// - Parameter opening: keeps this object until it is over.
    init(_ incoming: HTTPExchange.Incoming, route: ShardRoute, shard: HubShard, opening: OpeningHandler) {
        self.incoming = incoming
        self.route = route
        self.shard = shard
        self.opening = opening
    }

    private var limit: Int { shard.hub.configuration.maxActionBytes }

    func start() {
        refusal = judgeHead()
        if let length = incoming.bodyLength, length > limit { return tooLarge() }
        if incoming.expectsContinue, incoming.hasBody {
            // A client that waits for leave to send gets its answer instead.
            if let refusal { return answer(refusal) }
            opening?.write(AnswerWriter.goOn)
        }
        let due = MonotonicTime.current + shard.admission.handshakeTimeout
        deadline = due
        opening?.wake(by: due)
    }

    // MARK: What the client does

    var takesMore: Bool { !isRequestWhole }

    func bodyReceived(_ part: ByteBuffer) {
        count += part.readableBytes
        guard count <= limit else { return tooLarge() }
        if refusal == nil { body.writeImmutableBuffer(part) }
    }

    func requestEnded() {
        isRequestWhole = true
        deadline = nil
        if let refusal { return answer(refusal) }
        guard let command = route.dialect.command(from: request(with: body)) else { return answer(404, "nothing to publish to here") }
        // Nobody checks signatures here.
        if case .signed(let otherwise) = command.access { return answer(otherwise) }
        guard !command.actions.isEmpty else { return answer(command.reply([])) }
        let done = shard.loop.makePromise(of: [ActionResult].self)
        done.completeWithTask { [hub = shard.hub!, actions = command.actions] in await hub.perform(actions) }
        done.futureResult.assumeIsolated().whenSuccess { self.answer(command.reply($0, nodes: self.shard.hub.watch.reach ?? 1)) }
    }

    func clientLeft() { opening = nil }

    func clientBroke(_ message: String) { answer(400, message) }

    func writabilityChanged() {}

    func reminded(at now: MonotonicTime) {
        guard let due = deadline else { return }
        if now >= due { answer(408, "the request's body did not come in time") } else { opening?.wake(by: due) }
    }

    func drain(at moment: MonotonicTime) { isDraining = true }

    // MARK: Inside

    /// What the head says against the request.
    private func judgeHead() -> ControlReply? {
        let origins = incoming.request.headers.filter { $0.name == "origin" }.map(\.value)
        guard route.configuration.origins.allows(origins) else { return plain(403, "this origin is not allowed") }
        switch incoming.method {
        case .POST: return route.dialect.refusal(ofHead: request(with: ByteBuffer()))
        case .OPTIONS:
            var fields: [OpeningRequest.Field] = [
                .init(name: "access-control-allow-methods", value: "POST"), .init(name: "access-control-max-age", value: "3600"),
                .init(name: "allow", value: Self.methods),
            ]
            let wanted = incoming.request.header("access-control-request-headers") ?? "content-type, authorization"
            fields.append(.init(name: "access-control-allow-headers", value: wanted))
            return ControlReply(status: 204, headers: fields, body: "")
        default: return plain(405, "expected POST", [.init(name: "allow", value: Self.methods)])
        }
    }

    private static let methods = "POST, OPTIONS"

    private func request(with body: ByteBuffer) -> ControlRequest {
        let head = incoming.request
        return ControlRequest(
            method: incoming.method.rawValue, path: head.path, query: head.query, contentType: head.header("content-type"),
            accept: head.header("accept"), authorization: head.header("authorization"), time: WallClock.nanoseconds, body: body)
    }

    private func tooLarge() { answer(413, "the body is larger than \(limit) bytes") }

    private func plain(_ status: Int, _ message: String, _ headers: [OpeningRequest.Field] = []) -> ControlReply {
        ControlReply(status: status, contentType: "text/plain; charset=utf-8", headers: headers, body: message + "\n")
    }

    private func answer(_ status: Int, _ message: String) { answer(plain(status, message)) }

    private func answer(_ reply: ControlReply) {
        guard let opening else { return }
        self.opening = nil
        deadline = nil
        body = ByteBuffer()
        let content = ByteBuffer(string: reply.body)
        var fields = reply.headers
        if content.readableBytes > 0 { fields.append(.init(name: "content-type", value: reply.contentType)) }
        fields += crossOrigin(exposing: reply.headers)
        let goesOn = incoming.keepsAlive && isRequestWhole && !isDraining
        let framing = AnswerFraming(
            method: incoming.method, status: reply.status, length: content.readableBytes, isHTTP11: incoming.isHTTP11, keepsAlive: goesOn)
        opening.write(AnswerWriter.head(status: reply.status, reason: nil, fields: fields, length: content.readableBytes, framing: framing))
        if let part = AnswerWriter.part(content, framing) { opening.write(part) }
        opening.exchangeEnded(keepsAlive: framing.keepsAlive)
    }

    /// Lets web pages read the answer (CORS, the Fetch standard §3.2): all, or those of the origins that the route allows.
    private func crossOrigin(exposing headers: [OpeningRequest.Field]) -> [OpeningRequest.Field] {
        var fields: [OpeningRequest.Field] = []
        if route.configuration.origins == .any {
            fields.append(.init(name: "access-control-allow-origin", value: "*"))
        } else if let origin = incoming.request.header("origin"), route.configuration.origins.allows([origin]) {
            fields += [.init(name: "access-control-allow-origin", value: origin), .init(name: "vary", value: "Origin")]
        }
        let own = headers.map(\.name).filter { $0.hasPrefix("holdfast-") }
        if !own.isEmpty { fields.append(.init(name: "access-control-expose-headers", value: own.joined(separator: ", "))) }
        return fields
    }
}
