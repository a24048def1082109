// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// A JSON object of a publish request, with the name by which errors call it.
///
/// A member that is `null` is there, and of the wrong type: so Pushpin has it.
struct GripPublishObject {
    let value: JSONValue
    /// `publish item object`, `'ws-message'`, …
    let name: String

    /// - Throws: when the value is no object.
    init(_ value: JSONValue, name: String) throws(GripPublishError) {
        guard value.object != nil else { throw .format("\(name) is not an object") }
        self.value = value
        self.name = name
    }

    func member(_ key: String) -> JSONValue? { value[key] }

    func string(_ key: String) throws(GripPublishError) -> String? {
        guard let member = member(key) else { return nil }
        guard let text = member.string else { throw wrongType(key) }
        return text
    }

    func bool(_ key: String) throws(GripPublishError) -> Bool? {
        guard let member = member(key) else { return nil }
        guard let value = member.bool else { throw wrongType(key) }
        return value
    }

    func array(_ key: String) throws(GripPublishError) -> [JSONValue]? {
        guard let member = member(key) else { return nil }
        guard let values = member.array else { throw wrongType(key) }
        return values
    }

    /// A whole number, which may stand in quotes or be written as a fraction: languages without types or integers send `"1000"` and `1000.0`.
    func integer(_ key: String) throws(GripPublishError) -> Int? {
        guard let member = member(key) else { return nil }
        switch member.content {
        case .number(let digits):
            if let number = Int(digits) ?? Double(digits).flatMap(Int.init(exactly:)) { return number }
        case .string(let text):
            if let number = Int(text) { return number }
        default: break
        }
        throw wrongType(key)
    }

    /// Base64 with or without padding, and with line breaks: some libraries write them.
    func base64(_ key: String) throws(GripPublishError) -> ByteBuffer? {
        guard let text = try string(key) else { return nil }
        var letters = text.utf8.filter { $0 != 0x20 && !(0x09...0x0D).contains($0) }
        if letters.last != UInt8(ascii: "=") {
            letters.append(contentsOf: repeatElement(UInt8(ascii: "="), count: (4 - letters.count % 4) % 4))
        }
        guard let bytes = Base64.decode(String(decoding: letters, as: UTF8.self)) else {
            throw .format("\(name) contains '\(key)' that is not base64")
        }
        return bytes
    }

    /// The members of an object of strings, in order.
    ///
    /// - Parameter fault: for the name of a member that is no string; of several, the first by name, as Pushpin reads them.
    /// - Returns: `nil` when the value is no object.
    static func texts(
        of value: JSONValue, else fault: (_ name: String) -> GripPublishError
    ) throws(GripPublishError) -> [(String, String)]? {
        guard let members = value.object else { return nil }
        let wrong = members.lazy.filter { $0.value.string == nil }.map(\.name)
        if let name = wrong.min(by: { $0.utf16.lexicographicallyPrecedes($1.utf16) }) { throw fault(name) }
        return members.map { ($0.name, $0.value.string ?? "") }
    }

    func wrongType(_ key: String) -> GripPublishError { .format("\(name) contains '\(key)' with wrong type") }

    /// - Parameter rule: what is accepted, where Pushpin accepts more.
    func invalidValue(_ key: String, _ rule: String? = nil) -> GripPublishError {
        .format("\(name) contains '\(key)' with invalid value" + (rule.map { ": \($0)" } ?? ""))
    }
}
