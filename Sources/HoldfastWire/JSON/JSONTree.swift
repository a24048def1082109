// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// A JSON document that is being changed. Copies of values share what they have in common.
///
/// Every value that is looked at counts, so that a document which shares much cannot keep the reader busy for long.
struct JSONTree {
    enum Fault: Error, Equatable, CustomStringConvertible {
        case missing
        /// The value there has no members.
        case noContainer
        case noIndex(String)
        case wholeDocument
        case intoItself
        case other
        case tooDeep
        case tooLong(Int)
        case tooMuchWork

        var description: String {
            switch self {
            case .missing: "nothing is there"
            case .noContainer: "the value around it is neither an object nor an array"
            case .noIndex(let token): "\"\(token)\" is no place in the array there"
            case .wholeDocument: "the whole document cannot be removed"
            case .intoItself: "a value cannot be moved into itself"
            case .other: "the value there is another one"
            case .tooDeep: "nested deeper than \(JSONReader.maxDepth) levels"
            case .tooLong(let limit): "the result is longer than \(limit) bytes"
            case .tooMuchWork: "the patch takes too much work"
            }
        }
    }

    /// One value.
    enum Node {
        /// Not touched: its bytes are passed on.
        case original(JSONValue)
        case array([Node])
        /// No name twice.
        case object([Member])

        init(_ value: JSONValue) { self = .original(value) }
    }

    struct Member {
        let name: String
        var value: Node
    }

    private var root: Node
    private var stepsLeft: Int

    init(_ document: JSONValue, maxSteps: Int) {
        root = Node(document)
        stepsLeft = maxSteps
    }

    // MARK: Operations

    mutating func value(_ path: JSONPointer) throws(Fault) -> Node {
        var node = root
        for token in path.tokens {
            node = opened(node)
            switch node {
            case .array(let values):
                try spend(values.count)
                guard let index = JSONPointer.index(token, count: values.count) else { throw .missing }
                node = values[index]
            case .object(let members):
                try spend(members.count)
                guard let place = Self.place(of: token, in: members) else { throw .missing }
                node = members[place].value
            case .original: throw .missing
            }
        }
        return node
    }

    mutating func add(_ node: Node, at path: JSONPointer) throws(Fault) {
        guard path.tokens.count + (try depth(node)) <= JSONReader.maxDepth else { throw .tooDeep }
        guard let last = path.tokens.last else { return root = node }
        try change(path.tokens.dropLast()) { (container: inout Node) throws(Fault) in
            switch container {
            case .array(var values):
                container = .array([])
                defer { container = .array(values) }
                if last == "-" { return values.append(node) }
                guard let index = JSONPointer.index(last, count: values.count + 1) else { throw .noIndex(last) }
                values.insert(node, at: index)
            case .object(var members):
                container = .object([])
                defer { container = .object(members) }
                if let place = Self.place(of: last, in: members) {
                    members[place].value = node
                } else {
                    members.append(Member(name: last, value: node))
                }
            case .original: throw .noContainer
            }
        }
    }

    mutating func remove(_ path: JSONPointer) throws(Fault) -> Node {
        guard let last = path.tokens.last else { throw .wholeDocument }
        var removed: Node?
        try change(path.tokens.dropLast()) { (container: inout Node) throws(Fault) in
            switch container {
            case .array(var values):
                container = .array([])
                defer { container = .array(values) }
                guard let index = JSONPointer.index(last, count: values.count) else { throw .missing }
                removed = values.remove(at: index)
            case .object(var members):
                container = .object([])
                defer { container = .object(members) }
                guard let place = Self.place(of: last, in: members) else { throw .missing }
                removed = members.remove(at: place).value
            case .original: throw .missing
            }
        }
        guard let removed else { throw .missing }
        return removed
    }

    mutating func replace(_ path: JSONPointer, with node: Node) throws(Fault) {
        guard path.tokens.count + (try depth(node)) <= JSONReader.maxDepth else { throw .tooDeep }
        guard let last = path.tokens.last else { return root = node }
        try change(path.tokens.dropLast()) { (container: inout Node) throws(Fault) in
            switch container {
            case .array(var values):
                container = .array([])
                defer { container = .array(values) }
                guard let index = JSONPointer.index(last, count: values.count) else { throw .missing }
                values[index] = node
            case .object(var members):
                container = .object([])
                defer { container = .object(members) }
                guard let place = Self.place(of: last, in: members) else { throw .missing }
                members[place].value = node
            case .original: throw .missing
            }
        }
    }

    /// Whether two values are the same (RFC 6902 §4.6): numbers by what they are, objects whatever the order of their members.
    mutating func isEqual(_ one: Node, _ other: Node) throws(Fault) -> Bool {
        switch (opened(one), opened(other)) {
        case (.array(let one), .array(let other)):
            guard one.count == other.count else { return false }
            try spend(one.count)
            for (one, other) in zip(one, other) {
                guard try isEqual(one, other) else { return false }
            }
            return true
        case (.object(let one), .object(let other)):
            guard one.count == other.count else { return false }
            try spend(one.count)
            let places = Dictionary(other.enumerated().map { (Array($0.element.name.utf8), $0.offset) }, uniquingKeysWith: { $1 })
            for member in one {
                guard let place = places[Array(member.name.utf8)], try isEqual(member.value, other[place].value) else { return false }
            }
            return true
        case (.original(let one), .original(let other)): return Self.isEqual(one, other)
        default: return false
        }
    }

    func written(maxBytes: Int) throws(Fault) -> ByteBuffer {
        var writer = JSONWriter()
        try write(root, into: &writer, maxBytes: maxBytes)
        return writer.buffer
    }

    // MARK: Ways

    /// Changes the value at the end of the way, which is opened.
    private mutating func change(_ tokens: ArraySlice<String>, _ body: (inout Node) throws(Fault) -> Void) throws(Fault) {
        // Taken out while it changes, so that arrays are not copied which nobody else has.
        var node = root
        root = .array([])
        defer { root = node }
        try change(&node, tokens, body)
    }

    private mutating func change(_ node: inout Node, _ tokens: ArraySlice<String>, _ body: (inout Node) throws(Fault) -> Void) throws(Fault) {
        node = opened(node)
        switch node {
        case .array(let values): try spend(values.count)
        case .object(let members): try spend(members.count)
        case .original: break
        }
        guard let token = tokens.first else { return try body(&node) }
        switch node {
        case .array(var values):
            guard let index = JSONPointer.index(token, count: values.count) else { throw .missing }
            node = .array([])
            defer { node = .array(values) }
            try change(&values[index], tokens.dropFirst(), body)
        case .object(var members):
            guard let place = Self.place(of: token, in: members) else { throw .missing }
            node = .object([])
            defer { node = .object(members) }
            try change(&members[place].value, tokens.dropFirst(), body)
        case .original: throw .missing
        }
    }

    /// An object or array with its members at hand; anything else as it is.
    private func opened(_ node: Node) -> Node {
        guard case .original(let value) = node else { return node }
        switch value.content {
        case .array(let values): return .array(values.map(Node.init))
        case .object(let members):
            var places: [[UInt8]: Int] = [:]
            var kept: [Member] = []
            for member in members {
                let key = Array(member.name.utf8)
                if let place = places[key] {
                    kept[place].value = Node(member.value)
                } else {
                    places[key] = kept.count
                    kept.append(Member(name: member.name, value: Node(member.value)))
                }
            }
            return .object(kept)
        case .null, .bool, .number, .string: return node
        }
    }

    private static func place(of name: String, in members: [Member]) -> Int? {
        // Swift takes names for equal that JSON tells apart.
        members.firstIndex { $0.name.hasSameBytes(as: name) }
    }

    private mutating func spend(_ steps: Int) throws(Fault) {
        stepsLeft -= steps
        guard stepsLeft >= 0 else { throw .tooMuchWork }
    }

    /// How many levels of objects and arrays there are.
    private mutating func depth(_ node: Node) throws(Fault) -> Int {
        try spend(1)
        var deepest = 0
        switch node {
        case .array(let values):
            for value in values { deepest = max(deepest, try depth(value)) }
        case .object(let members):
            for member in members { deepest = max(deepest, try depth(member.value)) }
        case .original(let value): return try depth(value)
        }
        return deepest + 1
    }

    private mutating func depth(_ value: JSONValue) throws(Fault) -> Int {
        try spend(1)
        var deepest = 0
        switch value.content {
        case .array(let values):
            for value in values { deepest = max(deepest, try depth(value)) }
        case .object(let members):
            for member in members { deepest = max(deepest, try depth(member.value)) }
        case .null, .bool, .number, .string: return 0
        }
        return deepest + 1
    }

    // MARK: Values

    private static func isEqual(_ one: JSONValue, _ other: JSONValue) -> Bool {
        switch (one.content, other.content) {
        case (.null, .null): true
        case (.bool(let one), .bool(let other)): one == other
        case (.string(let one), .string(let other)): one.utf8.elementsEqual(other.utf8)
        case (.number(let one), .number(let other)): one == other || JSONNumber.areEqual(one, other)
        default: false
        }
    }

    private func write(_ node: Node, into writer: inout JSONWriter, maxBytes: Int) throws(Fault) {
        switch node {
        case .original(let value):
            guard writer.count + value.source.readableBytes <= maxBytes else { throw .tooLong(maxBytes) }
            writer.raw(value.source)
        case .array(let values):
            writer.beginArray()
            for value in values { try write(value, into: &writer, maxBytes: maxBytes) }
            writer.endArray()
        case .object(let members):
            writer.beginObject()
            for member in members {
                writer.key(escaping: member.name)
                try write(member.value, into: &writer, maxBytes: maxBytes)
            }
            writer.endObject()
        }
        guard writer.count <= maxBytes else { throw .tooLong(maxBytes) }
    }
}
