// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOHTTP1

extension HTTPExchange {
    /// The client's request: its head, and what that says of the body and of the connection.
    struct Incoming {
        let request: OpeningRequest
        let method: HTTPMethod
        /// The value of the Host header.
        let authority: String
        /// The slot that its connection holds.
        let slot: UInt32
        let isHTTP11: Bool
        /// Whether the client means to go on with further requests.
        let keepsAlive: Bool
        let hasBody: Bool
        /// `nil` for a body that comes in chunks.
        let bodyLength: Int?
        let expectsContinue: Bool

        init(_ head: HTTPRequestHead, _ request: OpeningRequest, slot: UInt32) {
            self.request = request
            self.slot = slot
            method = head.method
            authority = request.header("host") ?? ""
            isHTTP11 = head.version.minor >= 1
            let isChunked = head.headers.contains(name: "transfer-encoding")
            bodyLength = isChunked ? nil : head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
            hasBody = bodyLength != 0
            expectsContinue = head.headers.first(name: "expect")?.lowercased() == "100-continue"
            // Behind a request for an upgrade the parser reads no more.
            keepsAlive = isHTTP11 && head.isKeepAlive && !head.headers.contains(name: "upgrade")
        }
    }
}

extension OpeningRequest {
    /// In lower case, without parameters; empty when there is none.
    var mediaType: String {
        (header("content-type") ?? "").prefix { $0 != ";" }.filter { !$0.isWhitespace }.lowercased()
    }
}
