// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore
import Testing

struct ProxyHeadersTests {
    private func toApp(
        _ headers: [OpeningRequest.Field], isTLS: Bool = false, isTrusted: Bool = false, _ change: (inout GripSettings) -> Void = { _ in }
    ) -> [OpeningRequest.Field] {
        var settings = GripSettings()
        settings.xForwardedProto = false
        change(&settings)
        let request = ProxyHeaders.Incoming(headers: headers, remoteAddress: "203.0.113.9", isTLS: isTLS, isTrusted: isTrusted)
        return ProxyHeaders.toApp(request, settings: settings)
    }

    private func replayed(_ headers: [OpeningRequest.Field], isTrusted: Bool = false) -> [OpeningRequest.Field] {
        var settings = GripSettings()
        settings.xForwardedProto = false
        return ProxyHeaders.replayed(.sample(headers: headers), settings: settings, isTrusted: isTrusted)
    }

    // MARK: Hops

    static let hops: [OpeningRequest.Field] = [
        "Connection: close, X-One , x-two", "Keep-Alive: timeout=5", "Proxy-Connection: keep-alive", "TE: trailers", "Trailer: X-Sum",
        "Transfer-Encoding: chunked", "Upgrade: h2c", "X-One: 1", "X-Two: 2", "Connection: X-Three", "X-Three: 3",
    ]

    @Test("What concerns one connection goes no further, either way")
    func connection() {
        #expect(toApp(Self.hops + ["X-Four: 4"]) == ["X-Four: 4"])
        #expect(replayed(Self.hops + ["X-Four: 4"]) == ["X-Four: 4"])
        #expect(ProxyHeaders.toClient(Self.hops + ["X-Four: 4"]) == ["X-Four: 4"])
    }

    @Test("The rest passes in its order, repetitions included")
    func passing() {
        let headers: [OpeningRequest.Field] = [
            "Cookie: a=1", "Authorization: Bearer x", "X-A: 1", "User-Agent: curl", "X-A: 2", "Accept: */*", "Content-Type: text/plain",
            "Origin: http://x",
        ]
        #expect(toApp(headers) == headers)
        #expect(ProxyHeaders.toClient(headers) == headers)
    }

    @Test("Host, length and expectations are the sender's business; a body's coding stays")
    func framing() {
        #expect(toApp(["Host: x", "Content-Length: 3", "Expect: 100-continue", "Content-Encoding: gzip"]) == ["Content-Encoding: gzip"])
        #expect(ProxyHeaders.toClient(["Content-Length: 3", "Content-Encoding: gzip"]) == ["Content-Length: 3", "Content-Encoding: gzip"])
    }

    @Test("An app that may hold requests is not asked to compress")
    func compression() {
        #expect(toApp(["Accept-Encoding: gzip"]) == [])
        #expect(toApp(["Accept-Encoding: gzip"]) { $0.noGrip = true } == ["Accept-Encoding: gzip"])
        #expect(toApp(["Accept-Encoding: gzip"], isTrusted: true) == ["Accept-Encoding: gzip"])
    }

    // MARK: Spoofing

    @Test("Nobody can pose as the gateway, except one who is trusted")
    func spoofing() {
        let headers: [OpeningRequest.Field] = [
            "Grip-Sig: x", "Grip-Last: a; last-id=1", "grip-feature: all", "Meta-User: root", "Connection-Id: 7", "Metadata: 1", "Gripping: 2",
        ]
        #expect(toApp(headers) == ["Meta-User: root", "Metadata: 1", "Gripping: 2"], "of a plain request, Meta-… are headers like others")
        #expect(toApp(headers, isTrusted: true) == headers)
        #expect(replayed(headers) == ["Metadata: 1", "Gripping: 2"])
    }

    @Test("A client does not see how app and gateway speak to each other")
    func hidden() {
        #expect(ProxyHeaders.toClient(["Grip-Hold: stream", "Grip-Unknown: 1", "X-A: 1"]) == ["X-A: 1"])
    }

    // MARK: WebSockets

    @Test("A WebSocket's handshake is repeated without what the convention says itself")
    func handshake() {
        let headers: [OpeningRequest.Field] = [
            "Host: x", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: k", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Protocol: chat",
            "Sec-WebSocket-Extensions: permessage-deflate", "Accept: */*", "Accept-Encoding: gzip", "Content-Type: text/plain",
            "Content-Encoding: gzip",
            "Content-Length: 0", "Content-Bytes-Replayed: 5", "Cookie: a=1", "Origin: http://x",
        ]
        let repeated: [OpeningRequest.Field] = [
            "Sec-WebSocket-Key: k", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: chat", "Cookie: a=1", "Origin: http://x",
        ]
        #expect(replayed(headers) == repeated)
        #expect(replayed(headers, isTrusted: true) == repeated)
    }

    @Test("Even a trusted proxy's own features and settings do not go with a WebSocket's requests")
    func trustedHandshake() {
        #expect(replayed(["Grip-Feature: status", "Connection-Id: 7", "Grip-Sig: x"], isTrusted: true) == ["Grip-Sig: x"])
    }

    // MARK: Forwarding

    @Test("The scheme is told, and a client's word for it is taken only where it is accepted")
    func scheme() {
        let claimed: [OpeningRequest.Field] = ["X-Forwarded-Proto: HTTPS", "X-Forwarded-Protocol: https"]
        #expect(toApp(claimed) == claimed)
        #expect(toApp(claimed) { $0.xForwardedProto = true } == ["X-Forwarded-Proto: http"])
        #expect(toApp([], isTLS: true) { $0.xForwardedProto = true } == ["X-Forwarded-Proto: https"])
        func accepting(_ settings: inout GripSettings) { (settings.xForwardedProto, settings.acceptXForwardedProto) = (true, true) }
        #expect(toApp(claimed, accepting) == ["X-Forwarded-Proto: https"])
        #expect(toApp(["X-Forwarded-Proto: http"], isTLS: true, accepting) == ["X-Forwarded-Proto: http"])
        #expect(toApp(["X-Forwarded-Proto: wss"], accepting) == ["X-Forwarded-Proto: https"])
        #expect(toApp(["X-Forwarded-Proto: gopher"], accepting) == ["X-Forwarded-Proto: http"])
        #expect(toApp(claimed) { $0.acceptXForwardedProto = true } == [])
    }

    @Test("Addresses are kept and added as the rule says")
    func addresses() {
        let claimed: [OpeningRequest.Field] = ["X-Forwarded-For: 1.1.1.1, 2.2.2.2", "X-A: 1", "X-Forwarded-For: 3.3.3.3"]
        #expect(toApp(claimed) == claimed)
        #expect(toApp(claimed) { $0.xForwardedFor = "truncate:1,append" } == ["X-A: 1", "X-Forwarded-For: 3.3.3.3, 203.0.113.9"])
        #expect(toApp(claimed) { $0.xForwardedFor = "truncate:0" } == ["X-A: 1"])
        #expect(toApp([]) { $0.xForwardedFor = "append" } == ["X-Forwarded-For: 203.0.113.9"])
        #expect(replayed(claimed) == claimed)
    }

    @Test("A client cannot take away by Connection what the gateway adds")
    func connectionAbuse() {
        #expect(
            toApp(["Connection: X-Forwarded-For, X-Forwarded-Proto, X-Set", "X-Forwarded-For: 1.1.1.1"]) {
                $0.xForwardedFor = "append"
                $0.xForwardedProto = true
                $0.setHeaders = ["X-Set: 1"]
            } == ["X-Forwarded-Proto: http", "X-Forwarded-For: 203.0.113.9", "X-Set: 1"])
    }

    // MARK: Loops

    @Test("The route's token is added to CDN-Loop")
    func loopToken() {
        #expect(toApp(["CDN-Loop: a"]) == ["CDN-Loop: a"])
        #expect(toApp([]) { $0.cdnLoop = "me" } == ["CDN-Loop: me"])
        #expect(toApp(["CDN-Loop: a; v=1", "X-A: 1", "CDN-Loop: b"]) { $0.cdnLoop = "me" } == ["X-A: 1", "CDN-Loop: a; v=1, b, me"])
    }

    @Test(
        "A request that has been here is known again",
        arguments: [
            ("me", "me", true), ("a, me; v=1", "me", true), ("a,ME ,b", "me", true), ("me", "me; v=2", true), ("mee", "me", false),
            ("a; me", "me", false),
            ("", "me", false), ("me", "", false),
        ])
    func loop(_ value: String, _ token: String, _ isLoop: Bool) {
        var settings = GripSettings()
        settings.cdnLoop = token
        #expect(ProxyHeaders.isLoop([.init(name: "cdn-loop", value: "x"), .init(name: "cdn-loop", value: value)], settings: settings) == isLoop)
        #expect(!ProxyHeaders.isLoop([.init(name: "x-loop", value: value)], settings: settings))
    }

    // MARK: The route's own

    @Test("A route sets headers and takes some away")
    func own() {
        #expect(
            toApp(["X-A: 1", "X-B: 2", "X-A: 3", "X-C: 4"]) { $0.setHeaders = ["X-A: 9", "X-B: ", "X-A: 10", "X-D: 5"] }
                == ["X-C: 4", "X-A: 9", "X-A: 10", "X-D: 5"])
    }

    @Test("An app that is a proxy gets the client's headers marked, besides")
    func origin() {
        let headers: [OpeningRequest.Field] = ["X-A: 1", "eb9bf0f5-X-B: 2", "Grip-Sig: x", "Connection: close"]
        #expect(toApp(headers) == ["X-A: 1"])
        #expect(toApp(headers) { $0.originHeaders = true } == ["X-A: 1", "eb9bf0f5-X-B: 2", "eb9bf0f5-X-A: 1"])
        #expect(toApp(headers, isTrusted: true) { $0.originHeaders = true } == ["X-A: 1", "eb9bf0f5-X-B: 2", "Grip-Sig: x"])
    }
}
