// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Changes to a JSON document (RFC 6902): `[{"op": "replace", "path": "/count", "value": 3}]`.
///
/// The operations are applied one after the other, all of them or none. What they do not touch keeps its bytes. Where a document has a name twice
/// in one object, the last one counts, and an operation leaves only that.
package struct JSONPatch: Sendable {
    /// A patch with more operations is refused.
    package static let maxOperations = 10_000
    /// Values looked at while a patch is applied, beyond which it is given up: patches can be made to multiply a document.
    package static let maxSteps = 250_000

    private enum Operation {
        case add(JSONPointer, JSONValue)
        case remove(JSONPointer)
        case replace(JSONPointer, JSONValue)
        case move(JSONPointer, from: JSONPointer)
        case copy(JSONPointer, from: JSONPointer)
        case test(JSONPointer, JSONValue)
    }

    private let operations: [(name: String, operation: Operation)]

    /// - Parameter patch: an array of operations. Members that RFC 6902 does not know are ignored.
    /// - Throws: a ``JSONPatchError`` for what is no patch, before anything is applied.
    package init(_ patch: JSONValue) throws(JSONPatchError) {
        guard let list = patch.array else { throw JSONPatchError("expected an array of operations, found \(patch.kind)") }
        guard list.count <= Self.maxOperations else {
            throw JSONPatchError("expected at most \(Self.maxOperations) operations, found \(list.count)")
        }
        var operations: [(name: String, operation: Operation)] = []
        for (place, value) in list.enumerated() { operations.append(try Self.operation(value, "[\(place)]")) }
        self.operations = operations
    }

    /// - Parameter maxBytes: a longer result is refused.
    /// - Returns: the changed document, without white space where something was changed.
    /// - Throws: a ``JSONPatchError`` that names the operation that cannot be applied; the document is to be taken as unchanged.
    package func apply(to document: JSONValue, maxBytes: Int) throws(JSONPatchError) -> ByteBuffer {
        var tree = JSONTree(document, maxSteps: Self.maxSteps)
        for (place, (name, operation)) in operations.enumerated() {
            do throws(JSONTree.Fault) {
                try Self.apply(operation, to: &tree)
            } catch {
                throw JSONPatchError("[\(place)] (\(name)): \(error)")
            }
        }
        do throws(JSONTree.Fault) {
            return try tree.written(maxBytes: maxBytes)
        } catch {
            throw JSONPatchError("\(error)")
        }
    }

    private static func apply(_ operation: Operation, to tree: inout JSONTree) throws(JSONTree.Fault) {
        switch operation {
        case .add(let path, let value): try tree.add(JSONTree.Node(value), at: path)
        case .remove(let path): _ = try tree.remove(path)
        case .replace(let path, let value): try tree.replace(path, with: JSONTree.Node(value))
        case .copy(let path, let from): try tree.add(try tree.value(from), at: path)
        case .test(let path, let value):
            guard try tree.isEqual(try tree.value(path), JSONTree.Node(value)) else { throw .other }
        case .move(let path, let from):
            guard !path.isInside(from) else { throw .intoItself }
            // Nothing moves, but it must be there.
            guard path != from else { return _ = try tree.value(from) }
            try tree.add(try tree.remove(from), at: path)
        }
    }

    // MARK: Reading

    private static func operation(_ value: JSONValue, _ place: String) throws(JSONPatchError) -> (name: String, operation: Operation) {
        guard value.object != nil else { throw JSONPatchError("\(place): expected an object, found \(value.kind)") }
        func text(_ name: String) throws(JSONPatchError) -> String {
            guard let member = value[name] else { throw JSONPatchError("\(place).\(name): expected a string, but it is missing") }
            guard let text = member.string else { throw JSONPatchError("\(place).\(name): expected a string, found \(member.kind)") }
            return text
        }
        func pointer(_ name: String) throws(JSONPatchError) -> JSONPointer {
            guard let pointer = JSONPointer(try text(name)) else { throw JSONPatchError("\(place).\(name): \(JSONPointer.rule)") }
            return pointer
        }
        func content() throws(JSONPatchError) -> JSONValue {
            guard let content = value["value"] else { throw JSONPatchError("\(place).value: expected a value, but it is missing") }
            return content
        }
        let name = try text("op")
        let path = try pointer("path")
        let operation: Operation
        switch name {
        case "add": operation = .add(path, try content())
        case "remove": operation = .remove(path)
        case "replace": operation = .replace(path, try content())
        case "move": operation = .move(path, from: try pointer("from"))
        case "copy": operation = .copy(path, from: try pointer("from"))
        case "test": operation = .test(path, try content())
        default: throw JSONPatchError("\(place).op: unknown operation \"\(name)\"; accepted: add, remove, replace, move, copy, test")
        }
        return ("\(name) \"\(path)\"", operation)
    }
}
