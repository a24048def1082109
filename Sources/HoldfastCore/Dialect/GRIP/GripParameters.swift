// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// A member of a header as GRIP writes them: a value, then parameters, `VALUE; NAME=VALUE; NAME="VALUE"`.
///
/// More is allowed than in HTTP's grammar, because apps rely on it: a value may hold any character but its own end, and so may a parameter's
/// that has no quotation marks. Between those marks commas and semicolons are text, and a backslash stands before a character that is meant as
/// it is. White space around values and names does not count, nor do empty members and parameters.
package struct GripParameters: Equatable, Sendable {
    package struct Parameter: Equatable, Sendable {
        /// As written; ``GripParameters/subscript(_:)`` finds it in any case.
        package let name: String
        /// Without quotation marks and backslashes; `nil` for a parameter that is only named.
        package let value: String?

        package init(_ name: String, _ value: String?) {
            self.name = name
            self.value = value
        }
    }

    /// What stands before the first semicolon, as it is: quotation marks around it belong to it. Of a link what stands between `<` and `>`.
    package let value: String
    /// In order, repetitions included.
    package let parameters: [Parameter]

    package init(_ value: String, _ parameters: [Parameter] = []) {
        self.value = value
        self.parameters = parameters
    }

    /// The first value of a parameter; `nil` where there is none or it is only named.
    package subscript(_ name: String) -> String? { parameters.first { Self.isSame($0.name, name) && $0.value != nil }?.value }

    /// All values of a parameter that may come more than once, such as `filter`.
    package func all(_ name: String) -> [String] { parameters.filter { Self.isSame($0.name, name) }.compactMap(\.value) }

    /// Whether two names are the same but for the case of ASCII letters.
    private static func isSame(_ one: String, _ other: String) -> Bool {
        func lower(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
        return one.utf8.elementsEqual(other.utf8) { lower($0) == lower($1) }
    }

    // MARK: Reading

    /// Reads all values of a header whose members are divided by commas: `Grip-Channel`, an app's `Sec-WebSocket-Extensions`.
    ///
    /// - Throws: a ``GripParametersError`` where a quotation mark or a backslash has no counterpart.
    package static func list(_ values: [String]) throws(GripParametersError) -> [GripParameters] {
        var members: [GripParameters] = []
        for value in values {
            var scanner = GripParametersScanner(value)
            while let member = try scanner.member(.list) { members.append(member) }
        }
        return members
    }

    /// Reads all values of a header whose members are links, `<URI>; rel=next`, which may hold commas and semicolons: `Grip-Link`.
    ///
    /// - Throws: a ``GripParametersError``, also for a member that is not in angle brackets.
    package static func links(_ values: [String]) throws(GripParametersError) -> [GripParameters] {
        var members: [GripParameters] = []
        for value in values {
            var scanner = GripParametersScanner(value)
            while let member = try scanner.member(.links) { members.append(member) }
        }
        return members
    }

    /// Reads one value of a header in which commas are text, and quotation marks too before the first semicolon: `Grip-Keep-Alive`.
    ///
    /// - Throws: a ``GripParametersError`` where a quotation mark or a backslash in a parameter has no counterpart.
    package static func whole(_ value: String) throws(GripParametersError) -> GripParameters {
        var scanner = GripParametersScanner(value)
        return try scanner.member(.whole) ?? GripParameters("")
    }

    /// Reads all values of a header whose members are assignments, `NAME="VALUE", NAME=VALUE`: `Grip-Set-Meta`. What a semicolon divides from
    /// an assignment is ignored.
    ///
    /// - Throws: a ``GripParametersError``, also for a value without a name.
    package static func pairs(_ values: [String]) throws(GripParametersError) -> [Parameter] {
        var pairs: [Parameter] = []
        for value in values {
            var scanner = GripParametersScanner(value)
            while let pair = try scanner.pair() { pairs.append(pair) }
        }
        return pairs
    }
}
