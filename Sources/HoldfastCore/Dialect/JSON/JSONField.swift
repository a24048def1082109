// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire

/// A value on its way from JSON to an action, with the path by which an error message names it.
struct JSONField {
    let value: JSONValue
    let path: String

    /// - Throws: when this is no object.
    func checkObject() throws(DialectError) {
        guard value.object != nil else { throw expected("an object") }
    }

    /// A member that may be absent; `null` counts as absent.
    func optional(_ name: String) -> JSONField? {
        guard let member = value[name], !member.isNull else { return nil }
        return JSONField(value: member, path: path.isEmpty ? name : "\(path).\(name)")
    }

    func required(_ name: String, _ what: String) throws(DialectError) -> JSONField {
        guard let field = optional(name) else {
            throw .notUnderstood("\(path.isEmpty ? name : "\(path).\(name)"): expected \(what), but it is missing")
        }
        return field
    }

    func string() throws(DialectError) -> String {
        guard let text = value.string else { throw expected("a string") }
        return text
    }

    func integer() throws(DialectError) -> Int {
        guard let number = value.integer else { throw expected("a whole number") }
        return number
    }

    func bool() throws(DialectError) -> Bool {
        guard let value = value.bool else { throw expected("true or false") }
        return value
    }

    func array() throws(DialectError) -> [JSONField] {
        guard let values = value.array else { throw expected("an array") }
        return values.enumerated().map { JSONField(value: $0.element, path: "\(path)[\($0.offset)]") }
    }

    func members() throws(DialectError) -> [(name: String, field: JSONField)] {
        guard let members = value.object else { throw expected("an object") }
        return members.map { (name: $0.name, field: JSONField(value: $0.value, path: "\(path).\($0.name)")) }
    }

    func expected(_ what: String) -> DialectError { .notUnderstood("\(path): expected \(what), found \(value.kind)") }

    /// For a value of the right kind that is wrong all the same.
    func invalid(_ why: String) -> DialectError { .notUnderstood("\(path): \(why)") }
}
