// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore
import NIOHTTP1

/// The heads of requests: what each is, and who deals with it.
extension OpeningHandler {
    func received(_ head: HTTPRequestHead) {
        if !head.headers[canonicalForm: "upgrade"].contains(where: { $0.lowercased() == "websocket" }) {
            let target = RequestTarget(head.uri)
            let authority = head.headers.first(name: "host")
            let route = shard.routes.route(for: target.path, at: authority)
            // A route of the host that is asked for goes before a place to publish at that is for any.
            if let publisher = shard.publishers.route(for: target.path, at: authority),
                publisher.configuration.host != nil || route?.proxy == nil || route?.configuration.host == nil
            {
                return publish(head, target, publisher)
            }
            if let route {
                if let proxy = route.proxy { return exchange(head, target, route, proxy) }
            } else if shard.passesRequestsOn {
                return head.method == .CONNECT ? refuse(405, "CONNECT is not passed on") : refuse(404, "no route for this path")
            }
        }
        let verdict = Handshake.judge(method: head.method.rawValue, isHTTP11: head.version.major == 1 && head.version.minor >= 1) { head.headers[$0] }
        switch verdict {
        case .refuse(let status, let headers, let message):
            shard.refused[.of(status: status), default: 0] += 1
            let isBare = !head.headers.contains(name: "content-length") && !head.headers.contains(name: "transfer-encoding")
            let isUpgrade = head.headers.contains(name: "upgrade")
            respond(status, headers, ByteBuffer(string: message + "\n"), keepsAlive: head.isKeepAlive && isBare && !isUpgrade)
        case .upgrade(let key, let protocols, let extensions): handshake(head, key, protocols, extensions)
        }
    }

    /// An opening request of the usual form has come.
    ///
    /// - Returns: whether it is a good handshake; if not, a parser has the say.
    func received(_ head: OpeningRequestReader.Head) -> Bool {
        guard !head.fields.contains(where: { $0.name == "content-length" || $0.name == "transfer-encoding" }),
            case .upgrade(let key, let protocols, let extensions) = Handshake.judge(method: "GET", isHTTP11: true, values: head.values)
        else { return false }
        let request = openingRequest(RequestTarget(head.target), protocols: protocols, head.fields.map { .init(name: $0.name, value: $0.value) })
        handshake(request, key, extensions)
        // Nothing of it is still to come.
        if case .finishing = state { requestEnded() }
        return true
    }

    private func handshake(_ head: HTTPRequestHead, _ key: String, _ protocols: [String], _ extensions: [ExtensionOffer]) {
        guard !head.headers.contains(name: "transfer-encoding"), head.headers["content-length"].allSatisfy({ $0 == "0" }) else {
            return refuse(400, "a WebSocket handshake has no body")
        }
        handshake(openingRequest(head, RequestTarget(head.uri), protocols: protocols), key, extensions)
    }

    private func handshake(_ request: OpeningRequest, _ key: String, _ extensions: [ExtensionOffer]) {
        guard let route = shard.routes.route(for: request.path, at: request.header("host")) else {
            return refuse(404, "no route for this path")
        }
        guard !route.configuration.dialect.asksWhatToDial else {
            return refuse(404, "nobody can connect here: the app behind this route says what the gateway connects to")
        }
        let origins = request.headers.filter { $0.name == "origin" }.map(\.value)
        guard route.configuration.origins.allows(origins) else { return refuse(403, "this origin is not allowed") }
        guard isWelcome() else { return }
        let connection = Connection(id: id, request: request, route: route, shard: shard, opening: self)
        let policy = route.configuration.compression
        let agreement = policy.isEnabled ? DeflateAgreement.choose(among: extensions, wish: policy.wish) : nil
        state = .finishing(Accepting(key: key, compression: agreement), connection: connection, request)
    }

    /// Begins to pass an ordinary request on.
    private func exchange(_ head: HTTPRequestHead, _ target: RequestTarget, _ route: ShardRoute, _ proxy: HTTPProxy) {
        guard isProper(head), isWelcome() else { return }
        var request = openingRequest(head, target, protocols: [])
        request.isTrusted = route.isTrusted(request.header("grip-sig"))
        let incoming = HTTPExchange.Incoming(head, request, slot: id.slot)
        let exchange = HTTPExchange(incoming, route: route, proxy: proxy, shard: shard, opening: self)
        state = .exchanging(exchange)
        exchange.start()
    }

    /// Begins to take a publication.
    private func publish(_ head: HTTPRequestHead, _ target: RequestTarget, _ route: ShardRoute) {
        guard isProper(head), isWelcome() else { return }
        let incoming = HTTPExchange.Incoming(head, openingRequest(head, target, protocols: []), slot: id.slot)
        let exchange = PublishExchange(incoming, route: route, shard: shard, opening: self)
        state = .exchanging(exchange)
        exchange.start()
    }

    /// Whether an ordinary request can be dealt with; else the client is told why not.
    private func isProper(_ head: HTTPRequestHead) -> Bool {
        let hosts = head.headers["host"]
        guard hosts.count == 1 || (hosts.isEmpty && head.version.minor == 0) else {
            refuse(400, hosts.isEmpty ? "no Host header" : "more than one Host header")
            return false
        }
        guard head.method != .CONNECT, head.method != .TRACE else {
            refuse(405, "\(head.method.rawValue) is not passed on")
            return false
        }
        guard head.headers["transfer-encoding"].allSatisfy({ $0.lowercased() == "chunked" }) else {
            refuse(501, "a request's body may be chunked, and nothing else (Transfer-Encoding)")
            return false
        }
        return true
    }

    /// Whether a client is let in as far as the gateway is concerned; else it is told why not.
    private func isWelcome() -> Bool {
        if shard.admission.isDraining {
            refuse(503, "this gateway is shutting down", [("retry-after", "1")], .shutdown)
            return false
        }
        switch standing {
        case .welcome: return true
        case .surplus(.address), .unwanted(.address): refuse(429, "too many connections from this address", [("retry-after", "5")])
        case .surplus, .unwanted: refuse(503, "this gateway holds as many connections as it may", [("retry-after", "5")], .full)
        }
        return false
    }

    private func openingRequest(_ head: HTTPRequestHead, _ target: RequestTarget, protocols: [String]) -> OpeningRequest {
        openingRequest(target, protocols: protocols, head.headers.map { OpeningRequest.Field(name: $0.name.lowercased(), value: $0.value) })
    }

    private func openingRequest(_ target: RequestTarget, protocols: [String], _ headers: [OpeningRequest.Field]) -> OpeningRequest {
        OpeningRequest(
            path: target.path, query: target.query, remoteAddress: context?.channel.remoteAddress?.ipAddress ?? "", headers: headers,
            protocols: protocols, isSecure: isTLS)
    }
}
