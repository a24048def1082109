// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore

/// Writes a ``ConfigurationNode`` as YAML that ``ConfigurationFile`` reads as the same node.
enum ConfigurationYAML {
    /// - Parameter title: for the first line, as a comment.
    static func text(_ root: ConfigurationNode, title: String) -> String {
        var lines = ["# \(title)"]
        guard case .map(let entries) = root.content else { return lines[0] + "\n" }
        write(entries, "", into: &lines)
        return lines.joined(separator: "\n") + "\n"
    }

    private static func write(_ entries: [ConfigurationNode.Entry], _ indent: String, into lines: inout [String]) {
        for entry in entries {
            let key = "\(indent)\(scalar(entry.key)):"
            switch entry.value.content {
            case .scalar(let text): lines.append("\(key) \(scalar(text))\(origin(entry.value))")
            case .list(let items) where items.allSatisfy(isScalar):
                lines.append("\(key) [\(items.map(inline).joined(separator: ", "))]\(origin(entry.value))")
            case .list(let items):
                lines.append(key)
                for item in items { write(item, indent + "  ", into: &lines) }
            case .map(let inner) where inner.isEmpty: lines.append("\(key) {}")
            case .map(let inner):
                lines.append(key)
                write(inner, indent + "  ", into: &lines)
            }
        }
    }

    /// An item of a list that is not of scalars alone.
    private static func write(_ item: ConfigurationNode, _ indent: String, into lines: inout [String]) {
        guard case .map(let entries) = item.content, !entries.isEmpty else { return lines.append("\(indent)- \(inline(item))") }
        var inner: [String] = []
        write(entries, indent + "  ", into: &inner)
        inner[0] = "\(indent)- \(inner[0].dropFirst(indent.count + 2))"
        lines += inner
    }

    private static func isScalar(_ node: ConfigurationNode) -> Bool { if case .scalar = node.content { true } else { false } }

    private static func inline(_ node: ConfigurationNode) -> String {
        switch node.content {
        case .scalar(let text): scalar(text)
        case .list(let items): "[\(items.map(inline).joined(separator: ", "))]"
        case .map(let entries): "{\(entries.map { "\(scalar($0.key)): \(inline($0.value))" }.joined(separator: ", "))}"
        }
    }

    /// Where a value comes from, unless it stood in a file of ours.
    private static func origin(_ node: ConfigurationNode) -> String {
        switch node.source {
        case .flag, .environment: "  # \(node.source)"
        case .file, .none: ""
        }
    }

    /// As it is where no reader of YAML could take it for anything but this text, else between quotation marks.
    private static func scalar(_ text: String) -> String {
        let isPlain =
            text.utf8.first.map { $0.isLetter || $0 == UInt8(ascii: "/") } == true
            && text.utf8.allSatisfy { $0.isLetter || $0.isDigit || "./_-".utf8.contains($0) }
        let words = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"]
        if isPlain, !words.contains(text.lowercased()) || ["true", "false", "off"].contains(text) { return text }
        if !text.isEmpty, text.utf8.allSatisfy(\.isDigit) { return text }
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case "\r": quoted += "\\r"
            case _ where scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value):
                quoted += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            case "\u{2028}": quoted += "\\L"
            case "\u{2029}": quoted += "\\P"
            case "\u{FEFF}": quoted += "\\uFEFF"
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

extension UInt8 {
    fileprivate var isLetter: Bool { (0x61...0x7A).contains(self | 0x20) }
    fileprivate var isDigit: Bool { (0x30...0x39).contains(self) }
}
