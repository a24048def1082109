// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore
import Testing

/// What goes right and the faults one by one are in the transcripts; here are bounds, the order of faults, and what can only be seen in values.
struct GripPublishReaderTests {
    private func read(_ text: String, limit: Int = 1 << 20) throws(GripPublishError) -> [Publication] {
        try GripPublishReader.read(ByteBuffer(string: text), maxMessageBytes: limit)
    }

    private func fault(_ text: String, limit: Int = 1 << 20) -> String? {
        #expect(throws: GripPublishError.self) { try read(text, limit: limit) }?.description
    }

    private func item(_ members: String) -> String { "{\"items\":[{\"channel\":\"a\",\(members)}]}" }

    @Test(
        "A plain message has no details",
        arguments: [
            #""ws-message":{"content":"x"}"#, #""formats":{"ws-message":{"content-bin":"eA=="}}"#, #""id":"1","ws-message":{"content":"x"}"#,
            #""meta":{},"no-seq":false,"size":3,"prev-id":"","ws-message":{"type":"binary","content":"x"}"#,
        ])
    func plain(_ members: String) throws {
        let publications = try read(item(members))
        #expect(publications.count == 1)
        #expect(publications.first?.details == nil)
        #expect(publications.first?.payload.count == 1)
    }

    @Test(
        "Everything else has",
        arguments: [
            #""ws-message":{"type":"ping"}"#, #""ws-message":{"action":"close"}"#, #""ws-message":{"action":"hint"}"#,
            #""ws-message":{"action":"refresh"}"#, #""ws-message":{"content":"x","content-filters":[]}"#,
            #""meta":{"a":"b"},"ws-message":{"content":"x"}"#, #""no-seq":true,"ws-message":{"content":"x"}"#,
            #""prev-id":"1","ws-message":{"content":"x"}"#, #""ws-message":{"content":"x"},"http-stream":{"action":"close"}"#,
            #""ws-message":{"content":"x"},"http-response":{"action":"hint"}"#, #""formats":{"x":1}"#, #""http-response":{"action":"close"}"#,
        ])
    func detailed(_ members: String) throws {
        #expect(try read(item(members)).first?.details != nil)
    }

    @Test(
        "The first fault in Pushpin's order is the one that is told",
        arguments: [
            (#"{"items":[{"id":7,"channel":7}]}"#, "publish item object contains 'channel' with wrong type"),
            (#"{"items":[{"channel":"a","prev-id":7,"id":7,"formats":7}]}"#, "publish item object contains 'id' with wrong type"),
            (#"{"items":[{"channel":"a","prev-id":7,"formats":7}]}"#, "publish item object contains 'prev-id' with wrong type"),
            (#"{"items":[{"channel":"a","meta":7,"formats":{"ws-message":7,"http-stream":7}}]}"#, "'http-stream' is not an object"),
            (
                #"{"items":[{"channel":"a","ws-message":7,"http-stream":{"content":7}}]}"#,
                "'http-stream' contains 'content' with wrong type"
            ),
            (
                #"{"items":[{"channel":"a","ws-message":{},"http-stream":{},"http-response":{}}]}"#,
                "'http-response' does not contain 'body', 'body-bin', or 'body-patch'"
            ),
            (#"{"items":[{"channel":"a","meta":7,"ws-message":{}}]}"#, "'ws-message' does not contain 'content' or 'content-bin'"),
            (
                #"{"items":[{"channel":"a","no-seq":7,"size":-1,"meta":7,"ws-message":{"content":""}}]}"#,
                "publish item object contains 'meta' with wrong type"
            ),
            (
                #"{"items":[{"channel":"a","no-seq":7,"size":-1,"ws-message":{"content":""}}]}"#,
                "publish item object contains 'size' with invalid value"
            ),
            (#"{"items":[{"channel":"a","http-response":{"action":7,"code":[]}}]}"#, "'http-response' contains 'action' with wrong type"),
            (#"{"items":[{"channel":"a","http-response":{"code":[],"reason":7}}]}"#, "'http-response' contains 'code' with wrong type"),
            (#"{"items":[{"channel":"a","http-response":{"reason":7,"headers":7}}]}"#, "'http-response' contains 'reason' with wrong type"),
            (
                #"{"items":[{"channel":"a","http-response":{"headers":7,"content-filters":7}}]}"#,
                "'http-response' contains 'headers' with wrong type"
            ),
            (
                #"{"items":[{"channel":"a","http-response":{"content-filters":7,"body":7}}]}"#,
                "'http-response' contains 'content-filters' with wrong type"
            ),
            (
                #"{"items":[{"channel":"a","ws-message":{"type":"x","content-filters":7,"content":7}}]}"#,
                "'ws-message' contains 'type' with unknown value"
            ),
            (
                #"{"items":[{"channel":"a","ws-message":{"content-filters":7,"content":7}}]}"#,
                "'ws-message' contains 'content-filters' with wrong type"
            ),
            (
                #"{"items":[{"channel":"a","ws-message":{"action":"close","code":[],"reason":7}}]}"#,
                "'ws-message' contains 'code' with wrong type"
            ),
            (#"{"items":[{"channel":"a","ws-message":{"content":"x"},"meta":{"c":1,"a":2,"b":3}}]}"#, "'meta' contains 'a' with wrong type"),
            (
                #"{"items":[{"channel":"a","http-response":{"body":"","headers":{"c":1,"a b":"","b":3}}}]}"#,
                "headers contains 'b' with wrong type"
            ),
            (#"{"items":[{"channel":"a","ws-message":{"content":"x"}},{"channel":"b"},7]}"#, "no formats specified"),
        ])
    func order(_ text: String, _ message: String) {
        #expect(fault(text) == "Invalid format: \(message)")
    }

    @Test("Names and ids may have 256 bytes", arguments: ["channel", "id", "prev-id"])
    func names(_ member: String) throws {
        let base = member == "channel" ? "" : "\"channel\":\"a\","
        func text(_ value: String) -> String { "{\"items\":[{\(base)\"\(member)\":\"\(value)\",\"ws-message\":{\"content\":\"\"}}]}" }
        let longest = String(repeating: "é", count: 128)
        let publication = try #require(try read(text(longest)).first)
        let found = ["channel": publication.channel.description, "id": publication.id, "prev-id": publication.details?.previousID][member]
        #expect(found == longest)
        let rule = member == "channel" ? "expected 1 to 256 bytes without control characters" : "expected 1 to 256 bytes"
        #expect(fault(text(longest + "x")) == "Invalid format: publish item object contains '\(member)' with invalid value: \(rule)")
    }

    @Test("A message is as long as the limit at most, decoded", arguments: [0, 1, 5])
    func limit(_ limit: Int) throws {
        for format in ["ws-message", "http-stream", "http-response"] {
            let field = format == "http-response" ? "body" : "content"
            for (name, full, over) in [
                (field, String(repeating: "x", count: limit), String(repeating: "x", count: limit + 1)),
                (
                    "\(field)-bin", Base64.encode([UInt8](repeating: 0, count: limit)), Base64.encode([UInt8](repeating: 0, count: limit + 1))
                ),
            ] {
                #expect(try read(item("\"\(format)\":{\"\(name)\":\"\(full)\"}"), limit: limit).count == 1)
                #expect(
                    fault(item("\"\(format)\":{\"\(name)\":\"\(over)\"}"), limit: limit)
                        == "Invalid format: items[0]: '\(format)' holds \(limit + 1) bytes, the limit is \(limit)")
            }
        }
    }

    @Test("A ping or pong holds 125 bytes at most", arguments: ["ping", "pong"])
    func pings(_ type: String) throws {
        func text(_ count: Int) -> String {
            item("\"ws-message\":{\"type\":\"\(type)\",\"content\":\"\(String(repeating: "x", count: count))\"}")
        }
        #expect(try read(text(125)).count == 1)
        #expect(fault(text(126)) == "Invalid format: items[0]: a \(type) holds at most 125 bytes, found 126")
    }

    @Test("Only close codes that may be on the wire get there; 0 and 1005 stand for none, which is 1000")
    func codes() {
        var taken: [UInt16: PublicationDetails.WebSocketForm] = [:]
        for number in Array(0...5100) + Array(65_000...66_600) {
            let publications = try? read(item("\"ws-message\":{\"action\":\"close\",\"code\":\(number),\"reason\":\"r\"}"))
            guard let form = publications?.first?.details?.webSocket else { continue }
            #expect(number <= 4999)
            taken[UInt16(truncatingIfNeeded: number)] = form
        }
        var expected: [UInt16: PublicationDetails.WebSocketForm] = [0: .close(.normal, reason: "r"), 1005: .close(.normal, reason: "r")]
        for code in Array(1000...1003) + Array(1007...1014) + Array(3000...4999) as [UInt16] {
            expected[code] = .close(CloseCode(code), reason: "r")
        }
        #expect(taken == expected)
    }

    @Test("A close reason has 123 bytes at most")
    func reasons() throws {
        let longest = String(repeating: "é", count: 61) + "x"
        let read = try read(item("\"ws-message\":{\"action\":\"close\",\"code\":1000,\"reason\":\"\(longest)\"}"))
        #expect(read.first?.details?.webSocket == .close(.normal, reason: longest))
        for code in ["", "\"code\":1000,"] {
            #expect(
                fault(item("\"ws-message\":{\"action\":\"close\",\(code)\"reason\":\"\(longest)x\"}"))
                    == "Invalid format: 'ws-message' contains 'reason' with invalid value: expected at most 123 bytes")
        }
    }

    @Test(
        "A response's status is a final one",
        arguments: [(200, true), (999, true), (199, false), (100, false), (0, false), (1000, false), (-1, false)])
    func statuses(_ status: Int, _ isTaken: Bool) {
        let publications = try? read(item("\"http-response\":{\"code\":\(status),\"body\":\"\"}"))
        #expect(publications?.first?.details?.response?.status == (isTaken ? status : nil))
    }

    @Test(
        "A number is a whole one, in digits or in quotes",
        arguments: [
            ("1000", 1000), ("\"1000\"", 1000), ("1000.0", 1000), ("1e3", 1000), ("10E+2", 1000), ("1000.5", nil), ("\"1e3\"", nil),
            ("\" 1000\"", nil),
            ("\"\"", nil), ("\"x\"", nil), ("true", nil), ("null", nil), ("[1000]", nil), ("{}", nil), ("1e400", nil),
            ("99999999999999999999", nil), ("\"99999999999999999999\"", nil),
        ] as [(String, UInt16?)])
    func numbers(_ json: String, _ code: UInt16?) {
        let text = item("\"ws-message\":{\"action\":\"close\",\"code\":\(json)}")
        if let code {
            #expect((try? read(text))?.first?.details?.webSocket == .close(CloseCode(code), reason: ""))
        } else {
            #expect(fault(text) == "Invalid format: 'ws-message' contains 'code' with wrong type")
        }
    }

    @Test(
        "Base64 may lack its padding and have white space, no more",
        arguments: [
            ("", []), ("eHh4", [0x78, 0x78, 0x78]), ("eHg=", [0x78, 0x78]), ("eHg", [0x78, 0x78]), ("eA==", [0x78]), ("eA", [0x78]),
            (#" e\nA\r\n=\t="#, [0x78]), ("e", nil), ("eA=", nil), ("eA===", nil), ("eHh4=", nil), ("=", nil), ("====", nil), ("e=A=", nil),
            ("eHg_", nil), ("eH\u{e9}", nil), ("eB==", nil), ("!!!!", nil),
        ] as [(String, [UInt8]?)])
    func base64(_ text: String, _ bytes: [UInt8]?) {
        let body = item("\"http-stream\":{\"content-bin\":\"\(text)\"}")
        if let bytes {
            #expect((try? read(body))?.first?.details?.stream == HeldStreamContent(action: .send(ByteBuffer(bytes: bytes))))
        } else {
            #expect(fault(body) == "Invalid format: 'http-stream' contains 'content-bin' that is not base64")
        }
    }

    @Test(
        "Bytes sent as text must be text",
        arguments: [("w6k=", true), ("", true), ("//8=", false), ("w6kA", true), ("ww==", false), ("7aCA", false)])
    func textFromBytes(_ base64: String, _ isText: Bool) {
        let publications = try? read(item("\"ws-message\":{\"type\":\"text\",\"content-bin\":\"\(base64)\"}"))
        #expect((publications != nil) == isText)
    }

    @Test("A patch is kept without the request that it came in")
    func patch() throws {
        let publications = try read(item(#""http-response":{"body-patch":[ {"op":"test","path":"","value":1.50} ]}"#))
        guard case .patch(let patch)? = publications.first?.details?.response?.body else {
            Issue.record("no patch")
            return
        }
        #expect(String(buffer: patch.value.source) == #"[ {"op":"test","path":"","value":1.50} ]"#)
        #expect(patch.value.source.storageCapacity < 100)
        #expect(patch.value.array?.first?["op"]?.string == "test")
    }

    @Test(
        "What no header may be is refused; what the gateway says itself is left out",
        arguments: [
            ("a\\u0000", "x", nil), ("a:", "x", nil), ("", "x", nil), ("é", "x", nil), ("a", "x\\u0000", nil), ("a", "\\n", nil),
            ("a", "\\u007f", nil),
            ("X-Y", "\\té ", ["x-y"]), ("Content-Length", "1", []), ("TE", "x", []), ("trailer", "x", []), ("Upgrade", "x", []),
            ("Keep-Alive", "x", []), ("Proxy-Connection", "x", []), ("GRIP-Foo", "x", []), ("Content-Length", "\\n", nil), ("gripe", "x", ["gripe"]),
        ] as [(String, String, [String]?)])
    func headers(_ name: String, _ value: String, _ kept: [String]?) {
        for headers in ["{\"\(name)\":\"\(value)\"}", "[[\"\(name)\",\"\(value)\"]]"] {
            let publications = try? read(item("\"http-response\":{\"body\":\"\",\"headers\":\(headers)}"))
            #expect(publications?.first?.details?.response?.headers.map(\.name) == kept)
        }
    }

    @Test("A document too deep, or with half a surrogate pair, is no JSON")
    func syntax() {
        let deep = String(repeating: "[", count: 200) + String(repeating: "]", count: 200)
        #expect(fault("{\"items\":[],\"x\":\(deep)}") == "Body is not valid JSON.")
        #expect(fault(#"{"items":[],"x":"\ud800"}"#) == "Body is not valid JSON.")
    }

    @Test("Whatever comes, it is read or refused", arguments: 0..<200)
    func noise(_ seed: UInt64) {
        var generator = QuickRandom(seed: seed)
        let valid = #"{"items":[{"channel":"a","id":"1","meta":{"a":"b"},"formats":{"ws-message":{"content-bin":"AAE=","type":"text"}}}]}"#
        var bytes = Array(valid.utf8)
        for _ in 0..<Int.random(in: 1...6, using: &generator) {
            let place = Int.random(in: 0..<bytes.count, using: &generator)
            switch Int.random(in: 0..<3, using: &generator) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
            case 1: bytes.remove(at: place)
            default: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &generator)], at: place)
            }
        }
        do throws(GripPublishError) {
            for publication in try GripPublishReader.read(ByteBuffer(bytes: bytes), maxMessageBytes: 10) {
                #expect(publication.payload.count <= 10)
            }
        } catch {
            #expect(error.description.hasPrefix("Invalid format") || error.description == "Body is not valid JSON.")
        }
    }
}
