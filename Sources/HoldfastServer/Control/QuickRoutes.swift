// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore

/// The control requests that programs make by the thousand, from their bytes to what they ask for: to publish, to send, lists of actions.
///
/// It knows good requests only, and each by the same functions as the router's routes. Whatever else comes, wrong ones above all, it leaves to the
/// router, which says what is wrong.
final class QuickRoutes: Sendable {
    /// Longer bodies are the router's: what a request costs then matters less than that it be read piece by piece.
    static let maxBodyBytes = 64 << 10

    let hub: Hub
    let gate: ControlGate
    private let dialects: DialectRoutes
    private let dialectPaths: [[UInt8]]
    private let node: NodeName
    private let maxMessageBytes: Int
    private let maxActionBytes: Int

    init(hub: Hub, gate: ControlGate, dialects: DialectRoutes) {
        self.hub = hub
        self.gate = gate
        node = hub.broker.node
        self.dialects = dialects
        // Where the router knows another route it goes first.
        dialectPaths = dialects.publishPaths.filter { !HealthRoutes.paths.contains($0) && !$0.hasPrefix("/v1/") && $0 != "/metrics" }.map {
            Array($0.utf8)
        }
        maxMessageBytes = min(hub.configuration.maxMessageBytes, Self.maxBodyBytes)
        maxActionBytes = min(hub.configuration.maxActionBytes, Self.maxBodyBytes)
    }

    /// A request as far as its head tells.
    enum Request {
        case publish(ChannelName, id: String?, mediaType: String?)
        case send(ConnectionID, mediaType: String?)
        case actions
        case dialect(ControlRequest)
    }

    /// What a request asks for.
    enum Order {
        case publish(Publication)
        case send(Payload, ConnectionID)
        case actions([Action])
        case command(ControlCommand, [Action])
        case reply(ControlReply)
    }

    // MARK: Heads

    /// - Parameters:
    ///   - bytes: those that `head` was read from.
    ///   - memory: of the connection.
    ///   - now: by the connection's loop.
    /// - Returns: `nil` for the router.
    func request(_ head: PlainRequestHead, _ bytes: UnsafeRawBufferPointer, _ memory: inout ControlMemory, at now: MonotonicTime) -> Request? {
        guard head.method == .post, hub.isOpen else { return nil }
        let path = head.path.bytes(in: bytes)
        var limit = maxMessageBytes
        let request: Request
        if path.starts("/v1/channels/") {
            guard let raw = Self.middle(of: path, behind: 13) else { return nil }
            var id: String?
            if let query = head.query {
                id = ControlText.queryValue("id", in: String(decoding: query.bytes(in: bytes), as: UTF8.self))
                if let id, !PublicationID.isValid(id) { return nil }
            }
            guard let channel = ChannelName(ControlText.pathValue(String(decoding: raw, as: UTF8.self))) else { return nil }
            request = .publish(channel, id: id, mediaType: memory.mediaType(head.contentType?.bytes(in: bytes)))
        } else if path.starts("/v1/connections/") {
            // Written with escapes it is the router's, too: nobody does that.
            guard let raw = Self.middle(of: path, behind: 16), let id = ConnectionID(utf8: raw), id.node == node else { return nil }
            request = .send(id, mediaType: memory.mediaType(head.contentType?.bytes(in: bytes)))
        } else if path.equals("/v1/actions") {
            guard memory.mediaType(head.contentType?.bytes(in: bytes)) == "application/json" else { return nil }
            limit = maxActionBytes
            request = .actions
        } else if dialectPaths.contains(where: { path.elementsEqual($0) }) {
            limit = maxActionBytes
            func text(_ place: PlainRequestHead.Place?) -> String? { place.map { String(decoding: $0.bytes(in: bytes), as: UTF8.self) } }
            request = .dialect(
                ControlRequest(
                    method: "POST", path: String(decoding: path, as: UTF8.self), query: text(head.query) ?? "", contentType: text(head.contentType),
                    accept: text(head.accept), authorization: text(head.authorization), time: WallClock.nanoseconds, body: ByteBuffer()))
        } else {
            return nil
        }
        guard head.contentLength <= limit, memory.isAllowed(head, bytes, by: gate, at: now) else { return nil }
        return request
    }

    /// The part of a path between what it starts with and `/messages`.
    private static func middle(of path: UnsafeRawBufferPointer, behind start: Int) -> UnsafeRawBufferPointer? {
        let end = path.count - 9
        guard end > start, UnsafeRawBufferPointer(rebasing: path[end...]).equals("/messages") else { return nil }
        let part = UnsafeRawBufferPointer(rebasing: path[start..<end])
        return part.contains(UInt8(ascii: "/")) ? nil : part
    }

    // MARK: Bodies

    /// - Returns: `nil` for the router.
    func order(_ request: Request, _ body: ByteBuffer) -> Order? {
        switch request {
        case .publish(let channel, let id, let mediaType):
            return Payload(body: body, mediaType: mediaType).map { .publish(Publication(channel: channel, payload: $0, id: id)) }
        case .send(let id, let mediaType): return Payload(body: body, mediaType: mediaType).map { .send($0, id) }
        case .actions:
            guard let actions = try? JSONActionReader.read(body, from: .control), actions.allSatisfy(hub.isHere) else { return nil }
            return .actions(actions)
        case .dialect(var request):
            request.body = body
            switch dialects.decide(onAllowed: request) {
            case .perform(let command):
                let actions = command.actions
                guard actions.count == command.steps.count, actions.allSatisfy(hub.isHere) else { return nil }
                return .command(command, actions)
            case .reply(let reply): return .reply(reply)
            case .refuse, .unknown: return nil
            }
        }
    }

    /// How an order is answered.
    ///
    /// - Parameter results: one for each of its actions.
    func answer(_ order: Order, _ results: [ActionResult]) -> ControlAnswer {
        switch order {
        case .publish: ChannelRoutes.answer(results.first, nodes: hub.watch.reach)
        case .send(_, let id): ConnectionRoutes.answer(results.first, on: id)
        case .actions(let actions): ActionRoutes.answer(results, to: actions, nodes: hub.watch.reach)
        case .command(let command, _): DialectRoutes.answer(command.reply(results, nodes: hub.watch.reach ?? 1))
        case .reply(let reply): DialectRoutes.answer(reply)
        }
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func starts(_ text: StaticString) -> Bool {
        count >= text.utf8CodeUnitCount && UnsafeRawBufferPointer(rebasing: self[..<text.utf8CodeUnitCount]).equals(text)
    }

    fileprivate func equals(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        for index in 0..<count where self[index] != text.utf8Start[index] { return false }
        return true
    }
}
