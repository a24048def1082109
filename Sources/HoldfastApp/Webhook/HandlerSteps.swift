// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Logging

/// What the handlers of all dialects do around their own part.
enum HandlerSteps {
    /// - Parameters:
    ///   - parse: reads the webhook; its errors are the caller's fault.
    ///   - answer: asks the app; its errors are the app's fault, whatever they are.
    static func run<Webhook: Sendable>(
        _ request: HTTPRequest, bodyBytes: Int, maxBodyBytes: Int, logger: Logger, parse: () throws(WebhookError) -> Webhook,
        answer: (Webhook) async throws -> WebhookResponse
    ) async -> WebhookResponse {
        let webhook: Webhook
        do throws(WebhookError) {
            guard request.method == .post else { throw WebhookError(.method, "expected POST, found \(request.method.rawValue)") }
            guard bodyBytes <= maxBodyBytes else {
                throw WebhookError(.tooLarge, "a body of \(bodyBytes) bytes; at most \(maxBodyBytes) are read")
            }
            webhook = try parse()
        } catch {
            return error.response
        }
        do {
            return try await answer(webhook)
        } catch {
            logger.error("webhook failed", metadata: ["error": "\(error)"])
            return WebhookResponse(status: .internalServerError, refusal: "the app failed")
        }
    }

    /// Headers that HTTP does not allow are left out: no webhook needs them.
    static func request(method: String, headers: some Sequence<(name: String, value: String)>) -> HTTPRequest {
        var fields = HTTPFields()
        for (name, value) in headers {
            if let name = HTTPField.Name(name) { fields.append(HTTPField(name: name, value: value)) }
        }
        return HTTPRequest(
            method: HTTPRequest.Method(method) ?? .get, scheme: nil, authority: nil, path: nil, headerFields: fields)
    }
}
