// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

public import HTTPTypes

/// Why a webhook is refused: it does not come from the gateway, or cannot be read.
public struct WebhookError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of refusal.
    public enum Code: String, Sendable, Hashable {
        /// 401: the signature or token is missing, wrong, or too old.
        case signature
        /// 400: not JSON, or not what the dialect says.
        case payload
        /// 405: only `POST` is a webhook.
        case method
        /// 413: the body is longer than `maxBodyBytes`.
        case tooLarge
    }

    public let code: Code
    /// What is wrong, and where: `events[0].text: expected a string`. Tells nothing secret.
    public let detail: String

    init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    /// The status of ``response``.
    public var status: HTTPResponse.Status {
        switch code {
        case .signature: .unauthorized
        case .payload: .badRequest
        case .method: .methodNotAllowed
        case .tooLarge: .contentTooLarge
        }
    }

    /// What to answer: the status, and the ``detail`` as one line of text.
    public var response: WebhookResponse {
        let refusal = WebhookResponse(status: status, refusal: detail)
        guard code == .method else { return refusal }
        var headers = refusal.headers
        headers[.allow] = "POST"
        return WebhookResponse(status: status, headers: headers, body: refusal.body)
    }

    public var description: String { "\(code.rawValue): \(detail)" }
}
