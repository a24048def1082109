// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore

/// Turns a dialect's request into bytes for one target: what never changes is made once.
///
/// A class, because as a struct its six references would be counted up and down for each request.
final class WebhookEncoder {
    private let target: TargetURL
    private let secrets: [WebhookSecret]
    /// The request that most webhooks are: `POST` to the target's own path.
    private let common: HTTPRequestTemplate
    private let contentType: String

    /// - Parameters:
    ///   - secrets: empty where the dialect does not sign.
    ///   - contentType: of most webhooks.
    init(target: TargetURL, secrets: [WebhookSecret], contentType: String = WebhookEncoder.json) {
        self.target = target
        self.secrets = secrets
        self.contentType = contentType
        common = Self.template(target, method: .post, pathSuffix: "", contentType: contentType)
    }

    /// - Parameters:
    ///   - proof: the header that says who sends, for apps that ask for it.
    ///   - id: the delivery's id, the same for each attempt.
    ///   - trace: the connection's; the request is the span `span` in it.
    ///   - time: seconds since 1970, for the signature; asked for only when there is one.
    func encode(
        _ request: WebhookRequest, proof: OpeningRequest.Field?, id: @autoclosure () -> String, trace: TraceContext, span: UInt64,
        time: @autoclosure () -> Int
    ) -> ByteBuffer {
        template(for: request).request(body: request.body) { fields in
            fields.add("traceparent") { trace.write(span: span, into: &$0) }
            if let proof { fields.add(proof.name, proof.value) }
            for header in request.headers { fields.add(header.name, header.value) }
            guard !secrets.isEmpty else { return }
            let id = id()
            let time = time()
            fields.add("webhook-id", id)
            fields.add("webhook-timestamp", String(time))
            fields.add("webhook-signature", secrets.map { $0.sign(id: id, timestamp: time, body: request.body) }.joined(separator: " "))
        }
    }

    private func template(for request: WebhookRequest) -> HTTPRequestTemplate {
        if let head = request.head { return HTTPRequestTemplate(head: head) }
        if request.method == .post, request.pathSuffix.isEmpty, request.contentType == contentType { return common }
        return Self.template(target, method: request.method, pathSuffix: request.pathSuffix, contentType: request.contentType)
    }

    static let json = "application/json"

    private static func template(_ target: TargetURL, method: WebhookRequest.Method, pathSuffix: String, contentType: String) -> HTTPRequestTemplate {
        HTTPRequestTemplate(
            method: method.rawValue, target: target.requestTarget(appending: pathSuffix),
            fields: [("host", target.authority), ("user-agent", "holdfast/\(Version.number)"), ("accept", json), ("content-type", contentType)])
    }
}
