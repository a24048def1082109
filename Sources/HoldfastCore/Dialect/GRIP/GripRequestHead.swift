// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire

/// Where and how a `grip` route's app is asked: the request line and the headers that all webhooks of a connection share.
struct GripRequestHead {
    private let settings: GripSettings
    private let path: PathPattern
    private let target: TargetURL

    init(settings: GripSettings, path: PathPattern, target: TargetURL) {
        self.settings = settings
        self.path = path
        self.target = target
    }

    /// Request line and fields of each webhook of a connection, the opening request's headers among them.
    func webhook(of request: OpeningRequest, id: ConnectionID) -> SplitHead {
        let fields = ProxyHeaders.replayed(request, settings: settings, isTLS: request.isSecure, isTrusted: request.isTrusted)
        var head = SplitHead()
        func write(_ name: String, _ value: String) { head.appendField(name, value, isOwn: Self.differs(name)) }
        head.appendOwn("POST \(GripTarget.requestTarget(of: request, path: path, target: target, settings: settings)) HTTP/1.1\r\n")
        write("host", settings.host ?? request.header("host") ?? target.authority)
        write("accept", GripDialect.contentType)
        write("content-type", GripDialect.contentType)
        write("connection-id", id.description)
        // A proxy that is trusted asks for itself, or does not.
        if !settings.noGrip, !request.isTrusted || request.header("sec-websocket-extensions")?.contains("grip") == true {
            write("sec-websocket-extensions", "grip")
            write("grip-feature", (request.isTrusted ? request.header("grip-feature") : nil) ?? ProxyHeaders.gripFeature)
        }
        // Each webhook has a span of its own in the client's trace.
        for field in fields where field.name != "traceparent" { write(field.name, field.value) }
        return head
    }

    /// Whether a header is likely to be another one for each client.
    private static func differs(_ name: String) -> Bool {
        switch name {
        case "authorization", "connection-id", "cookie", "forwarded", "sec-websocket-key", "tracestate", "x-forwarded-for", "x-real-ip",
            "x-request-id":
            true
        default: false
        }
    }
}

/// The request target of the app for a client's path, which a route may rewrite.
package enum GripTarget {
    package static func requestTarget(of request: OpeningRequest, path: PathPattern, target: TargetURL, settings: GripSettings) -> String {
        requestTarget(request.path, query: request.query, path: path, target: target, settings: settings)
    }

    /// - Parameters:
    ///   - own: the client's path.
    ///   - query: without its question mark; empty for none.
    package static func requestTarget(_ own: String, query: String, path: PathPattern, target: TargetURL, settings: GripSettings) -> String {
        var rest = own
        if let replacement = settings.replacePrefix {
            let below = rest.dropFirst(path.fixedPart.count)
            rest = (replacement.hasSuffix("/") && below.hasPrefix("/") ? String(replacement.dropLast()) : replacement) + below
            if !rest.hasPrefix("/") { rest = "/" + rest }
        }
        let base = target.path.hasSuffix("/") ? String(target.path.dropLast()) : target.path
        let own = query.isEmpty ? "" : (target.query.isEmpty ? "?" : "&") + query
        return base + rest + target.query + own
    }
}
