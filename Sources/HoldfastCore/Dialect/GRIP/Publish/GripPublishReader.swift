// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
package import NIOCore

/// Reads the body of a publish request (GRIP): `{"items": [ … ]}`, where an item has a `channel` and what to say there in up to three formats,
/// inside `formats` or beside it.
///
/// What only Holdfast refuses could not be delivered as it stands: a channel's name or an id that is too long, a message over the limit, bytes
/// sent as text that are none, a header or status that would break the HTTP answer, a close code that must not be on the wire.
package enum GripPublishReader {
    /// - Parameters:
    ///   - body: a byte order mark in front is no fault.
    ///   - maxMessageBytes: of each format's content, decoded.
    /// - Returns: a publication for each item, in order. Its details are `nil` for what is just a text or binary message.
    /// - Throws: a ``GripPublishError`` for the first fault; there is then nothing to publish.
    package static func read(_ body: ByteBuffer, maxMessageBytes: Int) throws(GripPublishError) -> [Publication] {
        var body = body
        if body.readableBytesView.starts(with: [0xEF, 0xBB, 0xBF]) { body.moveReaderIndex(forwardBy: 3) }
        guard let document = try? JSONReader.parse(body) else { throw .notJSON }
        switch document.content {
        case .object: break
        case .array: throw .noObject
        default: throw .notJSON
        }
        let root = try GripPublishObject(document, name: "object")
        guard let items = try root.array("items") else { throw .format("object does not contain 'items'") }
        var publications: [Publication] = []
        publications.reserveCapacity(items.count)
        for (index, item) in items.enumerated() {
            let reader = GripPublishItemReader(index: index, maxMessageBytes: maxMessageBytes)
            publications.append(try reader.read(try GripPublishObject(item, name: "publish item object")))
        }
        return publications
    }
}
