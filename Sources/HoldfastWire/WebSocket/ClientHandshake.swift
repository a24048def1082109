// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// The opening handshake from the side that dials: what it sends, and how it judges the answer (RFC 6455 §4.1).
package enum ClientHandshake {
    /// What the remote agreed to.
    package struct Agreed: Equatable, Sendable {
        /// The subprotocol that it chose; `nil` for none.
        package let subprotocol: String?
        /// How messages are compressed; `nil` when they are not.
        package let deflate: DeflateAgreement?

        package init(subprotocol: String? = nil, deflate: DeflateAgreement? = nil) {
            self.subprotocol = subprotocol
            self.deflate = deflate
        }
    }

    /// Headers that the handshake writes itself, or that would give its request a body: a caller cannot add them. Every other one that starts with
    /// `sec-websocket-` is the handshake's own too.
    private static let ownHeaders: Set<String> = ["host", "upgrade", "connection", "content-length", "transfer-encoding"]

    /// The request, ready to be sent.
    ///
    /// Nothing that is handed in can add a line to it, or end it: what holds a line break, or another character that has no place there, is refused.
    ///
    /// - Parameters:
    ///   - target: path and query; starts with a slash.
    ///   - authority: the value of the Host header.
    ///   - key: 16 random bytes in base64.
    ///   - protocols: the subprotocols to offer, in order of preference.
    ///   - extensions: the value of Sec-WebSocket-Extensions, such as ``DeflateAgreement/offer(wish:)``; `nil` for none.
    ///   - headers: to send beside those of the handshake.
    /// - Throws: ``ClientHandshakeError/request(_:)``.
    package static func request(
        target: String, authority: String, key: String, protocols: [String] = [], extensions: String? = nil,
        headers: [(name: String, value: String)] = []
    ) throws(ClientHandshakeError) -> ByteBuffer {
        guard target.utf8.first == UInt8(ascii: "/"), target.utf8.allSatisfy(isVisible), !target.utf8.contains(UInt8(ascii: "#")) else {
            throw .request("the path and query of a URL must start with a slash, and hold visible ASCII characters only")
        }
        guard !authority.isEmpty, authority.utf8.allSatisfy(isVisible), !authority.utf8.contains(where: { "/?#@".utf8.contains($0) }) else {
            throw .request("the host of a URL must hold visible ASCII characters only")
        }
        guard key.utf8.count == 24, Base64.decode(key)?.readableBytes == 16 else { throw .request("the key must be 16 bytes in base64") }
        guard protocols.allSatisfy(Handshake.isToken), Set(protocols).count == protocols.count else {
            throw .request("subprotocols must be distinct tokens")
        }
        if let extensions, !extensions.utf8.allSatisfy(isFieldByte) { throw .request("extensions hold a character that a header must not") }
        for header in headers {
            guard Handshake.isToken(header.name) else { throw .request("\(shown(header.name)) is no name of a header: expected a token") }
            let name = header.name.lowercased()
            guard !ownHeaders.contains(name), !name.hasPrefix("sec-websocket-") else {
                throw .request("the header \(name) is the handshake's own")
            }
            guard header.value.utf8.allSatisfy(isFieldByte) else {
                throw .request("the value of the header \(name) holds a control character")
            }
        }

        var request = ByteBuffer(string: "GET \(target) HTTP/1.1\r\nHost: \(authority)\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
        request.writeString("Sec-WebSocket-Key: \(key)\r\nSec-WebSocket-Version: 13\r\n")
        if !protocols.isEmpty { request.writeString("Sec-WebSocket-Protocol: \(protocols.joined(separator: ", "))\r\n") }
        if let extensions { request.writeString("Sec-WebSocket-Extensions: \(extensions)\r\n") }
        for header in headers { request.writeString("\(header.name): \(header.value)\r\n") }
        request.writeString("\r\n")
        return request
    }

    /// Judges the head of an answer.
    ///
    /// - Parameters:
    ///   - values: all values of a header, whose name is given in lower case.
    ///   - expectedAccept: the SHA-1 of the key and ``Handshake/acceptSuffix``, in base64.
    ///   - offeredProtocols: as in the request.
    ///   - offeredDeflate: what was offered by ``DeflateAgreement/offer(wish:)``; `nil` when no compression was.
    /// - Throws: ``ClientHandshakeError/status(_:)`` or ``ClientHandshakeError/answer(_:)``; the connection is of no use then.
    package static func judge(
        status: Int, expectedAccept: String, offeredProtocols: [String] = [], offeredDeflate: DeflateAgreement.Wish? = nil,
        values: (String) -> [String]
    ) throws(ClientHandshakeError) -> Agreed {
        guard status == 101 else { throw .status(status) }
        guard Handshake.lists(values("upgrade"), "websocket") else {
            throw .answer("the remote answered 101 without \"Upgrade: websocket\"")
        }
        guard Handshake.lists(values("connection"), "upgrade") else {
            throw .answer("the remote answered 101 without \"Connection: Upgrade\"")
        }
        let accepts = values("sec-websocket-accept")
        guard accepts.count == 1 else {
            throw .answer("the remote answered \(accepts.isEmpty ? "no" : "more than one") Sec-WebSocket-Accept header, expected one")
        }
        guard accepts[0] == expectedAccept else {
            throw .answer("the remote answered the Sec-WebSocket-Accept \(shown(accepts[0])), expected \"\(expectedAccept)\" for this key")
        }
        return Agreed(
            subprotocol: try subprotocol(values("sec-websocket-protocol"), offered: offeredProtocols),
            deflate: try deflate(values("sec-websocket-extensions"), wish: offeredDeflate))
    }

    private static func subprotocol(_ values: [String], offered: [String]) throws(ClientHandshakeError) -> String? {
        guard let chosen = values.first else { return nil }
        guard values.count == 1 else { throw .answer("the remote answered more than one Sec-WebSocket-Protocol header, expected one at most") }
        // Exactly as offered: subprotocols differ by case, and a list of them is no choice.
        guard offered.contains(chosen) else {
            let expected = offered.isEmpty ? "none, for none was offered" : "one of \(offered.map { "\"\($0)\"" }.joined(separator: ", "))"
            throw .answer("the remote chose the subprotocol \(shown(chosen)), expected \(expected)")
        }
        return chosen
    }

    private static func deflate(_ values: [String], wish: DeflateAgreement.Wish?) throws(ClientHandshakeError) -> DeflateAgreement? {
        guard let answers = ExtensionOffer.list(values) else {
            throw .answer("the remote's Sec-WebSocket-Extensions cannot be read, expected extensions, each with its parameters")
        }
        var agreement: DeflateAgreement?
        for answer in answers {
            guard let wish, answer.name.lowercased() == DeflateAgreement.name else {
                throw .answer("the remote uses the extension \(shown(answer.name)), which was not offered")
            }
            guard agreement == nil else { throw .answer("the remote uses \(DeflateAgreement.name) twice, expected once at most") }
            agreement = try DeflateAgreement(answer: answer, wish: wish)
        }
        return agreement
    }

    /// What somebody else wrote, short and on one line.
    static func shown(_ text: String) -> String {
        let scalars = text.unicodeScalars
        let safe = String(String.UnicodeScalarView(scalars.prefix(64).map { $0.value < 0x20 || $0.value == 0x7F ? "\u{FFFD}" : $0 }))
        return "\"\(safe)\(scalars.count > 64 ? "…" : "")\""
    }

    private static func isVisible(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7F }
    private static func isFieldByte(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != 0x7F || byte == 0x09 }
}
