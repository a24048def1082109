// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastWire
package import NIOCore

/// One HTTP request to the app, less what the courier knows better: host, signature, trace and length.
package struct WebhookRequest: Equatable, Sendable {
    package enum Method: String, Sendable {
        case post = "POST"
        case put = "PUT"
        case delete = "DELETE"

        /// Whether HTTP itself allows to repeat the request (RFC 9110 §9.2.2).
        package var isIdempotent: Bool { self != .post }
    }

    /// Request line and first fields, where the dialect has made them before; then method, path and content type are in there.
    package let head: SplitHead?
    package let method: Method
    /// Added to the path of the route's target; starts with a slash unless empty.
    package let pathSuffix: String
    /// In lower case, beyond `content-type`.
    package let headers: [OpeningRequest.Field]
    package let contentType: String
    package let body: ByteBuffer

    package init(
        head: SplitHead? = nil, method: Method = .post, pathSuffix: String = "", headers: [OpeningRequest.Field] = [],
        contentType: String = "application/json",
        body: ByteBuffer
    ) {
        self.head = head
        self.method = method
        self.pathSuffix = pathSuffix
        self.headers = headers
        self.contentType = contentType
        self.body = body
    }
}
