// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire

/// A JSON value without the bytes that it came from, so that two can be compared.
indirect enum PlainJSON: Equatable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([PlainJSON])
    case object([Member])

    struct Member: Equatable {
        var name: String
        var value: PlainJSON

        init(_ name: String, _ value: PlainJSON) {
            self.name = name
            self.value = value
        }
    }

    init(_ value: JSONValue) {
        self =
            switch value.content {
            case .null: .null
            case .bool(let bool): .bool(bool)
            case .number(let digits): .number(digits)
            case .string(let text): .string(text)
            case .array(let values): .array(values.map(PlainJSON.init))
            case .object(let members): .object(members.map { Member($0.name, PlainJSON($0.value)) })
            }
    }
}
