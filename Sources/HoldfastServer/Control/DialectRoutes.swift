// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import HoldfastCore
import Hummingbird
import NIOCore

/// Requests in a dialect's own convention: whatever the paths above do not claim is offered to the dialects of the configured routes.
///
/// Where a dialect has a key of its own, it says of each request who may make it; all others need the control token.
struct DialectRoutes {
    let hub: Hub
    let gate: ControlGate
    let keys: ControlKeys

    private let speakers: [Speaker]

    init(hub: Hub, gate: ControlGate, keys: ControlKeys) {
        self.hub = hub
        self.gate = gate
        self.keys = keys
        speakers = hub.configuration.routes.map {
            Speaker(dialect: $0.speaker, verifier: keys[$0.name], hasSpokenKey: ControlKeys.isSpoken(by: $0))
        }
    }

    /// - Parameter router: one that lets everybody in.
    func add(to router: some RouterMethods<BasicRequestContext>) {
        var places: [(HTTPRequest.Method, RouterPath)] = [(.get, "/"), (.get, "/**"), (.put, "/**"), (.delete, "/**"), (.post, "/**")]
        // The published control API is at no path in particular.
        if hub.configuration.routes.contains(where: { $0.dialect == .slip }) { places.append((.post, "/")) }
        for (method, path) in places {
            router.on(path, method: method) { request, _ in try await answer(request) }
        }
    }

    /// A route's dialect, and what verifies the tokens of those who ask for something in its convention.
    private struct Speaker: Sendable {
        let dialect: any Dialect
        let verifier: TokenVerifier?
        let hasSpokenKey: Bool
    }

    /// What is to be done about a request.
    enum Decision {
        /// The command's steps are carried out, and it says what to answer.
        case perform(ControlCommand)
        case reply(ControlReply)
        case refuse(Problem)
        /// It is of none of the conventions.
        case unknown
    }

    private func answer(_ request: Request) async throws -> Response {
        let refusal = gate.refusal(of: request)
        let signed = speakers.map { $0.verifier?.verifies(request) ?? false }
        let path = request.uri.path.removingPercentEncoding ?? request.uri.path
        // Whoever has no key at all, and asks where each convention has one in its header, is not listened to: the dialect only says no.
        var command = ControlRequest(
            method: request.method.rawValue, path: path, query: request.uri.query ?? "",
            contentType: request.headers[.contentType], accept: request.headers[.accept], authorization: request.headers[.authorization],
            time: WallClock.nanoseconds, body: ByteBuffer())
        let isStranger = refusal != nil && !signed.contains(true) && !(keys.areSpoken(at: path) && isKnown(command))
        if isStranger, keys.isEmpty, let refusal { throw refusal }
        if !isStranger { command.body = try await request.wholeBody(limit: hub.configuration.maxActionBytes) }
        switch decide(on: command, refusal: refusal, signed: signed) {
        case .perform(let command):
            let results = await hub.perform(command.steps)
            return Self.answer(command.reply(results, nodes: hub.watch.reach ?? 1)).response
        case .reply(let reply): return Self.answer(reply).response
        case .refuse(let problem): throw problem
        case .unknown: throw HTTPError(.notFound)
        }
    }

    /// - Parameters:
    ///   - request: all of it.
    ///   - refusal: what the gate has against it.
    ///   - signed: for each speaker, in order, whether the request is signed with its key.
    private func decide(on request: ControlRequest, refusal: Problem?, signed: [Bool]) -> Decision {
        let commands = zip(speakers, signed).compactMap { speaker, isSigned in speaker.dialect.command(from: request).map { (command: $0, isSigned) }
        }
        // Who shows a convention's own key means that convention, wherever its route stands in the file.
        for case (let command, true) in commands {
            if case .signed = command.access { return .perform(command) }
        }
        var unknown: ControlReply?
        for (command, _) in commands {
            switch command.access {
            case .controlToken:
                if let refusal { return .refuse(refusal) }
            case .judged: break
            case .barred:
                unknown = unknown ?? command.reply([])
                continue
            case .signed(let otherwise):
                unknown = unknown ?? otherwise
                continue
            }
            return .perform(command)
        }
        if let unknown { return .reply(unknown) }
        return refusal.map(Decision.refuse) ?? .unknown
    }

    /// What is to be done about a request that the gate lets pass, where no convention has a key of its own.
    func decide(onAllowed request: ControlRequest) -> Decision {
        precondition(keys.isEmpty, "who has a key must be asked whether it was used")
        return decide(on: request, refusal: nil, signed: speakers.map { _ in false })
    }

    /// Where programs publish in a dialect's convention by the thousand.
    var publishPaths: Set<String> {
        guard keys.isEmpty else { return [] }
        var paths: Set<String> = []
        for route in hub.configuration.routes {
            switch route.dialect {
            case .grip: paths.formUnion(["/publish", "/publish/"])
            case .wsify: paths.insert(route.wsify.publishPath)
            default: break
            }
        }
        return paths
    }

    /// Whether a dialect that looks for its key itself finds it in a request's head.
    private func isKnown(_ head: ControlRequest) -> Bool {
        speakers.contains { $0.hasSpokenKey && $0.dialect.refusal(ofHead: head) == nil }
    }

    static func answer(_ reply: ControlReply) -> ControlAnswer {
        var headers: HTTPFields = [.contentType: reply.contentType]
        for field in reply.headers {
            if let name = HTTPField.Name(field.name) { headers.append(HTTPField(name: name, value: field.value)) }
        }
        return ControlAnswer(ControlAnswer.Head(.init(code: reply.status), headers), body: ByteBuffer(string: reply.body))
    }
}

extension TokenVerifier {
    /// Whether a request brings a token that is good now.
    fileprivate func verifies(_ request: Request) -> Bool {
        guard let header = request.headers[.authorization], case .bearer(let token) = GripAuthorization(header: header) else { return false }
        return verify(token, at: Int(WallClock.seconds)) == .valid
    }
}
