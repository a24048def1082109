// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes

extension HTTPFields {
    /// Adds one value, or several of a list; leaves out what is no header.
    mutating func add(_ name: String, _ value: JSONValue) {
        guard let field = HTTPField.Name(name) else { return }
        switch value {
        case .string(let text): append(HTTPField(name: field, value: text))
        case .array(let values): for value in values { if let text = value.stringValue { append(HTTPField(name: field, value: text)) } }
        default: return
        }
    }
}
