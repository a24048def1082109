// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Why the control API did not do what was asked.
public struct ControlError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of failure.
    public enum Code: String, Sendable, Hashable {
        /// 400, 415: the gateway does not understand the request. Also when an action in it is refused before it is sent; the status then is 0.
        case badRequest
        /// 401 (`slip`: also 403): the token is missing or wrong.
        case unauthorized
        /// 403: not from here, or not without a token.
        case forbidden
        /// 404: no node has the connection.
        case notFound
        /// 409: it would pass a limit of the connection.
        case limit
        /// 413: the message is longer than the gateway takes.
        case tooLarge
        /// 429: the client reads too slowly and its queue is full; nothing was sent.
        case full
        /// 5xx: the gateway, or the node that holds the connection, cannot do it now.
        case unavailable
        /// No answer in time. Whether it was done is not known.
        case timeout
        /// No connection to the gateway.
        case unreachable
        /// Anything else, such as a redirect, or an answer that is no JSON.
        case unexpected
    }

    public let code: Code
    /// The HTTP status, or that of the same refusal among the results of a list. 0 without an answer.
    public let status: Int
    /// The status in words; empty without an answer.
    public let title: String
    /// What is wrong, and what to do about it.
    public let detail: String

    init(_ code: Code, status: Int = 0, title: String = "", detail: String) {
        self.code = code
        self.status = status
        self.title = title
        self.detail = detail
    }

    public var description: String { status == 0 ? "\(code.rawValue): \(detail)" : "\(code.rawValue) (\(status)): \(detail)" }
}
