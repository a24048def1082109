// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

public import HTTPTypes

/// The HTTP answer to one webhook, for whatever framework the app is written with.
public struct WebhookResponse: Sendable, Hashable {
    public let status: HTTPResponse.Status
    public let headers: HTTPFields
    public let body: [UInt8]

    init(status: HTTPResponse.Status, headers: HTTPFields, body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A refusal: one line of text.
    init(status: HTTPResponse.Status, refusal: String) {
        self.init(status: status, headers: [.contentType: "text/plain; charset=utf-8"], body: Array("\(refusal)\n".utf8))
    }

    /// Actions: always 200.
    init(json: [UInt8]) { self.init(status: .ok, headers: [.contentType: "application/json"], body: json) }
}
