// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Which headers pass through the gateway between client and app, and which it adds.
///
/// Headers that concern one connection only go no further, nor do those that `Connection` names (RFC 9110 §7.6.1). Headers by which app and
/// gateway speak to each other are taken away from clients, so that nobody can pose as the gateway.
package enum ProxyHeaders {
    /// The value of `Grip-Feature`: what the gateway can do.
    package static let gripFeature =
        "status, session, link:next, link:gone, filter:skip-self, filter:skip-users, filter:require-sub, filter:build-id, filter:var-subst"

    /// A request that the gateway passes on.
    package struct Incoming: Sendable {
        /// As they came; names in lower case.
        package let headers: [OpeningRequest.Field]
        package let remoteAddress: String
        /// Whether the client speaks TLS.
        package let isTLS: Bool
        /// Whether it comes from a GRIP proxy whose `Grip-Sig` is right.
        package let isTrusted: Bool

        package init(headers: [OpeningRequest.Field], remoteAddress: String, isTLS: Bool, isTrusted: Bool) {
            self.headers = headers
            self.remoteAddress = remoteAddress
            self.isTLS = isTLS
            self.isTrusted = isTrusted
        }
    }

    /// Stands in front of the names of headers as a client sent them, for apps that are proxies themselves (``GripSettings/originHeaders``).
    private static let originPrefix = "eb9bf0f5-"

    // MARK: Towards the app

    /// The headers of a plain request towards the app. Without `Host` and `Content-Length`, and unless it is trusted without `Grip-…`: those are
    /// up to who sends.
    package static func toApp(_ request: Incoming, settings: GripSettings) -> [OpeningRequest.Field] {
        var fields = withoutHops(request.headers).filter { passes($0.name, request, settings) }
        if settings.originHeaders, !request.isTrusted {
            let marked = fields.filter { $0.name.hasPrefix(originPrefix) }
            let others = fields.filter { !$0.name.hasPrefix(originPrefix) }
            fields = others + marked + others.map { .init(name: originPrefix + $0.name, value: $0.value) }
        }
        addForwarded(&fields, request, settings)
        if !settings.cdnLoop.isEmpty {
            let before = fields.filter { $0.name == "cdn-loop" && !$0.value.isEmpty }.map(\.value)
            set("cdn-loop", (before + [settings.cdnLoop]).joined(separator: ", "), in: &fields)
        }
        let own = Set(settings.setHeaders.map(\.name))
        fields.removeAll { own.contains($0.name) }
        return fields + settings.setHeaders.filter { !$0.value.isEmpty }
    }

    /// The headers of a WebSocket's opening request that every WebSocket-over-HTTP request repeats. Without those that the convention sets itself.
    package static func replayed(
        _ request: OpeningRequest, settings: GripSettings, isTLS: Bool = false, isTrusted: Bool = false
    ) -> [OpeningRequest.Field] {
        let incoming = Incoming(headers: request.headers, remoteAddress: request.remoteAddress, isTLS: isTLS, isTrusted: isTrusted)
        return toApp(incoming, settings: settings).filter {
            switch $0.name {
            case "accept", "accept-encoding", "connection-id", "content-bytes-replayed", "content-encoding", "content-type", "grip-feature",
                "sec-websocket-extensions":
                false
            // What the app has stored comes back under such names, so a client must not bring any.
            default: isTrusted || !$0.name.hasPrefix("meta-")
            }
        }
    }

    private static func passes(_ name: String, _ request: Incoming, _ settings: GripSettings) -> Bool {
        switch name {
        case "host", "content-length", "expect": return false
        // What is appended to a response cannot be compressed along with it, so the app must not compress either.
        case "accept-encoding": return settings.noGrip || request.isTrusted
        case "connection-id": return request.isTrusted
        default: break
        }
        if name.hasPrefix("grip-") { return request.isTrusted }
        return settings.originHeaders || !name.hasPrefix(originPrefix)
    }

    private static func addForwarded(_ fields: inout [OpeningRequest.Field], _ request: Incoming, _ settings: GripSettings) {
        let given = fields.first { $0.name == "x-forwarded-proto" }?.value.lowercased()
        if settings.xForwardedProto || settings.acceptXForwardedProto {
            fields.removeAll { $0.name == "x-forwarded-proto" || $0.name == "x-forwarded-protocol" }
        }
        if settings.xForwardedProto {
            var isTLS = request.isTLS
            if settings.acceptXForwardedProto, let given {
                if ["https", "wss"].contains(given) { isTLS = true }
                if ["http", "ws"].contains(given) { isTLS = false }
            }
            fields.append(.init(name: "x-forwarded-proto", value: isTLS ? "https" : "http"))
        }
        if !settings.xForwardedFor.isEmpty, let rule = ForwardedForRule(settings.xForwardedFor) {
            let values = fields.filter { $0.name == "x-forwarded-for" }.map(\.value)
            set("x-forwarded-for", rule.value(values, own: request.remoteAddress), in: &fields)
        }
    }

    /// Whether the request has been here before (`CDN-Loop`, RFC 8586): then it is refused with 508, or it would come again for ever.
    package static func isLoop(_ headers: [OpeningRequest.Field], settings: GripSettings) -> Bool {
        func id(_ text: some StringProtocol) -> String { String(text.prefix { $0 != ";" }).filter { !$0.isWhitespace }.lowercased() }
        let own = id(settings.cdnLoop)
        guard !own.isEmpty else { return false }
        return headers.contains { $0.name == "cdn-loop" && $0.value.split(separator: ",").contains { id($0) == own } }
    }

    // MARK: Towards the client

    /// The headers of an app's response towards the client: without those of the connection, and without `Grip-…`. `Content-Length` is kept.
    package static func toClient(_ headers: [OpeningRequest.Field]) -> [OpeningRequest.Field] {
        withoutHops(headers).filter { !$0.name.hasPrefix("grip-") }
    }

    /// The headers of a response whose body may become another one.
    static func toHeldClient(_ headers: [OpeningRequest.Field]) -> [OpeningRequest.Field] { toClient(headers).filter { $0.name != "content-length" } }

    // MARK: Both ways

    private static func withoutHops(_ headers: [OpeningRequest.Field]) -> [OpeningRequest.Field] {
        var named: Set<String> = []
        for header in headers where header.name == "connection" {
            for name in header.value.split(separator: ",") { named.insert(name.filter { !$0.isWhitespace }.lowercased()) }
        }
        return headers.filter {
            switch $0.name {
            case "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade": false
            default: !named.contains($0.name)
            }
        }
    }

    /// Puts one field of that name at the end, in the place of all that there are; none for `nil`.
    private static func set(_ name: String, _ value: String?, in fields: inout [OpeningRequest.Field]) {
        fields.removeAll { $0.name == name }
        if let value { fields.append(.init(name: name, value: value)) }
    }
}
