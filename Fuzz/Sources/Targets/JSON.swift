// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HoldfastWire
import NIOCore

/// Any text as JSON.
///
/// Never a crash. Never another verdict or value than Foundation's, but for what that is known to put up with. What is read can be written and
/// read again, and any string survives being written.
enum JSON {
    static let target = FuzzTarget(name: "JSON", maxLength: 512) { input in
        let bytes = Array(input.rest)
        let ours = read(.amid(bytes))
        let theirs = try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
        switch (ours, theirs) {
        case (.success(let value), let theirs?):
            claim(isSame(value, theirs), "Foundation reads \(theirs) from \(shown(bytes))")
            checkWritten(value)
        case (.success(let value), nil): claim(isBeyondDouble(value), "Foundation refuses what we accept: \(shown(bytes))")
        case (.failure(let error), .some): claim(isTolerated(bytes, error), "we say \(error), but Foundation accepts \(shown(bytes))")
        case (.failure(let error), nil):
            let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
            claim(
                (1...lines.count).contains(error.line) && (1...lines[error.line - 1].count + 1).contains(error.column), "\(error) of \(shown(bytes))")
        }

        let text = input.text
        var writer = JSONWriter()
        writer.string(text)
        guard case .success(let value) = read(writer.buffer), let again = value.string else { fatalError("no string: \(shown(bytes))") }
        claim(again.utf8.elementsEqual(text.utf8), "\(text) became \(again)")
    }

    private static func read(_ document: ByteBuffer) -> Result<JSONValue, JSONSyntaxError> {
        do throws(JSONSyntaxError) { return .success(try JSONReader.parse(document)) } catch { return .failure(error) }
    }

    /// What Foundation accepts beyond RFC 8259, or beyond our depth.
    private static func isTolerated(_ bytes: [UInt8], _ error: JSONSyntaxError) -> Bool {
        // UTF-16 and UTF-32, and a byte order mark.
        if bytes.prefix(4).contains(0) || bytes.starts(with: [0xEF, 0xBB, 0xBF]) || bytes.starts(with: [0xFE, 0xFF]) { return true }
        if bytes.starts(with: [0xFF, 0xFE]) || error.message.hasPrefix("nested deeper") { return true }
        // A comma before a closing bracket.
        let dense = bytes.filter { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        return zip(dense, dense.dropFirst()).contains { $0 == UInt8(ascii: ",") && ($1 == UInt8(ascii: "]") || $1 == UInt8(ascii: "}")) }
    }

    /// Whether it holds a number that no `Double` can: JSON knows no limit, Foundation does.
    private static func isBeyondDouble(_ value: JSONValue) -> Bool {
        switch value.content {
        case .number(let digits): Double(digits).map { $0.isInfinite || $0.isZero } ?? true
        case .array(let values): values.contains(where: isBeyondDouble)
        case .object(let members): members.contains { isBeyondDouble($0.value) }
        case .null, .bool, .string: false
        }
    }

    private static func isSame(_ value: JSONValue, _ theirs: Any) -> Bool {
        switch value.content {
        case .null: return theirs is NSNull
        case .bool(let bool): return (theirs as? NSNumber)?.boolValue == bool
        case .number: return value.integer.map { (theirs as? NSNumber)?.doubleValue == Double($0) } ?? (theirs is NSNumber)
        case .string(let text): return (theirs as? String).map { withoutMarks($0) == withoutMarks(text) } ?? false
        case .array(let values):
            guard let others = theirs as? [Any] else { return false }
            return values.count == others.count && zip(values, others).allSatisfy(isSame)
        case .object(let members):
            guard let others = theirs as? [String: Any] else { return false }
            // Of names that are equal to Swift Foundation keeps one.
            guard Set(members.map(\.name)).count == members.count else { return true }
            guard !members.contains(where: { $0.name.unicodeScalars.contains(mark) }) else { return true }
            return members.count == others.count && members.allSatisfy { member in others[member.name].map { isSame(member.value, $0) } ?? false }
        }
    }

    private static let mark: Unicode.Scalar = "\u{FEFF}"

    /// Foundation drops some byte order marks: in front of a string's text, or behind an escape in it.
    private static func withoutMarks(_ text: String) -> [UInt8] {
        Array(String(String.UnicodeScalarView(text.unicodeScalars.filter { $0 != mark })).utf8)
    }

    private static func checkWritten(_ value: JSONValue) {
        guard case .success(let alone) = read(value.source) else { fatalError("its own bytes are no JSON: \(shown(value.source.readableBytesView))") }
        claim(isSame(alone, value), "its own bytes mean another value: \(shown(value.source.readableBytesView))")
        var writer = JSONWriter(capacity: 0)
        write(value, into: &writer)
        guard case .success(let again) = read(writer.buffer) else { fatalError("written as \(shown(writer.buffer.readableBytesView))") }
        claim(isSame(again, value), "written as \(shown(writer.buffer.readableBytesView))")
    }

    private static func isSame(_ left: JSONValue, _ right: JSONValue) -> Bool {
        switch (left.content, right.content) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.number(let a), .number(let b)): a == b
        case (.string(let a), .string(let b)): a.utf8.elementsEqual(b.utf8)
        case (.array(let a), .array(let b)): a.count == b.count && zip(a, b).allSatisfy(isSame)
        case (.object(let a), .object(let b)):
            a.count == b.count && zip(a, b).allSatisfy { $0.name.utf8.elementsEqual($1.name.utf8) && isSame($0.value, $1.value) }
        default: false
        }
    }

    private static func write(_ value: JSONValue, into writer: inout JSONWriter) {
        switch value.content {
        case .null: writer.null()
        case .bool(let bool): writer.bool(bool)
        case .number(let digits):
            if let integer = value.integer, String(integer) == digits { writer.integer(integer) } else { writer.raw(value.source) }
        case .string(let text): writer.string(text)
        case .array(let values):
            writer.beginArray()
            for value in values { write(value, into: &writer) }
            writer.endArray()
        case .object(let members):
            writer.beginObject()
            for member in members {
                writer.key(escaping: member.name)
                write(member.value, into: &writer)
            }
            writer.endObject()
        }
    }
}
