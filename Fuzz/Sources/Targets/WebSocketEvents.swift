// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// A body of type application/websocket-events.
///
/// Never a crash. Never another verdict or event than those of a second reader, which goes by lines, and never a text that cannot be sent. What is
/// read can be written and read again.
enum WebSocketEvents {
    static let target = FuzzTarget(name: "WebSocketEvents", maxLength: 512) { input in
        let bytes = Array(input.rest)
        let expected = plainRead(bytes[...])
        do throws(WebSocketEventError) {
            let events = try WebSocketEventReader.read(.amid(bytes, noise: "\r\nPING\r\n0\r\n\r\n"))
            claim(events == expected, "we read \(events) from \(shown(bytes))")
            check(events)
        } catch {
            claim(expected == nil, "\(error): \(shown(bytes))")
            claim((0...bytes.count).contains(error.offset) && (0...error.offset).contains(error.index), "\(error) of \(shown(bytes))")
            claim(!error.expected.isEmpty && isLine(error.description), "\(error)")
        }
    }

    private static func check(_ events: [WebSocketEvent]) {
        var body = ByteBuffer()
        for event in events {
            WebSocketEventWriter.write(event, into: &body)
            claim(event.kind.hasContent || event.content == nil, "\(event)")
            if event.kind == .close {
                let content = WebSocketCloseContent(event.content)
                claim(WebSocketCloseContent(content.content) == content, "\(content)")
                claim(content.code == .none || content.content == event.content, "\(content) is not \(event)")
            }
        }
        claim((try? WebSocketEventReader.read(.amid(body.readableBytesView))) == events, "written as \(shown(body.readableBytesView))")
    }

    /// The same by other means: line by line, in arrays and strings.
    private static func plainRead(_ bytes: ArraySlice<UInt8>) -> [WebSocketEvent]? {
        var rest = bytes
        var events: [WebSocketEvent] = []
        while !rest.isEmpty {
            guard let line = takeLine(&rest) else { return nil }
            let words = line.split(separator: 0x20, omittingEmptySubsequences: false).map { String(decoding: $0, as: Swift.UTF8.self) }
            let name = words[0].unicodeScalars
            guard words.count <= 2, (1...32).contains(name.count), let first = name.first, ("A"..."Z").contains(first) else { return nil }
            guard name.allSatisfy({ ("A"..."Z").contains($0) || ("0"..."9").contains($0) || $0 == "-" || $0 == "_" }) else { return nil }
            var content: ByteBuffer?
            if words.count == 2 {
                // Swift takes a sign for part of a number.
                guard (1...8).contains(words[1].utf8.count), words[1].allSatisfy(\.isHexDigit), let length = UInt32(words[1], radix: 16) else {
                    return nil
                }
                guard rest.count >= Int(length) + 2 else { return nil }
                content = ByteBuffer(bytes: rest.prefix(Int(length)))
                rest = rest.dropFirst(Int(length))
                guard rest.prefix(2).elementsEqual([0x0D, 0x0A]) else { return nil }
                rest = rest.dropFirst(2)
            }
            guard let kind = WebSocketEvent.Kind(rawValue: words[0]) else { continue }
            if !kind.hasContent { content = nil }
            guard canBeSent(kind, content.map { Array($0.readableBytesView) } ?? []) else { return nil }
            events.append(WebSocketEvent(kind, content: content))
        }
        return events
    }

    private static func takeLine(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard let end = zip(rest.indices, rest.dropFirst().indices).first(where: { rest[$0] == 0x0D && rest[$1] == 0x0A }) else { return nil }
        defer { rest = rest[(end.1 + 1)...] }
        return rest[..<end.0]
    }

    private static func canBeSent(_ kind: WebSocketEvent.Kind, _ content: [UInt8]) -> Bool {
        switch kind {
        case .text: String(validating: content, as: Swift.UTF8.self) != nil
        case .close: String(validating: content.dropFirst(2), as: Swift.UTF8.self) != nil
        case .ping, .pong: content.count <= 125
        case .open, .binary, .disconnect: true
        }
    }
}
