// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
package import NIOCore

/// Reads what is to be dialled: the action `dial`, and the body of `POST /v1/dial`.
package enum JSONDialReader {
    /// The most subprotocols that can be offered.
    static let maxProtocols = 32

    /// - Throws: a ``DialectError`` that names the JSON path, or line and column where it is not JSON.
    package static func read(_ body: ByteBuffer) throws(DialectError) -> Action {
        let document: JSONValue
        do throws(JSONSyntaxError) {
            document = try JSONReader.parse(body)
        } catch {
            throw .notUnderstood("not JSON: \(error)")
        }
        guard document.object != nil else { throw .notUnderstood("expected an object {\"url\": …}, found \(document.kind)") }
        return try action(JSONField(value: document, path: ""))
    }

    /// On the control API, where a route may be named.
    static func action(_ field: JSONField) throws(DialectError) -> Action {
        var route: String?
        if let given = field.optional("route") { route = try given.string() }
        return .dial(try request(field), route: route)
    }

    static func request(_ field: JSONField) throws(DialectError) -> DialRequest {
        let given = try field.required("url", "a ws or wss URL")
        guard let url = DialURL(try given.string()) else { throw given.invalid(DialURL.rule) }
        var request = DialRequest(url: url)
        if let list = field.optional("protocols") {
            for entry in try list.array() {
                let name = try entry.string()
                guard Handshake.isToken(name), !request.protocols.contains(name) else { throw entry.invalid("expected distinct tokens") }
                request.protocols.append(name)
            }
            guard request.protocols.count <= maxProtocols else { throw list.invalid("more than \(maxProtocols)") }
        }
        request.headers = try JSONActionReader.headers(field.optional("headers"), besides: Array(DialRequest.reservedHeaders))
        if field.optional("state") != nil { request.state = try JSONActionReader.patch(field) }
        if let given = field.optional("reconnect") { request.reconnects = try given.bool() }
        return request
    }
}
