// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// One member of a `Sec-WebSocket-Extensions` header: a name and its parameters, in order (RFC 6455 §9.1).
package struct ExtensionOffer: Equatable, Sendable {
    package struct Parameter: Equatable, Sendable {
        package let name: String
        /// Without quotation marks; `nil` for a parameter that is only named.
        package let value: String?

        package init(name: String, value: String?) {
            self.name = name
            self.value = value
        }
    }

    package let name: String
    package let parameters: [Parameter]

    package init(name: String, parameters: [Parameter]) {
        self.name = name
        self.parameters = parameters
    }

    /// Reads all values of the header as one list.
    ///
    /// - Returns: the offers in order, empty without a header; `nil` when the grammar is broken, which fails the handshake.
    package static func list(_ values: [String]) -> [ExtensionOffer]? {
        var offers: [ExtensionOffer] = []
        for value in values {
            var text = Scanner(value)
            repeat {
                text.skipSpace()
                // Empty members of a list are allowed (RFC 9110 §5.6.1).
                if text.isAtEnd || text.isAt(",") { continue }
                guard let offer = text.offer() else { return nil }
                offers.append(offer)
                text.skipSpace()
                guard text.isAtEnd || text.isAt(",") else { return nil }
            } while text.take(",")
        }
        return offers
    }

    private struct Scanner {
        private var rest: Substring.UTF8View

        init(_ text: String) { rest = text[...].utf8 }

        var isAtEnd: Bool { rest.isEmpty }

        func isAt(_ sign: Unicode.Scalar) -> Bool { rest.first == UInt8(ascii: sign) }

        mutating func skipSpace() { rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") } }

        mutating func take(_ sign: Unicode.Scalar) -> Bool {
            guard isAt(sign) else { return false }
            rest.removeFirst()
            return true
        }

        mutating func offer() -> ExtensionOffer? {
            guard let name = token() else { return nil }
            var parameters: [Parameter] = []
            skipSpace()
            while take(";") {
                skipSpace()
                guard let name = token() else { return nil }
                skipSpace()
                var value: String?
                if take("=") {
                    skipSpace()
                    value = isAt("\"") ? quoted() : token()
                    guard value != nil else { return nil }
                    skipSpace()
                }
                parameters.append(Parameter(name: name, value: value))
            }
            return ExtensionOffer(name: name, parameters: parameters)
        }

        private mutating func token() -> String? {
            let bytes = rest.prefix(while: Handshake.isTokenByte)
            rest = rest.dropFirst(bytes.count)
            return bytes.isEmpty ? nil : String(Substring(bytes))
        }

        /// What stands between quotation marks must be a token as well, once it is unescaped (RFC 6455 §9.1).
        private mutating func quoted() -> String? {
            guard take("\"") else { return nil }
            var text: [UInt8] = []
            while var byte = rest.popFirst() {
                if byte == UInt8(ascii: "\"") { return text.isEmpty ? nil : String(decoding: text, as: UTF8.self) }
                if byte == UInt8(ascii: "\\") {
                    guard let escaped = rest.popFirst() else { return nil }
                    byte = escaped
                }
                guard Handshake.isTokenByte(byte) else { return nil }
                text.append(byte)
            }
            return nil
        }
    }
}
