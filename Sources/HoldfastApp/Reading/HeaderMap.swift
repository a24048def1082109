// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes

/// Names to lists of values, as the gateway writes headers; `slip` also has names to one value.
struct HeaderMap: Decodable {
    let fields: HTTPFields

    private struct Values: Decodable {
        let list: [String]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let one = try? container.decode(String.self) {
                list = [one]
            } else {
                list = try container.decode([String].self)
            }
        }
    }

    init(from decoder: any Decoder) throws {
        let members = try decoder.singleValueContainer().decode([String: Values].self)
        var fields = HTTPFields()
        for (name, values) in members.sorted(by: { $0.key < $1.key }) {
            guard let name = HTTPField.Name(name) else {
                throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "\"\(name)\" is no header name"))
            }
            for value in values.list { fields.append(HTTPField(name: name, value: value)) }
        }
        self.fields = fields
    }
}
