// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Takes one line of a `routes` file apart.
struct PushpinRouteReader {
    struct Fault: Error {
        let message: String
    }

    private let scalars: [Unicode.Scalar]
    private var index = 0

    init(_ line: String) { scalars = Array(line.unicodeScalars) }

    /// - Returns: none for an empty line and for a comment.
    mutating func sections() throws(Fault) -> [PushpinRoutes.Section] {
        var sections: [PushpinRoutes.Section] = []
        while true {
            while let next, Self.isBlank(next) { index += 1 }
            guard let next, next != "#" else { return sections }
            sections.append(try section())
        }
    }

    private var next: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    /// Pushpin knows the space only; a tab would be part of a name there, which nobody wants.
    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool { scalar == " " || scalar == "\t" }

    private mutating func section() throws(Fault) -> PushpinRoutes.Section {
        let first = try word()
        // A condition may begin with its properties.
        let isProperty = first.contains("=")
        var properties = isProperty ? [try property(first)] : []
        while next == "," {
            index += 1
            let text = try word()
            guard !text.isEmpty else { throw Fault(message: "expected a property after the comma, such as path_beg=/api") }
            properties.append(try property(text))
        }
        return PushpinRoutes.Section(value: isProperty ? "" : first, properties: properties)
    }

    private func property(_ text: String) throws(Fault) -> PushpinRoutes.Property {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = parts.first, !name.isEmpty else { throw Fault(message: "a property without a name before its =") }
        return PushpinRoutes.Property(name: String(name), value: parts.count > 1 ? String(parts[1]) : "")
    }

    /// Up to a blank, a comma, a comment or the end.
    private mutating func word() throws(Fault) -> String {
        var text = String.UnicodeScalarView()
        while let scalar = next, !Self.isBlank(scalar), scalar != ",", scalar != "#" {
            index += 1
            if scalar == "\"" { text += try quoted() } else { text.append(scalar) }
        }
        return String(text)
    }

    private mutating func quoted() throws(Fault) -> String.UnicodeScalarView {
        var text = String.UnicodeScalarView()
        while let scalar = next {
            index += 1
            switch scalar {
            case "\"": return text
            case "\\":
                guard let escaped = next, escaped == "\"" || escaped == "\\" else {
                    throw Fault(message: #"in quotes only " and \ may follow a \"#)
                }
                text.append(escaped)
                index += 1
            default: text.append(scalar)
            }
        }
        throw Fault(message: "a quotation mark that is not closed")
    }
}
