// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore
import NIOEmbedded
import NIOHTTP1

/// The first bytes of a client: read as the public listener reads them, then judged and matched against routes and origins.
///
/// Never a crash. Never a handshake accepted that lacks something, nor a refusal with a status or a head that HTTP does not know.
enum Handshake {
    static let target = FuzzTarget(name: "Handshake", maxLength: 1024) { input in
        var input = input
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = 16 << 10
        limits.maxHeaderListSize = 16 << 10
        let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits)
        let channel = EmbeddedChannel(handler: ByteToMessageHandler(decoder, maximumBufferSize: 32 << 10))
        do {
            for piece in input.pieces() { try channel.writeInbound(ByteBuffer.amid(piece)) }
        } catch {
            // Not HTTP/1.1: what came before the fault is judged all the same.
        }
        while let part = try? channel.readInbound(as: HTTPServerRequestPart.self) {
            if case .head(let head) = part { check(head) }
        }
        _ = try? channel.finish(acceptAlreadyClosed: true)
    }

    private static func check(_ head: HTTPRequestHead) {
        let isHTTP11 = head.version.major == 1 && head.version.minor >= 1
        switch HoldfastWire.Handshake.judge(method: head.method.rawValue, isHTTP11: isHTTP11, values: { head.headers[$0] }) {
        case .upgrade(let key, let protocols, let extensions):
            claim(head.method == .GET && isHTTP11 && head.headers["host"].count == 1, "accepted: \(head)")
            claim(Base64.decode(key)?.readableBytes == 16, "key \(key)")
            claim(protocols.allSatisfy(HoldfastWire.Handshake.isToken) && Set(protocols).count == protocols.count, "protocols \(protocols)")
            claim(ExtensionOffer.list(head.headers["sec-websocket-extensions"]) == extensions, "extensions \(extensions)")
            Extensions.check(head.headers["sec-websocket-extensions"], .init(contextTakeover: true, windowBits: 15))
        case .refuse(let status, let headers, let message):
            claim([400, 405, 426, 505].contains(status), "status \(status)")
            claim(headers.allSatisfy { HoldfastWire.Handshake.isToken($0.0) && isLine($0.1) }, "headers \(headers)")
            claim(!message.isEmpty && isLine(message), "message \(message)")
        }
        let path = String(head.uri.prefix { $0 != "?" })
        let route = RouteTable(paths.map { .init(pattern: $0, route: $0.description) }).route(for: path)
        claim(route.map { $0 == "/*" || path.hasPrefix("/chat") } ?? !path.hasPrefix("/"), "\(path) is led to \(route ?? "no route")")
        let origin = head.headers["origin"]
        if origins.allows(origin), !origin.isEmpty {
            claim(origin.count == 1 && origin[0].lowercased().contains("example.com"), "origin \(origin)")
        }
        _ = head.headers.first(name: "traceparent").flatMap(TraceContext.init(traceparent:))
    }

    private static let paths = ["/*", "/chat", "/chat/*"].compactMap { PathPattern($0) }

    private static let origins: OriginPolicy = {
        do throws(OriginError) {
            return try OriginPolicy(["https://example.com", "https://*.example.com", "*.example.com:8443"])
        } catch {
            fatalError(error.description)
        }
    }()
}
