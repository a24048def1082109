// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore
import Testing

struct ClientHandshakeTests {
    private static let key = "dGhlIHNhbXBsZSBub25jZQ=="
    private static let accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

    private static func request(
        target: String = "/chat", authority: String = "server.example.com", key: String = key, protocols: [String] = [], extensions: String? = nil,
        headers: [(name: String, value: String)] = []
    ) throws(ClientHandshakeError) -> String {
        String(
            buffer: try ClientHandshake.request(
                target: target, authority: authority, key: key, protocols: protocols, extensions: extensions, headers: headers))
    }

    // MARK: The request

    @Test("The least request is the handshake's own lines and nothing else")
    func leastRequest() throws {
        #expect(
            try Self.request() == "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
    }

    @Test("Subprotocols, extensions and the caller's headers follow, in the order given")
    func fullRequest() throws {
        let text = try Self.request(
            target: "/a%20b?x=1&y=%0D%0A", authority: "[::1]:8080", protocols: ["chat", "superchat"],
            extensions: DeflateAgreement.offer(wish: DeflateAgreement.Wish()),
            headers: [("user-agent", "Holdfast"), ("Authorization", "Bearer x y"), ("x-empty", ""), ("x-tab", "a\tb"), ("x-wide", "é")])
        #expect(
            text == "GET /a%20b?x=1&y=%0D%0A HTTP/1.1\r\nHost: [::1]:8080\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat, superchat\r\n"
                + "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits\r\n"
                + "user-agent: Holdfast\r\nAuthorization: Bearer x y\r\nx-empty: \r\nx-tab: a\tb\r\nx-wide: é\r\n\r\n")
    }

    @Test("Our own listener takes the request for a good handshake")
    func ownListener() throws {
        var lines = try Self.request(protocols: ["a", "b"], extensions: "permessage-deflate").split(separator: "\r\n").dropFirst()
        var headers: [String: [String]] = [:]
        while let line = lines.popFirst() {
            let colon = try #require(line.firstIndex(of: ":"))
            headers[line[..<colon].lowercased(), default: []].append(String(line[colon...].dropFirst(2)))
        }
        let verdict = Handshake.judge(method: "GET", isHTTP11: true) { headers[$0] ?? [] }
        let deflate = ExtensionOffer(name: "permessage-deflate", parameters: [])
        #expect(verdict == .upgrade(key: Self.key, protocols: ["a", "b"], extensions: [deflate]))
    }

    /// Texts that would end a line, a request, or mean something else to somebody on the way.
    private static let breaking = [
        "\r\n", "\n", "\r", "\0", "\u{7F}", "\u{B}", "\r\nx: y", "a\r\n\r\nGET / HTTP/1.1", "a\nb", "\u{1}",
    ]

    @Test("Nothing that is handed in can end a line", arguments: breaking)
    func noLineBreaks(_ text: String) {
        for around in [text, "a" + text, text + "a", "a" + text + "b"] {
            #expect(throws: ClientHandshakeError.self) { try Self.request(target: "/" + around) }
            #expect(throws: ClientHandshakeError.self) { try Self.request(target: "/?" + around) }
            #expect(throws: ClientHandshakeError.self) { try Self.request(authority: "host" + around) }
            #expect(throws: ClientHandshakeError.self) { try Self.request(key: around) }
            #expect(throws: ClientHandshakeError.self) { try Self.request(key: Self.key + around) }
            #expect(throws: ClientHandshakeError.self) { try Self.request(protocols: ["chat", around]) }
            #expect(throws: ClientHandshakeError.self) { try Self.request(extensions: "permessage-deflate" + around) }
            #expect(throws: ClientHandshakeError.self) { try Self.request(headers: [("x-name" + around, "value")]) }
            #expect(throws: ClientHandshakeError.self) { try Self.request(headers: [("x-name", "value" + around)]) }
        }
    }

    @Test("Whatever bytes are handed in, the request has the lines that were meant, or is refused", arguments: 0..<200 as Range<UInt64>)
    func anyBytes(_ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let signs: [Unicode.Scalar] = ["\r", "\n", "\0", " ", "\t", ":", ",", ";", "/", "a", "é", "\u{85}", "\u{2028}", "\u{10D}", "\u{10A}"]
        func text() -> String {
            String(String.UnicodeScalarView((0..<Int.random(in: 0..<5, using: &random)).compactMap { _ in signs.randomElement(using: &random) }))
        }
        let count = Int.random(in: 0..<3, using: &random)
        let headers = (0..<count).map { (name: "x\($0)" + (random.oneIn(4) ? text() : ""), value: text()) }
        let protocols = random.oneIn(2) ? [] : ["p" + (random.oneIn(4) ? text() : "")]
        guard
            let request = try? Self.request(target: "/" + text().filter { $0 == "a" || random.oneIn(9) }, protocols: protocols, headers: headers)
        else { return }
        let bytes = Array(request.utf8)
        #expect(request.hasSuffix("\r\n\r\n"))
        #expect(bytes.filter { $0 == 0x0A }.count == 7 + count + (protocols.isEmpty ? 0 : 1))
        #expect(bytes.filter { $0 == 0x0D }.count == 7 + count + (protocols.isEmpty ? 0 : 1))
        #expect(!bytes.contains(0))
    }

    @Test("A target is a path and query in visible ASCII", arguments: ["", "chat", "?x", "*", "http://a/", "/a b", "/ü", "/a#b", " /", "/\u{a0}"])
    func targets(_ target: String) {
        let expected = ClientHandshakeError.request("the path and query of a URL must start with a slash, and hold visible ASCII characters only")
        #expect(throws: expected) { try Self.request(target: target) }
    }

    @Test("An authority is a host and a port", arguments: ["", "a b", "user@host", "host/path", "host?", "höst", "host#"])
    func authorities(_ authority: String) {
        let expected = ClientHandshakeError.request("the host of a URL must hold visible ASCII characters only")
        #expect(throws: expected) { try Self.request(authority: authority) }
    }

    @Test("A key is 16 bytes in base64", arguments: ["", "short", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZTE2MTc="])
    func keys(_ key: String) {
        #expect(throws: ClientHandshakeError.request("the key must be 16 bytes in base64")) { try Self.request(key: key) }
    }

    @Test("Subprotocols are distinct tokens", arguments: [[""], ["a b"], ["a,b"], ["a", "a"], ["é"]])
    func badProtocols(_ protocols: [String]) {
        #expect(throws: ClientHandshakeError.request("subprotocols must be distinct tokens")) { try Self.request(protocols: protocols) }
    }

    @Test(
        "What the handshake writes itself cannot be added, nor a body",
        arguments: [
            "host", "Upgrade", "CONNECTION", "content-length", "Transfer-Encoding", "sec-websocket-key", "Sec-WebSocket-Version",
            "sec-websocket-protocol", "sec-websocket-extensions", "sec-websocket-accept", "Sec-WebSocket-Anything",
        ])
    func ownHeaders(_ name: String) {
        #expect(throws: ClientHandshakeError.request("the header \(name.lowercased()) is the handshake's own")) {
            try Self.request(headers: [(name, "x")])
        }
    }

    @Test("A refused header's name is shown short and on one line")
    func refusedName() {
        #expect(throws: ClientHandshakeError.request("\"a\u{FFFD}\u{FFFD}b\" is no name of a header: expected a token")) {
            try Self.request(headers: [("a\r\nb", "x")])
        }
        let long = ClientHandshakeError.request("\"\(String(repeating: "é", count: 64))…\" is no name of a header: expected a token")
        #expect(throws: long) { try Self.request(headers: [(String(repeating: "é", count: 65), "x")]) }
    }

    // MARK: The answer

    private typealias Headers = [String: [String]]

    private static let good: Headers = ["upgrade": ["websocket"], "connection": ["Upgrade"], "sec-websocket-accept": [accept]]

    private static func judge(
        _ changes: Headers = [:], status: Int = 101, protocols: [String] = [], deflate: DeflateAgreement.Wish? = nil
    ) throws(ClientHandshakeError) -> ClientHandshake.Agreed {
        let headers = good.merging(changes) { $1 }
        return try ClientHandshake.judge(status: status, expectedAccept: accept, offeredProtocols: protocols, offeredDeflate: deflate) {
            headers[$0] ?? []
        }
    }

    @Test(
        "Upgrade and Connection may be lists, in any case, over several lines",
        arguments: [
            [:], ["upgrade": ["WebSocket"]], ["upgrade": ["h2c, websocket"]], ["upgrade": ["h2c", "WEBSOCKET"]], ["connection": ["upgrade"]],
            ["connection": ["keep-alive, Upgrade"]], ["connection": ["keep-alive", "UPGRADE"]],
        ] as [[String: [String]]])
    func goodAnswer(_ changes: [String: [String]]) throws {
        #expect(try Self.judge(changes) == ClientHandshake.Agreed())
    }

    @Test(
        "Any status but 101 is told, and a redirect that it is not followed",
        arguments: [
            (200, "the remote answered 200, not 101"), (301, "the remote answered 301, not 101; redirects are not followed"),
            (307, "the remote answered 307, not 101; redirects are not followed"), (403, "the remote answered 403, not 101"),
            (100, "the remote answered 100, not 101"), (503, "the remote answered 503, not 101"), (400, "the remote answered 400, not 101"),
        ])
    func statuses(_ status: Int, _ sentence: String) {
        // Even with all the headers of a good answer.
        #expect(throws: ClientHandshakeError.status(status)) { try Self.judge(status: status) }
        #expect("\(ClientHandshakeError.status(status))" == sentence)
    }

    @Test(
        "A 101 that is no answer to this handshake is refused, and why is said",
        arguments: [
            (["upgrade": []], "the remote answered 101 without \"Upgrade: websocket\""),
            (["upgrade": ["h2c"]], "the remote answered 101 without \"Upgrade: websocket\""),
            (["upgrade": ["websoc\u{212A}et"]], "the remote answered 101 without \"Upgrade: websocket\""),
            (["connection": []], "the remote answered 101 without \"Connection: Upgrade\""),
            (["connection": ["close"]], "the remote answered 101 without \"Connection: Upgrade\""),
            (["sec-websocket-accept": []], "the remote answered no Sec-WebSocket-Accept header, expected one"),
            (["sec-websocket-accept": [accept, accept]], "the remote answered more than one Sec-WebSocket-Accept header, expected one"),
            (
                ["sec-websocket-accept": ["S3pPLMBiTxaQ9kYGzzhZRbK+xOo="]],
                "the remote answered the Sec-WebSocket-Accept \"S3pPLMBiTxaQ9kYGzzhZRbK+xOo=\", expected \"\(accept)\" for this key"
            ),
            (
                ["sec-websocket-accept": [""]],
                "the remote answered the Sec-WebSocket-Accept \"\", expected \"\(accept)\" for this key"
            ),
            (
                ["sec-websocket-protocol": ["chat"]],
                "the remote chose the subprotocol \"chat\", expected none, for none was offered"
            ),
            (["sec-websocket-protocol": [""]], "the remote chose the subprotocol \"\", expected none, for none was offered"),
            (
                ["sec-websocket-extensions": ["permessage-deflate"]],
                "the remote uses the extension \"permessage-deflate\", which was not offered"
            ),
            (["sec-websocket-extensions": ["x; y=1"]], "the remote uses the extension \"x\", which was not offered"),
            (
                ["sec-websocket-extensions": ["a b"]],
                "the remote's Sec-WebSocket-Extensions cannot be read, expected extensions, each with its parameters"
            ),
        ] as [([String: [String]], String)])
    func badAnswer(_ changes: [String: [String]], _ sentence: String) {
        #expect(throws: ClientHandshakeError.answer(sentence)) { try Self.judge(changes) }
        #expect("\(ClientHandshakeError.answer(sentence))" == sentence)
    }

    @Test("A subprotocol is chosen exactly as it was offered, or not at all")
    func subprotocols() throws {
        let offered = ["v2.chat", "v1.chat"]
        #expect(try Self.judge(protocols: offered).subprotocol == nil)
        for name in offered { #expect(try Self.judge(["sec-websocket-protocol": [name]], protocols: offered).subprotocol == name) }
        for wrong in ["V2.chat", "v3.chat", "v2.chat, v1.chat", "v2.chat,", "", "v2.chat\u{301}"] {
            let sentence = "the remote chose the subprotocol \"\(wrong)\", expected one of \"v2.chat\", \"v1.chat\""
            #expect(throws: ClientHandshakeError.answer(sentence)) { try Self.judge(["sec-websocket-protocol": [wrong]], protocols: offered) }
        }
        let twice = ClientHandshakeError.answer("the remote answered more than one Sec-WebSocket-Protocol header, expected one at most")
        for values in [["v2.chat", "v2.chat"], ["v2.chat", "v1.chat"]] {
            #expect(throws: twice) { try Self.judge(["sec-websocket-protocol": values], protocols: offered) }
        }
    }

    @Test("Compression that was offered may be taken once, or left")
    func extensions() throws {
        let wish = DeflateAgreement.Wish()
        #expect(try Self.judge(deflate: wish).deflate == nil)
        #expect(try Self.judge(["sec-websocket-extensions": [""]], deflate: wish).deflate == nil)
        for name in ["permessage-deflate", "PerMessage-Deflate"] {
            let deflate = try #require(try Self.judge(["sec-websocket-extensions": [name]], deflate: wish).deflate)
            #expect(deflate.side(.client) == .init(keepsContext: false, windowBits: 12))
        }
        for values in [["permessage-deflate, permessage-deflate"], ["permessage-deflate", "permessage-deflate"]] {
            #expect(throws: ClientHandshakeError.answer("the remote uses permessage-deflate twice, expected once at most")) {
                try Self.judge(["sec-websocket-extensions": values], deflate: wish)
            }
        }
        #expect(throws: ClientHandshakeError.answer("the remote uses the extension \"x-zip\", which was not offered")) {
            try Self.judge(["sec-websocket-extensions": ["permessage-deflate, x-zip"]], deflate: wish)
        }
        #expect(throws: ClientHandshakeError.self) {
            try Self.judge(["sec-websocket-extensions": ["permessage-deflate; what"]], deflate: wish)
        }
    }

    @Test("The head of a response is judged as it was read")
    func fromHead() throws {
        var bytes = ByteBuffer(
            string: "HTTP/1.1 101 Switching Protocols\r\nUPGRADE: WebSocket\r\nconnection:  keep-alive\r\nConnection: Upgrade\t\r\n"
                + "sec-websocket-accept: \(Self.accept) \r\nSec-WebSocket-Protocol: chat\r\n\r\n\u{1}\u{2}")
        var reader = HTTPResponseHeadReader(maxHeadBytes: 1000)
        let head = try #require(try reader.next(from: &bytes))
        let agreed = try ClientHandshake.judge(
            status: head.status, expectedAccept: Self.accept, offeredProtocols: ["chat"],
            values: { wanted in
                var values: [String] = []
                head.forEach { name, value in if name == wanted { values.append(value) } }
                return values
            })
        #expect(agreed == ClientHandshake.Agreed(subprotocol: "chat"))
        #expect(bytes.bytes == [1, 2])
    }
}
