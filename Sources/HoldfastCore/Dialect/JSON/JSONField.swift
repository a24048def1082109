// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire

/// A value on its way from JSON to an action, with the path by which an error message names it.
struct JSONField {
    let value: JSONValue
    // The path in parts, put together only for an error message: most answers have none, and each has some fields.
    private let base: String
    private let index: Int?
    private let name: String?

    init(value: JSONValue, path: String) {
        self.init(value: value, base: path, index: nil, name: nil)
    }

    private init(value: JSONValue, base: String, index: Int?, name: String?) {
        self.value = value
        self.base = base
        self.index = index
        self.name = name
    }

    var path: String {
        let element = index.map { "\(base)[\($0)]" } ?? base
        guard let name else { return element }
        return element.isEmpty ? name : "\(element).\(name)"
    }

    /// A value of this one's, under a name.
    func member(_ name: String, _ value: JSONValue) -> JSONField {
        self.name == nil
            ? JSONField(value: value, base: base, index: index, name: name) : JSONField(value: value, base: path, index: nil, name: name)
    }

    /// - Throws: when this is no object.
    func checkObject() throws(DialectError) {
        guard value.object != nil else { throw expected("an object") }
    }

    /// A member that may be absent; `null` counts as absent.
    func optional(_ name: String) -> JSONField? {
        guard let member = value[name], !member.isNull else { return nil }
        return self.member(name, member)
    }

    func required(_ name: String, _ what: @autoclosure () -> String) throws(DialectError) -> JSONField {
        guard let field = optional(name) else {
            throw .notUnderstood("\(path.isEmpty ? name : "\(path).\(name)"): expected \(what()), but it is missing")
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
        let path = path
        return values.enumerated().map { JSONField(value: $0.element, base: path, index: $0.offset, name: nil) }
    }

    func members() throws(DialectError) -> [(name: String, field: JSONField)] {
        guard let members = value.object else { throw expected("an object") }
        return members.map { (name: $0.name, field: member($0.name, $0.value)) }
    }

    func expected(_ what: String) -> DialectError { .notUnderstood("\(path): expected \(what), found \(value.kind)") }

    /// For a value of the right kind that is wrong all the same.
    func invalid(_ why: String) -> DialectError { .notUnderstood("\(path): \(why)") }
}
