// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import Testing

struct HandshakeTests {
    private typealias Headers = [String: [String]]

    private static let good: Headers = [
        "host": ["gateway.example"], "upgrade": ["websocket"], "connection": ["Upgrade"], "sec-websocket-version": ["13"],
        "sec-websocket-key": ["dGhlIHNhbXBsZSBub25jZQ=="],
    ]

    private static func judge(_ changes: Headers = [:], method: String = "GET", isHTTP11: Bool = true) -> Handshake.Verdict {
        let headers = good.merging(changes) { $1 }
        return Handshake.judge(method: method, isHTTP11: isHTTP11) { headers[$0] ?? [] }
    }

    // MARK: Good

    @Test("A good handshake is answered with its key")
    func good() {
        #expect(Self.judge() == .upgrade(key: "dGhlIHNhbXBsZSBub25jZQ==", protocols: []))
    }

    @Test(
        "Headers may be lists, in any case, with white space, over several lines",
        arguments: [
            ["upgrade": ["WebSocket"]], ["upgrade": ["h2c, WEBSOCKET"]], ["upgrade": ["h2c", " websocket\t"]], ["upgrade": [",websocket,"]],
            ["connection": ["keep-alive, Upgrade"]], ["connection": ["keep-alive", "upgrade"]], ["connection": ["UPGRADE"]],
            ["connection": ["keep-alive ,\tupgrade "]],
        ])
    func lists(_ changes: [String: [String]]) {
        #expect(Self.judge(changes) == .upgrade(key: "dGhlIHNhbXBsZSBub25jZQ==", protocols: []))
    }

    @Test(
        "Subprotocols are told in the order offered, with their case",
        arguments: [
            (["chat"], ["chat"]), (["chat, superchat"], ["chat", "superchat"]), (["b", "a,c"], ["b", "a", "c"]), ([" a ,\tb\t"], ["a", "b"]),
            (["a,,b,"], ["a", "b"]), ([""], []), ([], []), (["Chat,chat"], ["Chat", "chat"]),
            (["v1.json+x!#$%&'*^_`|~-"], ["v1.json+x!#$%&'*^_`|~-"]),
        ] as [([String], [String])])
    func protocols(_ values: [String], _ expected: [String]) {
        #expect(Self.judge(["sec-websocket-protocol": values]) == .upgrade(key: "dGhlIHNhbXBsZSBub25jZQ==", protocols: expected))
    }

    @Test("Extensions are told in the order offered, known or not, with their parameters")
    func extensions() {
        let offered = ["x-first; a=1", "permessage-deflate; client_max_window_bits, x-last"]
        let expected = [
            ExtensionOffer(name: "x-first", parameters: [.init(name: "a", value: "1")]),
            ExtensionOffer(name: "permessage-deflate", parameters: [.init(name: "client_max_window_bits", value: nil)]),
            ExtensionOffer(name: "x-last", parameters: []),
        ]
        let verdict = Self.judge(["sec-websocket-extensions": offered, "sec-websocket-protocol": ["chat"]])
        #expect(verdict == .upgrade(key: "dGhlIHNhbXBsZSBub25jZQ==", protocols: ["chat"], extensions: expected))
        #expect(Self.judge(["sec-websocket-extensions": [" ,"]]) == .upgrade(key: "dGhlIHNhbXBsZSBub25jZQ==", protocols: []))
    }

    // MARK: Refused

    /// A request that is refused, and how.
    struct Refused: CustomTestStringConvertible, Sendable {
        var headers: [String: [String]] = [:]
        var method = "GET"
        var isHTTP11 = true
        var status: Int
        var message: String
        var extra: [(String, String)] = []

        var testDescription: String { printable("\(method) \(headers.map { "\($0): \($1)" }.joined()) \(status)".utf8) }
    }

    @Test("What is wrong is told with its status, and with the headers that help", arguments: refusals)
    func refused(_ sample: Refused) {
        let verdict = Self.judge(sample.headers, method: sample.method, isHTTP11: sample.isHTTP11)
        #expect(verdict == .refuse(status: sample.status, headers: sample.extra, message: sample.message))
    }

    private static let refusals: [Refused] = {
        let endpoint = "This is a WebSocket endpoint (Holdfast): connect with a WebSocket client, for example new WebSocket(url)."
        let upgrade = [("upgrade", "websocket"), ("connection", "Upgrade")]
        var all = [
            Refused(headers: ["host": []], status: 400, message: "no Host header"),
            Refused(headers: ["host": [""]], status: 400, message: "no Host header"),
            Refused(headers: ["host": ["a", "a"]], status: 400, message: "more than one Host header"),
            Refused(headers: ["host": ["a", ""]], status: 400, message: "more than one Host header"),
            Refused(method: "POST", status: 405, message: "a WebSocket handshake is a GET request, not POST", extra: [("allow", "GET")]),
            Refused(method: "get", status: 405, message: "a WebSocket handshake is a GET request, not get", extra: [("allow", "GET")]),
            Refused(isHTTP11: false, status: 505, message: "a WebSocket handshake needs HTTP/1.1"),
            Refused(headers: ["sec-websocket-key": []], status: 400, message: "no Sec-WebSocket-Key header"),
            Refused(
                headers: ["sec-websocket-key": ["dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ=="]], status: 400,
                message: "more than one Sec-WebSocket-Key header"),
        ]
        // Not a handshake at all; a letter that only looks like one when put in lower case (the Kelvin sign) makes none either.
        for values in [[], [""], ["h2c"], ["websockets"], ["web socket"], ["websocket/13"], ["websoc\u{212A}et"]] {
            all.append(Refused(headers: ["upgrade": values], status: 426, message: endpoint, extra: upgrade))
        }
        all.append(Refused(headers: ["upgrade": []], method: "POST", isHTTP11: false, status: 426, message: endpoint, extra: upgrade))
        for values in [[], [""], ["keep-alive"], ["upgrades"], ["close, up-grade"]] {
            all.append(Refused(headers: ["connection": values], status: 400, message: "the Connection header lacks \"Upgrade\""))
        }
        for values in [[], [""], ["8"], ["12"], ["13, 8"], ["13", "13"], ["13", "8"], ["013"], ["1３"]] {
            all.append(
                Refused(
                    headers: ["sec-websocket-version": values], status: 426, message: "Sec-WebSocket-Version must be 13",
                    extra: [("sec-websocket-version", "13")] + upgrade))
        }
        for key in [
            "", "short", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ===", "dGhlIHNhbXBsZSBub25jZQ==\n",
            "dGhlIHNhbXBsZSBub25jZR==", "dGhlIHNhbXBsZSBub25j!Q==", "dGhlIHNhbXBsZSBub25j_Q==", "dGhlIHNhbXBsZSBub25jZTE=",
            "dGhlIHNhbXBsZSBub25jZTE2",
            "dGhlIHNhbXBsZSBub25jZTE2MTc=", " dGhlIHNhbXBsZSBub25jZQ=", "========================",
        ] {
            all.append(Refused(headers: ["sec-websocket-key": [key]], status: 400, message: "Sec-WebSocket-Key must be 16 bytes in base64"))
        }
        for values in [["a b"], ["a/b"], ["a;q=1"], ["\"a\""], ["é"], ["a", "a"], ["a,b,a"], ["a\0"], ["a,\u{301}"]] {
            all.append(
                Refused(headers: ["sec-websocket-protocol": values], status: 400, message: "Sec-WebSocket-Protocol must list distinct tokens"))
        }
        for values in [["a b"], ["a;"], ["a;b="], ["permessage-deflate; \"x\""], ["a", ";"]] {
            all.append(
                Refused(
                    headers: ["sec-websocket-extensions": values], status: 400,
                    message: "Sec-WebSocket-Extensions must list extensions, each with its parameters"))
        }
        return all
    }()

    @Test("Verdicts differ by status, headers, message, key, protocols and extensions")
    func equality() {
        let verdicts: [Handshake.Verdict] = [
            .upgrade(key: "a", protocols: []), .upgrade(key: "b", protocols: []), .upgrade(key: "a", protocols: ["x"]),
            .upgrade(key: "a", protocols: [], extensions: [ExtensionOffer(name: "x", parameters: [])]),
            .refuse(status: 400, headers: [], message: "m"), .refuse(status: 401, headers: [], message: "m"),
            .refuse(status: 400, headers: [("a", "b")], message: "m"), .refuse(status: 400, headers: [("a", "c")], message: "m"),
            .refuse(status: 400, headers: [], message: "n"),
        ]
        for (index, left) in verdicts.enumerated() {
            for (other, right) in verdicts.enumerated() { #expect((left == right) == (index == other)) }
        }
    }

    // MARK: Tokens

    @Test("The token characters are those of RFC 9110")
    func tokens() {
        let expected = Set("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
        #expect(Set((UInt8.min...UInt8.max).filter(Handshake.isTokenByte)) == expected)
        #expect(Handshake.isToken("Sec-WebSocket-Key"))
        for text in ["", "a b", "a,b", "ä", "a\n", "(a)"] { #expect(!Handshake.isToken(text)) }
    }

    @Test("The answer to a key is that of RFC 6455")
    func accept() { #expect(Handshake.accept(for: "dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") }

    @Test(
        "SHA-1 is that of Python's hashlib, where the message fills its blocks and elsewhere",
        arguments: [
            (0, "Kfh9QIsMVZcl6xEPYxPHzW8SZ8w="),
            (1, "ifbkLlYnnZ6VH2fexKeR04WxMg0="),
            (18, "PS8ShIBxl381Ytz1iiM13pQkCdk="),
            (19, "zVcqb9tMYc5Zc2uxBrAT/MVLynQ="),
            (20, "3d08mPeHMipd/eEivLnIc3AJ3Zw="),
            (27, "ILvNju3IIwsq8o4QkWth3MxkxWI="),
            (28, "/XcGnuJ5rJIzd5Esv+vExqWq6t0="),
            (29, "6xlQqxJL1nFtOYlcqjcRsVoE0ic="),
            (91, "S4TS3wEZlFCBGHXdaDpW46BQpMc="),
            (92, "4vwgdUH8mqztcfvSi8RYXGNEksM="),
            (93, "y1t0mwL023F/xtpMJ6epvxazWRE="),
            (200, "nwA8UALhXEwibxg90YEALRQrOkM="),
        ])
    func sha1(_ count: Int, _ expected: String) {
        let key = String(decoding: (0..<count).map { UInt8(33 + $0 * 7 % 90) }, as: UTF8.self)
        #expect(Handshake.accept(for: key) == expected)
    }

    @Test("The suffix of the key is that of RFC 6455")
    func suffix() { #expect(Handshake.acceptSuffix == "258EAFA5-E914-47DA-95CA-C5AB0DC85B11") }
}
