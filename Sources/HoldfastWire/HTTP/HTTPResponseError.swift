// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Why the bytes that an app sent are not a response that can be used.
package enum HTTPResponseError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The bytes break HTTP/1.1's grammar.
    case malformed(String)
    /// The head passed the limit, in bytes.
    case headTooLarge(limit: Int)
    /// The body passed the limit, in bytes.
    case bodyTooLarge(limit: Int)
    /// The connection ended inside a response.
    case truncated

    package var description: String {
        switch self {
        case .malformed(let what): "the answer is not HTTP/1.1: \(what)"
        case .headTooLarge(let limit): "the answer's head is larger than \(limit) bytes"
        case .bodyTooLarge(let limit): "the answer's body is larger than \(limit) bytes"
        case .truncated: "the connection ended inside the answer"
        }
    }
}
