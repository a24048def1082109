// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOHTTP1

/// What the client of a request is told with: the head of the answer, and how its body's end will be known.
struct AnswerFraming: Equatable {
    enum Body: Equatable {
        /// No body, whatever the head says of its length.
        case none
        /// As many bytes as `content-length` says.
        case sized
        case chunked
        /// Until the connection ends: for clients of HTTP/1.0.
        case untilEnd
    }

    let body: Body
    /// Whether the client may go on with further requests.
    let keepsAlive: Bool

    /// - Parameters:
    ///   - length: of a body whose length is known.
    ///   - isHTTP11: whether the client speaks it, and so understands chunks.
    ///   - keepsAlive: whether it is wanted and possible.
    init(method: HTTPMethod, status: Int, length: Int?, isHTTP11: Bool, keepsAlive: Bool) {
        if method == .HEAD || status == 204 || status == 304 {
            body = .none
        } else if length != nil {
            body = .sized
        } else {
            body = isHTTP11 ? .chunked : .untilEnd
        }
        self.keepsAlive = keepsAlive && body != .untilEnd
    }
}
