// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastWire
import NIOCore

/// The convention of wsaas, both published versions: `POST`, `PUT` and `DELETE` webhooks per connection, and `PUT` and `DELETE` on a `ws_uri`.
///
/// Where its documents and its program differ, both are accepted: an app refuses a client with a `code` other than `OK`, as the documents
/// say, or with a status other than 200, as the program does; and the client then gets a real refusal.
package struct WsaasDialect: Dialect {
    /// What its variables set.
    package struct Settings: Equatable, Sendable {
        /// Prefix of every `ws_uri`, without a slash at its end (`LOCAL_ADDRESS`, `WS_HOSTNAME`).
        package var localAddress: String
        /// What the app is told as `timeout`, in milliseconds (`WS_TIMEOUT`).
        package var timeout: Int
        /// The longest message either way (`MAX_PAGE` × 32 KiB, less one byte).
        package var maxMessageBytes: Int
        /// The content type of text messages to the app. The original always says JSON, whatever the text is.
        package var textContentType: String
        /// Whether pushes answer with real HTTP statuses (404, 413) rather than always 200. The `code` in the body is the same.
        package var answersWithStatus: Bool

        package init(
            localAddress: String = "http://localhost:8081", timeout: Int = 30000, maxMessageBytes: Int = 4 * 32768 - 1,
            textContentType: String = "application/json", answersWithStatus: Bool = false
        ) {
            self.localAddress = localAddress
            self.timeout = timeout
            self.maxMessageBytes = maxMessageBytes
            self.textContentType = textContentType
            self.answersWithStatus = answersWithStatus
        }
    }

    package let name = DialectName.wsaas.rawValue
    package let traits = DialectTraits(batches: false, isRepeatable: false, isSigned: false, keepsHeaders: ["authorization"])
    private let settings: Settings

    package init(settings: Settings) {
        self.settings = settings
    }

    package func request(for events: [SequencedEvent], in session: SessionView) -> WebhookRequest {
        guard let event = events.first?.event, event != .refresh else { preconditionFailure("a webhook carries an event") }
        let path = "/\(session.facts.idText)"
        let headers = [OpeningRequest.Field(name: "authorization", value: session.facts.headers.first?.value ?? "None")]
        switch event {
        case .open, .ready, .refresh:
            return WebhookRequest(
                method: .post, pathSuffix: path, headers: headers, body: notice("NEW_CONNECTION", session, timeout: settings.timeout))
        case .message(.text(let text)):
            return WebhookRequest(method: .put, pathSuffix: path, headers: headers, contentType: settings.textContentType, body: text)
        case .message(.binary(let bytes)), .ping(let bytes), .pong(let bytes):
            return WebhookRequest(method: .put, pathSuffix: path, headers: headers, contentType: "application/octet-stream", body: bytes)
        case .end:
            return WebhookRequest(method: .delete, pathSuffix: path, headers: headers, body: notice("CONNECTION_CLOSE", session, timeout: nil))
        }
    }

    package func actions(
        from response: HTTPResponseMessage, to events: [SequencedEvent], in session: SessionView
    ) throws(DialectError) -> [Action] {
        let status = response.head.status
        // Only the answer to a connect means anything: of the others the original reads neither status nor body.
        guard case .open = events.first?.event else { return [] }
        guard status < 500 else { throw .status(status) }
        guard status == 200 else {
            guard status >= 300 else { return [.reject(Refusal())] }
            let type = response.head.first("content-type").map { [OpeningRequest.Field(name: "content-type", value: $0)] } ?? []
            return [.reject(Refusal(status: status, headers: type, body: String(buffer: response.body)))]
        }
        // Only a body that says a code can say another one than OK: the program never asked for a body.
        if let code = (try? JSONReader.parse(response.body))?["code"]?.string, code != "OK" {
            return [.reject(Refusal(body: "refused by the app: \(code)\n"))]
        }
        return []
    }

    package func command(from request: ControlRequest) -> ControlCommand? {
        guard request.method == "PUT" || request.method == "DELETE" else { return nil }
        guard let id = ConnectionID(String(request.path.drop { $0 == "/" })) else { return answer("NOT_FOUND", 404) }
        if request.method == "DELETE" {
            return ControlCommand(actions: [.close(.normal, reason: "", to: id)], reply: reply)
        }
        guard request.body.readableBytes <= settings.maxMessageBytes else { return answer("MESSAGE_TOO_LONG", 413) }
        return ControlCommand(actions: [.send(payload(request), to: id)], reply: reply)
    }

    /// A binary frame, as ever, unless the app says that it sends text.
    private func payload(_ request: ControlRequest) -> Payload {
        guard request.contentType?.lowercased().hasPrefix("text/") == true else { return .binary(request.body) }
        var validator = UTF8Validator()
        let isText = request.body.withUnsafeReadableBytes { validator.take($0) } && validator.isComplete
        return isText ? .text(request.body) : .binary(request.body)
    }

    private func notice(_ code: String, _ session: SessionView, timeout: Int?) -> ByteBuffer {
        var json = JSONWriter()
        json.beginObject()
        json.key("code")
        json.string(code)
        json.key("ws_uri")
        json.string("\(settings.localAddress)/\(session.facts.idText)")
        if let timeout {
            json.key("timeout")
            json.integer(timeout)
        }
        json.endObject()
        return json.buffer
    }

    private var reply: @Sendable ([ActionResult]) -> ControlReply {
        { results in
            switch results.first {
            case .done, .dialling: make("OK", 200)
            case .full: make("BAD_REQUEST", 429)
            case .refused, .unreachable: make("BAD_REQUEST", 503)
            case .notFound, .duplicate, nil: make("NOT_FOUND", 404)
            }
        }
    }

    private func answer(_ code: String, _ status: Int) -> ControlCommand {
        ControlCommand(actions: []) { _ in make(code, status) }
    }

    private func make(_ code: String, _ status: Int) -> ControlReply {
        ControlReply(status: settings.answersWithStatus ? status : 200, body: "{\"code\":\"\(code)\"}")
    }
}
