// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire

/// What an app says in the headers of an answer, read in one pass over the bytes: this is done for each message of each client.
struct GripAnswerHead {
    /// The shortest time between calls without news (`Keep-Alive-Interval`), in seconds.
    static let leastInterval = 1

    let status: Int
    /// Whether the body is a list of events, by its content type.
    private(set) var isEvents = false
    /// Outer `nil` where nothing is said of it, inner `nil` where it is turned off.
    private(set) var interval: Duration??
    private var changes: [StatePatch.Change] = []
    private var takenText: String?

    init(_ head: HTTPResponseHead) {
        status = head.status
        var hasType = false
        var isEvents = false
        var interval: String?
        var taken: String?
        var changes: [StatePatch.Change] = []
        head.forEachField { name, value in
            switch name.count {
            case 12 where !hasType && name.equalsIgnoringCase("content-type"):
                hasType = true
                isEvents = Self.isEvents(value)
            case 19 where interval == nil && name.equalsIgnoringCase("keep-alive-interval"): interval = String(decoding: value, as: UTF8.self)
            case 22 where taken == nil && name.equalsIgnoringCase("content-bytes-accepted"): taken = String(decoding: value, as: UTF8.self)
            case 10... where name.startsIgnoringCase("set-meta-"):
                let key = String(decoding: name.dropFirst(9), as: UTF8.self).lowercased()
                changes.append(.init(key: key, value: value.isEmpty ? nil : String(decoding: value, as: UTF8.self)))
            default: break
            }
        }
        self.isEvents = isEvents
        self.changes = changes
        takenText = taken
        self.interval = interval.map { text in
            guard let seconds = Int(text), seconds > 0 else { return nil }
            return .seconds(min(max(seconds, Self.leastInterval), 1_000_000))
        }
    }

    /// What the headers ask for, in the order: state, interval, bytes taken.
    func settings() throws(DialectError) -> [Action] {
        var actions: [Action] = []
        if !changes.isEmpty { actions.append(.setState(StatePatch(changes), to: nil)) }
        if let interval { actions.append(.control(.poll(every: interval), to: nil)) }
        if let taken = try taken() { actions.append(.took(contentBytes: taken)) }
        return actions
    }

    /// How many bytes of the messages the app has taken; `nil` where it does not say.
    func taken() throws(DialectError) -> Int? {
        guard let text = takenText else { return nil }
        guard let bytes = Int(text), bytes >= 0 else {
            throw .notUnderstood("Content-Bytes-Accepted: expected a number of bytes, found \"\(text)\"")
        }
        return bytes
    }

    /// - Parameter type: of the answer; its parameters and all white space count for nothing.
    private static func isEvents(_ type: UnsafeRawBufferPointer) -> Bool {
        let expected = GripDialect.contentTypeBytes
        var place = 0
        for byte in type {
            if byte == UInt8(ascii: ";") { break }
            if byte == 0x20 || byte == 0x09 { continue }
            let lower = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
            guard place < expected.utf8CodeUnitCount, expected.utf8Start[place] == lower else { return false }
            place += 1
        }
        return place == expected.utf8CodeUnitCount
    }
}
