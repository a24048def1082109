// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore

/// What the benchmarks read and write: a message of 64 bytes, and what goes to the app and comes back for it.
enum Samples {
    static let text = String(repeating: "message ", count: 8)
    static let payload = ByteBuffer(string: text)
    static let channel = channelName("room")

    static let opening = OpeningRequest(
        path: "/chat", query: "name=ann", remoteAddress: "203.0.113.9", headers: [OpeningRequest.Field(name: "cookie", value: "session=1234567890")],
        protocols: [])

    /// Events that wait for the app together.
    static func messages(_ count: Int) -> [SequencedEvent] { (1...count).map { SequencedEvent(seq: $0, event: .message(.text(payload))) } }

    static func session(for dialect: any Dialect, grip: GripSession? = nil) -> SessionView {
        guard let id = ConnectionID("n1.0.AAAAB3v9mQx0a2bJ4cdEfQ") else { fatalError("the sample is no id") }
        let facts = ConnectionFacts(
            id: id, direction: .inbound, route: "default", request: opening, keeping: dialect.traits.keepsHeaders,
            webhookHead: dialect.webhookHead(of: opening, id: id))
        return SessionView(facts: facts, channels: [channel], grip: grip)
    }

    static func response(_ body: String, type: String = "application/json") -> ByteBuffer {
        let fields = ["Content-Type: \(type)", "Date: Sat, 21 Nov 2026 05:07:35 GMT", "Content-Length: \(body.utf8.count)"]
        return ByteBuffer(string: "HTTP/1.1 200 OK\r\n\(fields.joined(separator: "\r\n"))\r\n\r\n\(body)")
    }

    static func message(_ bytes: ByteBuffer) throws -> HTTPResponseMessage {
        var (reader, bytes) = (responseReader, bytes)
        guard let message = try reader.next(from: &bytes) else { fatalError("the sample is no whole response") }
        return message
    }

    static var responseReader: HTTPResponseReader { HTTPResponseReader(maxHeadBytes: 16 << 10, maxBodyBytes: 4 << 20) }

    static func channelName(_ text: String) -> ChannelName {
        guard let name = ChannelName(text) else { fatalError("no name for a channel: \(text)") }
        return name
    }
}
