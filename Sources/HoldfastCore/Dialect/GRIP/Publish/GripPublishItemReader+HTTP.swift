// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// The formats for requests that are held.
extension GripPublishItemReader {
    /// What a final response may have. Pushpin takes 0 to 999, and clients then get a status line that they cannot read, or wait for more.
    private static let statuses = 200...999
    /// What the gateway itself must say about the response, or does not pass on.
    private static let ownHeaders: Set<String> = [
        "connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
    ]

    /// - Returns: `nil` for `close` and `refresh`, which mean nothing to a request that waits for its response.
    func response(_ format: GripPublishObject) throws(GripPublishError) -> HeldResponseContent? {
        switch try action(format) {
        case .close, .refresh: return nil
        case .hint: return HeldResponseContent(action: .hint, body: .bytes(ByteBuffer()))
        case .send: break
        }
        let status = try status(format)
        let reason = try reason(format)
        let headers = try headers(format)
        let filters = try filters(format)
        return HeldResponseContent(status: status, reason: reason, headers: headers, body: try body(format), filters: filters)
    }

    /// - Returns: `nil` for `refresh`, which means nothing to a stream.
    func stream(_ format: GripPublishObject) throws(GripPublishError) -> HeldStreamContent? {
        switch try action(format) {
        case .refresh: return nil
        case .close: return HeldStreamContent(action: .close)
        case .hint: return HeldStreamContent(action: .hint)
        case .send: break
        }
        let filters = try filters(format)
        guard let content = try content(format) else { throw .format("\(format.name) does not contain 'content' or 'content-bin'") }
        return HeldStreamContent(action: .send(content), filters: filters)
    }

    private func status(_ format: GripPublishObject) throws(GripPublishError) -> Int {
        guard let code = try format.integer("code") else { return 200 }
        guard (0...999).contains(code) else { throw format.invalidValue("code") }
        guard Self.statuses.contains(code) else { throw format.invalidValue("code", "expected 200 to 999, found \(code)") }
        return code
    }

    private func reason(_ format: GripPublishObject) throws(GripPublishError) -> String? {
        guard let reason = try format.string("reason"), !reason.isEmpty else { return nil }
        guard reason.isFieldValue else { throw format.invalidValue("reason", "expected text without control characters") }
        return reason
    }

    /// An object of strings, or a list of pairs of them: only there can a name come twice.
    private func headers(_ format: GripPublishObject) throws(GripPublishError) -> [OpeningRequest.Field] {
        guard let given = format.member("headers") else { return [] }
        var headers: [OpeningRequest.Field] = []
        if let pairs = given.array {
            for pair in pairs {
                guard let parts = pair.array else { throw .format("headers contains element with wrong type") }
                guard parts.count == 2 else { throw .format("headers contains list with wrong number of elements") }
                guard let name = parts[0].string else { throw .format("header contains name element with wrong type") }
                guard let value = parts[1].string else { throw .format("header contains value element with wrong type") }
                try add(name, value, to: &headers)
            }
        } else if let texts = try GripPublishObject.texts(of: given, else: { .format("headers contains '\($0)' with wrong type") }) {
            for (name, value) in texts { try add(name, value, to: &headers) }
        } else {
            throw format.wrongType("headers")
        }
        return headers
    }

    private func add(_ name: String, _ value: String, to headers: inout [OpeningRequest.Field]) throws(GripPublishError) {
        guard Handshake.isToken(name) else { throw .format("headers contains '\(name)', which is no header's name") }
        guard value.isFieldValue else { throw .format("headers contains '\(name)' with a control character") }
        let name = name.lowercased()
        guard !Self.ownHeaders.contains(name), !name.hasPrefix("grip-") else { return }
        headers.append(OpeningRequest.Field(name: name, value: value))
    }

    /// `body-bin`, or else `body`, or else `body-patch`.
    private func body(_ format: GripPublishObject) throws(GripPublishError) -> HeldResponseContent.Body {
        if let bytes = try format.base64("body-bin") {
            try checkLength(bytes, of: format)
            return .bytes(bytes)
        }
        if let text = try format.string("body") {
            let bytes = ByteBuffer(string: text)
            try checkLength(bytes, of: format)
            return .bytes(bytes)
        }
        guard let patch = format.member("body-patch") else {
            throw .format("\(format.name) does not contain 'body', 'body-bin', or 'body-patch'")
        }
        guard patch.array != nil else { throw format.wrongType("body-patch") }
        try checkLength(patch.source, of: format)
        // Read again from bytes of its own: what is held would else keep the whole request in memory.
        guard let copy = try? JSONReader.parse(ByteBuffer(bytes: patch.source.readableBytesView)) else { throw .notJSON }
        return .patch(JSONValueBox(copy))
    }
}
