// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// A response as a client gets it, or would get it if nothing came before.
package struct HeldResponse: Equatable, Sendable {
    /// The statuses that a response can end a request with.
    package static let statuses = 200...999

    /// One of ``statuses``.
    package var status: Int
    /// `nil` for the status's usual phrase.
    package var reason: String?
    /// In order. Neither hop-by-hop headers, nor `Content-Length`, nor any that begins with `Grip-`: how the body is delimited is up to who sends it.
    package var headers: [OpeningRequest.Field]
    package var body: ByteBuffer

    package init(status: Int = 200, reason: String? = nil, headers: [OpeningRequest.Field] = [], body: ByteBuffer = ByteBuffer()) {
        self.status = status
        self.reason = reason
        self.headers = headers
        self.body = body
    }

    /// What a client gets when its request cannot be served because of the app.
    ///
    /// - Parameters:
    ///   - detail: what is wrong, for the app's developers.
    ///   - debug: whether the client is told. Otherwise it learns only that there was an error.
    package static func failure(_ detail: String, debug: Bool) -> HeldResponse {
        let text = debug ? detail : "Error while proxying to origin."
        return HeldResponse(
            status: 502, reason: "Bad Gateway", headers: [OpeningRequest.Field(name: "content-type", value: "text/plain")],
            body: ByteBuffer(string: "\(text)\n"))
    }
}
