// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Why bytes are no message between nodes, or a message cannot become bytes.
package enum NodeMessageError: Error, Equatable, Sendable, CustomStringConvertible {
    /// It ends too early.
    case truncated
    case unknownVersion(UInt8)
    case unknownKind(UInt8)
    /// A field holds what it must not.
    case invalid(Field)
    /// An action that only the node that has it can carry out.
    case notForOthers

    /// A field's name, for the log.
    package enum Field: String, Sendable {
        case number, text, node, channel, connection, closeCode, broadcast, details, filter, header, status, patch, action, control, frame, result
        case question, answer, record
    }

    package var description: String {
        switch self {
        case .truncated: "it ends too early"
        case .unknownVersion(let version): "version \(version) is not known"
        case .unknownKind(let kind): "kind \(kind) is not known"
        case .invalid(let field): "a field is not valid: \(field.rawValue)"
        case .notForOthers: "an action that is not for other nodes"
        }
    }
}
