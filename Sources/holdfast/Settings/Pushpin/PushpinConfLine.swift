// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// One line of a `pushpin.conf`.
enum PushpinConfLine: Equatable {
    struct Fault: Error {
        /// Empty where the line has none.
        let key: String
        let message: String
    }

    /// Empty, or a comment.
    case nothing
    case section(String)
    case setting(key: String, value: String)

    static func read(_ line: String) throws(Fault) -> PushpinConfLine {
        let text = trimmed(line.unicodeScalars[...])
        guard let first = text.first, first != "#", first != ";" else { return .nothing }
        if first == "[" {
            guard let end = text.firstIndex(of: "]") else { throw Fault(key: "", message: "expected a section such as [runner]") }
            let name = String(trimmed(text[..<end].dropFirst()))
            let rest = trimmed(text[text.index(after: end)...])
            guard !name.isEmpty, rest.isEmpty || rest.first == ";" else {
                throw Fault(key: "", message: "expected a section such as [runner]")
            }
            return .section(name)
        }
        // What has no = is not shown: it may be the torn half of a key.
        guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
            throw Fault(key: "", message: "expected KEY=VALUE, such as http_port=7999")
        }
        let key = String(trimmed(text[..<equals]))
        return .setting(key: key, value: try value(text[text.index(after: equals)...], key))
    }

    private static func value(_ written: Substring.UnicodeScalarView, _ key: String) throws(Fault) -> String {
        var value = String.UnicodeScalarView()
        // Blanks after this many are no part of the value.
        var kept = 0
        var isQuoted = false
        var rest = trimmed(written)
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\"":
                isQuoted.toggle()
                kept = value.count
            case ";" where !isQuoted: rest = rest[rest.endIndex...]
            case "\\":
                let escapes: [Unicode.Scalar: Unicode.Scalar] = ["\\": "\\", "\"": "\"", "n": "\n", "r": "\r", "t": "\t"]
                guard let escaped = rest.popFirst().flatMap({ escapes[$0] }) else {
                    throw Fault(key: key, message: #"after a \ only \, ", n, r or t may follow"#)
                }
                value.append(escaped)
                kept = value.count
            default: value.append(scalar)
            }
        }
        guard !isQuoted else { throw Fault(key: key, message: "a quotation mark that is not closed") }
        while value.count > kept, let last = value.last, isBlank(last) { value.removeLast() }
        return String(value)
    }

    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool { scalar == " " || scalar == "\t" }

    private static func trimmed(_ text: Substring.UnicodeScalarView) -> Substring.UnicodeScalarView {
        var text = text
        while let first = text.first, isBlank(first) { text.removeFirst() }
        while let last = text.last, isBlank(last) { text.removeLast() }
        return text
    }
}
