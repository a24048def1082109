// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// The rules of the opening handshake that need no knowledge of the gateway (RFC 6455 §4.2, RFC 9110 §7.2).
package enum Handshake {
    /// What a request on the public port asks for.
    package enum Verdict: Equatable, Sendable {
        /// A good handshake: its key, and the subprotocols and extensions offered, in order.
        case upgrade(key: String, protocols: [String], extensions: [ExtensionOffer] = [])
        /// Not one: the status to answer, extra headers, and one line that says what is wrong.
        case refuse(status: Int, headers: [(String, String)], message: String)

        package static func == (left: Verdict, right: Verdict) -> Bool {
            switch (left, right) {
            case (.upgrade(let a, let b, let c), .upgrade(let d, let e, let f)): a == d && b == e && c == f
            case (.refuse(let a, let b, let c), .refuse(let d, let e, let f)):
                a == d && c == f && b.elementsEqual(e, by: { $0.0 == $1.0 && $0.1 == $1.1 })
            default: false
            }
        }
    }

    /// Judges an opening request.
    ///
    /// - Parameters:
    ///   - method: as received; only `GET` upgrades.
    ///   - isHTTP11: HTTP/1.1 or a later 1.x.
    ///   - values: all values of a header, whose name is given in lower case.
    package static func judge(method: String, isHTTP11: Bool, values: (String) -> [String]) -> Verdict {
        let hosts = values("host")
        guard hosts.count == 1, !hosts[0].isEmpty else {
            return refuse(400, hosts.count > 1 ? "more than one Host header" : "no Host header")
        }
        guard lists(values("upgrade"), "websocket") else {
            return .refuse(
                status: 426, headers: [("upgrade", "websocket"), ("connection", "Upgrade")],
                message: "This is a WebSocket endpoint (Holdfast): connect with a WebSocket client, for example new WebSocket(url).")
        }
        guard method == "GET" else { return refuse(405, "a WebSocket handshake is a GET request, not \(method)", [("allow", "GET")]) }
        guard isHTTP11 else { return refuse(505, "a WebSocket handshake needs HTTP/1.1") }
        guard lists(values("connection"), "upgrade") else { return refuse(400, "the Connection header lacks \"Upgrade\"") }
        let versions = values("sec-websocket-version")
        guard versions.count == 1, versions[0] == "13" else {
            return refuse(
                426, "Sec-WebSocket-Version must be 13", [("sec-websocket-version", "13"), ("upgrade", "websocket"), ("connection", "Upgrade")])
        }
        let keys = values("sec-websocket-key")
        guard keys.count == 1 else {
            return refuse(400, keys.isEmpty ? "no Sec-WebSocket-Key header" : "more than one Sec-WebSocket-Key header")
        }
        guard isKey(keys[0]) else {
            return refuse(400, "Sec-WebSocket-Key must be 16 bytes in base64")
        }
        let protocols = list(values("sec-websocket-protocol"))
        guard protocols.allSatisfy(isToken), Set(protocols).count == protocols.count else {
            return refuse(400, "Sec-WebSocket-Protocol must list distinct tokens")
        }
        guard let extensions = ExtensionOffer.list(values("sec-websocket-extensions")) else {
            return refuse(400, "Sec-WebSocket-Extensions must list extensions, each with its parameters")
        }
        return .upgrade(key: keys[0], protocols: protocols, extensions: extensions)
    }

    /// The bytes that a handshake's key and this suffix are hashed as (RFC 6455 §1.3); the answer is their SHA-1 in base64.
    package static let acceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

    /// Whether a string is a token in HTTP's sense (RFC 9110 §5.6.2).
    package static func isToken(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy(isTokenByte)
    }

    /// Whether a byte may stand in an HTTP token.
    package static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "*"),
            UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"), UInt8(ascii: "|"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }

    private static func refuse(_ status: Int, _ message: String, _ headers: [(String, String)] = []) -> Verdict {
        .refuse(status: status, headers: headers, message: message)
    }

    /// Whether a text is 16 bytes in base64: 22 letters, of which the last has four bits to spare, and padding.
    private static func isKey(_ text: String) -> Bool {
        var place = 0
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "A"), UInt8(ascii: "Q"), UInt8(ascii: "g"), UInt8(ascii: "w"): guard place < 22 else { return false }
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "B")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "+"), UInt8(ascii: "/"):
                guard place < 21 else { return false }
            case UInt8(ascii: "="): guard place == 22 || place == 23 else { return false }
            default: return false
            }
            place += 1
        }
        return place == 24
    }

    /// Whether a comma-separated header has a member, given in lower case, in whatever case.
    ///
    /// Byte by byte, for lower case turns letters that are not ASCII into some that are.
    static func lists(_ values: [String], _ member: StaticString) -> Bool {
        values.contains { value in
            var value = value
            return value.withUTF8 { lists($0, UnsafeBufferPointer(start: member.utf8Start, count: member.utf8CodeUnitCount)) }
        }
    }

    private static func lists(_ bytes: UnsafeBufferPointer<UInt8>, _ member: UnsafeBufferPointer<UInt8>) -> Bool {
        var start = 0
        while start < bytes.count {
            let comma = bytes[start...].firstIndex(of: UInt8(ascii: ",")) ?? bytes.count
            var (first, end) = (start, comma)
            while first < end, isSpace(bytes[first]) { first += 1 }
            while first < end, isSpace(bytes[end - 1]) { end -= 1 }
            if end - first == member.count, zip(bytes[first..<end], member).allSatisfy({ lowercase($0) == $1 }) { return true }
            start = comma + 1
        }
        return false
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    private static func lowercase(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }

    /// The members of a comma-separated header, as sent.
    private static func list(_ values: [String]) -> [String] {
        values.flatMap { $0.split(separator: ",") }.map { trim($0) }.filter { !$0.isEmpty }
    }

    private static func trim(_ text: Substring) -> String {
        var text = text
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return String(text.drop { $0 == " " || $0 == "\t" })
    }
}
