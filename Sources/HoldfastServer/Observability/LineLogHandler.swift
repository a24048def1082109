// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HoldfastWire
package import Logging
import NIOCore
import Synchronization

/// Writes log entries as lines on standard error: JSON for machines, or plain text for a terminal. Both are one line per entry.
package struct LineLogHandler: LogHandler {
    package enum Format: Sendable {
        case json, text, coloredText
    }

    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    private let format: Format

    package init(format: Format, level: Logger.Level) {
        self.format = format
        self.logLevel = level
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let merged = event.metadata.map { metadata.merging($0) { _, new in new } } ?? metadata
        let fields = merged.sorted { $0.key < $1.key }
        let time = Date.now.formatted(.iso8601.year().month().day().time(includingFractionalSeconds: true)) + "Z"
        var line =
            switch format {
            case .json: Self.json(time, event, fields)
            case .text: Self.text(time, event, fields, isColored: false)
            case .coloredText: Self.text(time, event, fields, isColored: true)
            }
        line.writeInteger(UInt8(ascii: "\n"))
        // One write per line: lines of different threads do not mix.
        line.withUnsafeReadableBytes { bytes in _ = write(2, bytes.baseAddress, bytes.count) }
    }

    private static func json(_ time: String, _ event: LogEvent, _ fields: [(key: String, value: Logger.Metadata.Value)]) -> ByteBuffer {
        var json = JSONWriter()
        json.beginObject()
        json.key("time")
        json.string(time)
        json.key("level")
        json.string(event.level.rawValue)
        json.key("message")
        json.string(event.message.description)
        for (key, value) in fields {
            json.key(escaping: key)
            json.string(value.description)
        }
        json.endObject()
        return json.buffer
    }

    private static func text(
        _ time: String, _ event: LogEvent, _ fields: [(key: String, value: Logger.Metadata.Value)], isColored: Bool
    ) -> ByteBuffer {
        let name = event.level.rawValue.uppercased()
        let level = isColored ? "\u{1B}[\(event.level >= .error ? 31 : event.level >= .warning ? 33 : 36)m\(name)\u{1B}[0m" : name
        let shown = fields.map { " \($0.key)=\(quoted($0.value.description))" }.joined()
        return ByteBuffer(string: "\(time.dropFirst(11)) \(level) \(event.message)\(shown)")
    }

    private static func quoted(_ text: String) -> String {
        let isPlain = !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x22 && $0 < 0x7F }
        guard !isPlain else { return text }
        var json = JSONWriter()
        json.string(text)
        return String(buffer: json.buffer)
    }
}
