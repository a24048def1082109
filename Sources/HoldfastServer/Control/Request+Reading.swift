// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import HoldfastCore
import HoldfastWire
import Hummingbird
import NIOCore

/// Reading control requests: each answers a wrong value with a ``Problem`` that names it.
extension Request {
    /// The whole body.
    ///
    /// - Throws: 413 beyond `limit` bytes.
    func wholeBody(limit: Int) async throws -> ByteBuffer {
        do {
            return try await body.collect(upTo: limit)
        } catch is NIOTooManyBytesError {
            throw Problem(status: .contentTooLarge, detail: "the body is larger than \(limit) bytes")
        }
    }

    /// A raw body as a message: text unless the content type says octets.
    func payload(limit: Int) async throws -> Payload {
        let bytes = try await wholeBody(limit: limit)
        guard let payload = Payload(body: bytes, mediaType: mediaType) else {
            throw Problem.badRequest("the body is not valid UTF-8; send binary messages with content-type: application/octet-stream")
        }
        return payload
    }

    /// The content type without parameters, in lower case.
    var mediaType: String? { headers[.contentType].map(ControlText.mediaType) }

    /// The value of a query's parameter.
    func query(_ name: String) -> String? { ControlText.queryValue(name, in: uri.query ?? "") }

    /// `limit` and `after`, the same wherever there are pages.
    func pageLimit() throws -> Int {
        guard let text = query("limit") else { return 100 }
        guard let limit = Int(text), (1...1000).contains(limit) else { throw Problem.badRequest("limit: expected a whole number from 1 to 1000") }
        return limit
    }

    /// The nodes that a view is about: the one that `node` names, or all.
    func nodes(of hub: Hub) throws -> [NodeName] {
        let nodes = hub.nodeNames
        guard let text = query("node") else { return nodes }
        guard let node = nodes.first(where: { $0.description == text }) else {
            throw Problem(status: .notFound, detail: "no node of this cluster is named \(text); GET /v1/nodes lists them")
        }
        return [node]
    }

    /// `code` and `reason`, as for the close action.
    func closing() throws -> (CloseCode, String) {
        var code = CloseCode.normal
        if let text = query("code") {
            guard let raw = UInt16(text), CloseCode(raw).isAllowedFromApp else {
                throw Problem.badRequest("code: expected 1000, 1001, 1003, 1007 to 1014 or 3000 to 4999")
            }
            code = CloseCode(raw)
        }
        let reason = query("reason") ?? ""
        guard reason.utf8.count <= CloseCode.maxReasonBytes else { throw Problem.badRequest("reason: longer than \(CloseCode.maxReasonBytes) bytes") }
        return (code, reason)
    }
}

extension RequestContext {
    /// A part of the path, decoded.
    func pathValue(_ name: String) -> String { ControlText.pathValue(parameters.get(name) ?? "") }

    func channel() throws -> ChannelName {
        guard let name = ChannelName(pathValue("channel")) else { throw Problem.badRequest("channel: \(ChannelName.rule)") }
        return name
    }

    func connectionID() throws -> ConnectionID {
        let text = pathValue("id")
        guard let id = ConnectionID(text) else { throw Problem.noConnection(text) }
        return id
    }
}

extension Response {
    static func json(_ status: HTTPResponse.Status, _ write: (inout JSONWriter) -> Void) -> Response {
        ControlAnswer.json(ControlAnswer.Head(status, [.contentType: "application/json"]), write).response
    }
}

extension [NodeName] {
    /// Names the nodes that a view lacks; nothing where it lacks none.
    func write(into json: inout JSONWriter) {
        guard !isEmpty else { return }
        json.key("unreachable")
        json.beginArray()
        for node in self { json.string(node.description) }
        json.endArray()
    }
}

extension GatewayConfiguration {
    /// The longest message that any route takes: control requests are not bound to one route.
    var maxMessageBytes: Int { routes.map(\.limits.maxMessageBytes).max() ?? 1 << 20 }
    /// The longest list of actions, the same from an answer and through the control API.
    var maxActionBytes: Int { routes.map(\.webhook.maxAnswerBytes).max() ?? 4 << 20 }
}
