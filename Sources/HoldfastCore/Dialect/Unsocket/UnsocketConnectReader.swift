// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire

/// Reads a connect entry: `{"type":"connect","url":"wss://…","protocols":[…],"headers":{…},"reconnect":true}`.
enum UnsocketConnectReader {
    /// - Parameter reconnects: what holds where the entry does not say.
    /// - Returns: without name and filters.
    static func read(_ field: JSONField, reconnects: Bool) throws(DialectError) -> DialRequest {
        let address = try field.required("url", "a string")
        guard let url = DialURL(try address.string()) else { throw address.invalid(DialURL.rule) }
        var request = DialRequest(url: url, reconnects: reconnects)
        request.protocols = try protocols(field.optional("protocols"))
        request.headers = try headers(field.optional("headers"))
        if let given = field.optional("reconnect") {
            guard let value = given.value.bool else { throw given.expected("true or false") }
            request.reconnects = value
        }
        return request
    }

    /// A list of names, or one alone.
    private static func protocols(_ field: JSONField?) throws(DialectError) -> [String] {
        guard let field else { return [] }
        let fields = field.value.string == nil ? try field.array() : [field]
        var names: [String] = []
        for entry in fields {
            let name = try entry.string()
            guard Handshake.isToken(name) else { throw entry.invalid("not a subprotocol's name") }
            guard !names.contains(name) else { throw entry.invalid("\"\(name)\" stands here twice") }
            names.append(name)
        }
        return names
    }

    /// Names to values or lists of values.
    private static func headers(_ field: JSONField?) throws(DialectError) -> [OpeningRequest.Field] {
        guard let field else { return [] }
        var headers: [OpeningRequest.Field] = []
        for (name, value) in try field.members() {
            let lower = name.lowercased()
            guard Handshake.isToken(name) else { throw value.invalid("not a header name") }
            guard !DialRequest.reservedHeaders.contains(lower) else { throw value.invalid("this header is the gateway's own") }
            let values = value.value.array == nil ? [value] : try value.array()
            for value in values {
                let text = try value.string()
                guard text.isFieldValue else { throw value.invalid("a control character in a header") }
                headers.append(OpeningRequest.Field(name: lower, value: text))
            }
        }
        return headers
    }
}
