// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// The parameters of a URL's query as forms and libraries write them: `name=value` between ampersands, percent-encoded, a plus for a space.
///
/// What is no percent-encoding is left out, name and value together, for its sender cannot have meant it.
package struct QueryItems: Equatable, Sendable {
    package struct Item: Equatable, Sendable {
        package let name: String
        package let value: String
    }

    /// In the order of the query, repetitions included.
    package let items: [Item]

    /// - Parameter query: without its question mark.
    package init(_ query: String) {
        items = query.split(separator: "&").compactMap { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decode(parts[0]), let value = Self.decode(parts.count > 1 ? parts[1] : "") else { return nil }
            return Item(name: name, value: value)
        }
    }

    /// The first value of that name.
    package subscript(name: String) -> String? { items.first { $0.name.utf8.elementsEqual(name.utf8) }?.value }

    /// The names, each once and in the order in which they first come, with all their values.
    package var grouped: [(name: String, values: [String])] {
        var groups: [(name: String, values: [String])] = []
        var places: [[UInt8]: Int] = [:]
        for item in items {
            let key = Array(item.name.utf8)
            if let place = places[key] {
                groups[place].values.append(item.value)
            } else {
                places[key] = groups.count
                groups.append((item.name, [item.value]))
            }
        }
        return groups
    }

    /// Bytes that are no UTF-8 become U+FFFD.
    private static func decode(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst()?.hexDigit, let low = rest.popFirst()?.hexDigit else { return nil }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension UInt8 {
    fileprivate var hexDigit: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
