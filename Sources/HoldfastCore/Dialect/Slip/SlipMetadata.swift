// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// What comes with every event of a connection: the headers and address of its opening request, until the app puts something of its own there.
///
/// The first is made once and kept beside the connection, whatever its size. What the app sets is an entry of the connection's state, as JSON text,
/// and within its limit (`maxStateBytes`).
enum SlipMetadata {
    /// The entry of the connection's state.
    static let stateKey = "metadata"

    /// What it is at first.
    static func original(of request: OpeningRequest) -> SplitHead {
        var json = JSONWriter(capacity: 64 + request.headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 8 })
        json.beginObject()
        json.key("headers")
        write(request.headers, into: &json)
        json.key("ip")
        json.string(request.remoteAddress)
        json.endObject()
        var text = SplitHead()
        text.appendOwn(String(buffer: json.buffer))
        return text
    }

    /// The change that sets it.
    ///
    /// - Parameter text: a JSON value; `null` deletes the metadata, and what it was at first does not come back.
    static func patch(_ text: String) -> StatePatch { StatePatch([StatePatch.Change(key: stateKey, value: text)]) }

    /// Writes it as it is now.
    static func write(_ session: SessionView, into json: inout JSONWriter) {
        guard let text = session.state[stateKey] else {
            guard let original = session.facts.webhookHead else { return json.null() }
            var text = ByteBufferAllocator().buffer(capacity: original.count)
            original.write(into: &text)
            return json.raw(text)
        }
        let bytes = ByteBuffer(string: text)
        // The control API can set the same entry to any text.
        if (try? JSONReader.parse(bytes)) != nil { json.raw(bytes) } else { json.string(text) }
    }

    /// Names to values. A header that came more than once is one line, as HTTP has it (RFC 9110 §5.3); cookies have a separator of their own.
    static func write(_ headers: [OpeningRequest.Field], into json: inout JSONWriter) {
        json.beginObject()
        var written: Set<String> = []
        for header in headers where written.insert(header.name).inserted {
            let same = headers.filter { $0.name == header.name }
            json.key(escaping: header.name)
            json.string(same.count == 1 ? header.value : same.map(\.value).joined(separator: header.name == "cookie" ? "; " : ", "))
        }
        json.endObject()
    }
}
