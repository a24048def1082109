// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore
import Testing

/// Request line and fields that all webhooks of a connection begin with.
struct GripRequestHeadTests {
    private static func head(
        _ request: OpeningRequest = .sample(), settings: GripSettings = GripSettings(), path: String = "/*", target: String = "http://localhost:8000"
    ) throws -> [String] {
        let dialect = GripDialect(
            settings: settings, path: try #require(PathPattern(path)), target: try #require(TargetURL(target)), maxMessageBytes: 1 << 20)
        let head = try #require(dialect.webhookHead(of: request, id: .sample()))
        var bytes = ByteBuffer()
        head.write(into: &bytes)
        let text = String(buffer: bytes)
        #expect(text.hasSuffix("\r\n"), "each line has its end")
        #expect(!text.contains("\r\n\r\n"), "more fields follow")
        return text.dropLast().split(separator: "\r\n", omittingEmptySubsequences: false).map(String.init)
    }

    private static func request(_ path: String, query: String = "", headers: [OpeningRequest.Field] = []) -> OpeningRequest {
        OpeningRequest(path: path, query: query, remoteAddress: "203.0.113.9", headers: headers, protocols: [])
    }

    @Test("It says what the convention asks for: method, path, host, types, the connection's id, and what the gateway can do")
    func convention() throws {
        #expect(
            try Self.head().prefix(7) == [
                "POST /chat HTTP/1.1", "host: localhost:8000", "accept: application/websocket-events", "content-type: application/websocket-events",
                "connection-id: \(ConnectionID.sample())", "sec-websocket-extensions: grip", "grip-feature: \(ProxyHeaders.gripFeature)",
            ])
    }

    @Test("A route without GRIP does not offer it")
    func noGrip() throws {
        var settings = GripSettings()
        settings.noGrip = true
        let head = try Self.head(settings: settings)
        #expect(head[4] == "connection-id: \(ConnectionID.sample())")
        #expect(!head.contains { $0.hasPrefix("sec-websocket-extensions:") || $0.hasPrefix("grip-") })
    }

    // MARK: Headers

    @Test(
        "The opening request's headers are repeated, each as often as it came",
        arguments: [
            "cookie: a=1", "cookie: b=2", "authorization: Bearer abc", "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-version: 13",
            "sec-websocket-protocol: v2.chat, v1.chat", "user-agent: a browser", "origin: https://example.com", "x-empty: ",
        ])
    func replayed(_ line: String) throws {
        #expect(try Self.head(Self.request("/chat", headers: Self.headers)).count { $0 == line } == 1)
    }

    @Test(
        "What belongs to the HTTP connection, or would pass for the gateway's own, is not",
        arguments: [
            "upgrade", "connection", "keep-alive", "transfer-encoding", "content-length", "accept-encoding", "content-encoding", "expect",
            "meta-user",
            "grip-sig", "grip-last", "content-bytes-replayed",
        ])
    func stripped(_ name: String) throws {
        #expect(try !Self.head(Self.request("/chat", headers: Self.headers)).contains { $0.hasPrefix("\(name):") })
    }

    @Test(
        "What the gateway says itself is said once, whatever the client said",
        arguments: ["accept", "content-type", "connection-id", "sec-websocket-extensions", "grip-feature"])
    func once(_ name: String) throws {
        let lines = try Self.head(Self.request("/chat", headers: Self.headers)).filter { $0.hasPrefix("\(name):") }
        #expect(lines.count == 1)
        #expect(!lines[0].contains("forged"))
    }

    private static let headers = [
        ("cookie", "a=1"), ("authorization", "Bearer abc"), ("cookie", "b=2"), ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-version", "13"), ("sec-websocket-protocol", "v2.chat, v1.chat"), ("user-agent", "a browser"),
        ("origin", "https://example.com"),
        ("x-empty", ""), ("upgrade", "websocket"), ("connection", "upgrade, keep-alive"), ("keep-alive", "timeout=5"),
        ("transfer-encoding", "chunked"), ("content-length", "7"), ("accept-encoding", "gzip"), ("content-encoding", "gzip"),
        ("expect", "100-continue"), ("meta-user", "forged"), ("grip-sig", "forged"), ("grip-last", "forged"), ("content-bytes-replayed", "7"),
        ("accept", "forged"), ("content-type", "forged"), ("connection-id", "forged"), ("sec-websocket-extensions", "forged"),
        ("grip-feature", "forged"),
    ].map { OpeningRequest.Field(name: $0.0, value: $0.1) }

    @Test("A route sets headers of its own, and takes the client's away")
    func setHeaders() throws {
        var settings = GripSettings()
        settings.setHeaders = [.init(name: "x-env", value: "test"), .init(name: "cookie", value: ""), .init(name: "user-agent", value: "gateway")]
        let head = try Self.head(Self.request("/chat", headers: Self.headers), settings: settings)
        #expect(head.count { $0 == "x-env: test" } == 1)
        #expect(!head.contains { $0.hasPrefix("cookie:") })
        #expect(head.filter { $0.hasPrefix("user-agent:") } == ["user-agent: gateway"])
    }

    @Test("The app learns how the client came", arguments: [true, false])
    func scheme(_ isSecure: Bool) throws {
        let request = OpeningRequest(path: "/", query: "", remoteAddress: "203.0.113.9", headers: [], protocols: [], isSecure: isSecure)
        #expect(try Self.head(request).contains("x-forwarded-proto: \(isSecure ? "https" : "http")"))
    }

    @Test(
        "For a trusted proxy's request GRIP is offered only where the proxy asks for it",
        arguments: [(nil, false), ("permessage-deflate", false), ("grip", true), ("permessage-deflate, grip; message-prefix=m:", true)]
            as [(String?, Bool)])
    func trusted(_ extensions: String?, _ isOffered: Bool) throws {
        var request = Self.request("/chat", headers: extensions.map { [.init(name: "sec-websocket-extensions", value: $0)] } ?? [])
        request.isTrusted = true
        let head = try Self.head(request)
        #expect(head.filter { $0.hasPrefix("sec-websocket-extensions:") } == (isOffered ? ["sec-websocket-extensions: grip"] : []))
        #expect(head.contains { $0.hasPrefix("grip-feature:") } == isOffered)
    }

    @Test("The client's trace is not repeated: each webhook has a span of its own")
    func trace() throws {
        let trace = OpeningRequest.Field(name: "traceparent", value: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        #expect(try !Self.head(Self.request("/chat", headers: [trace])).contains { $0.hasPrefix("traceparent:") })
    }

    // MARK: Host

    @Test("The host is the one that the client asked for, once")
    func clientsHost() throws {
        let head = try Self.head(Self.request("/chat", headers: [.init(name: "host", value: "chat.test:8443")]))
        #expect(head.filter { $0.hasPrefix("host:") } == ["host: chat.test:8443"])
        #expect(head[1] == "host: chat.test:8443")
    }

    @Test(
        "For a client that asked for none it is the target's own, with its port where that is not the scheme's",
        arguments: [
            ("http://localhost:8000", "localhost:8000"), ("http://app.test", "app.test"), ("http://app.test:80/x", "app.test"),
            ("https://app.test:443", "app.test"), ("https://app.test:80", "app.test:80"), ("http://[::1]:8000", "[::1]:8000"),
        ])
    func targetHost(_ target: String, _ expected: String) throws {
        #expect(try Self.head(target: target)[1] == "host: \(expected)")
    }

    @Test("A route may name another host")
    func host() throws {
        var settings = GripSettings()
        settings.host = "example.com"
        let head = try Self.head(Self.request("/chat", headers: [.init(name: "host", value: "chat.test")]), settings: settings)
        #expect(head.filter { $0.hasPrefix("host:") } == ["host: example.com"])
    }

    // MARK: Path

    @Test(
        "The app is asked at the client's own path and query, below the target's path",
        arguments: [
            ("/", "", "http://h", "/"), ("/chat", "", "http://h", "/chat"), ("/chat", "a=1&b=%20", "http://h", "/chat?a=1&b=%20"),
            ("/chat/", "?", "http://h/", "/chat/??"), ("/chat", "", "http://h/app", "/app/chat"), ("/chat", "a", "http://h/app/", "/app/chat?a"),
            ("/", "", "http://h/app", "/app/"), ("/caf%C3%A9", "", "http://h", "/caf%C3%A9"),
        ])
    func path(_ path: String, _ query: String, _ target: String, _ expected: String) throws {
        #expect(try Self.head(Self.request(path, query: query), target: target)[0] == "POST \(expected) HTTP/1.1")
    }

    @Test(
        "A route may replace the fixed part of its path; what is below it stays",
        arguments: [
            ("/chat/*", "/v2", "/chat/room", "/v2/room"), ("/chat/*", "/v2", "/chat/", "/v2/"), ("/chat/*", "", "/chat/room", "/room"),
            ("/chat/*", "", "/chat/", "/"), ("/*", "/v2", "/chat/room", "/v2/chat/room"), ("/*", "", "/chat", "/chat"),
            ("/chat", "/v2", "/chat", "/v2"),
            ("/chat", "", "/chat", "/"), ("/chat*", "/v2", "/chatter", "/v2ter"), ("/chat*", "", "/chatter", "/ter"), ("/chat*", "", "/chat", "/"),
            ("/chat*", "/v2", "/chat/room", "/v2/room"), ("/chat/*", "v2", "/chat/room", "/v2/room"), ("/chat/*", "/", "/chat/room", "/room"),
            ("/chat/*", "/v2/", "/chat/room", "/v2/room"), ("/chat*", "/v2/", "/chatter", "/v2/ter"),
        ])
    func replaced(_ pattern: String, _ replacement: String, _ path: String, _ expected: String) throws {
        var settings = GripSettings()
        settings.replacePrefix = replacement
        #expect(try Self.head(Self.request(path), settings: settings, path: pattern)[0] == "POST \(expected) HTTP/1.1")
        let withQuery = try Self.head(Self.request(path, query: "/chat/*"), settings: settings, path: pattern, target: "http://h/app/")[0]
        #expect(withQuery == "POST /app\(expected)?/chat/* HTTP/1.1", "the query is as it came")
    }

    @Test("A query of the target's own goes in front of the client's, as it does for other conventions")
    func targetQuery() throws {
        #expect(try Self.head(Self.request("/chat"), target: "http://h/app?key=1")[0] == "POST /app/chat?key=1 HTTP/1.1")
        #expect(try Self.head(Self.request("/chat", query: "a=1"), target: "http://h/app?key=1")[0] == "POST /app/chat?key=1&a=1 HTTP/1.1")
    }
}
