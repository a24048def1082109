// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// The public path of a route: `/chat` for that path alone, `/chat/*` for everything below it, `/*` for all.
package struct PathPattern: Hashable, Sendable, CustomStringConvertible {
    private enum Shape: Hashable, Sendable {
        case exact(String)
        case below(String)
    }

    private let shape: Shape
    package let description: String

    /// Every path.
    package static let all = PathPattern(shape: .below("/"), description: "/*")

    private init(shape: Shape, description: String) {
        self.shape = shape
        self.description = description
    }

    /// - Returns: `nil` when the text breaks the ``rule``.
    package init?(_ text: String) {
        guard text.hasPrefix("/"), !text.dropLast().contains("*"), !text.contains("?"), !text.contains("#") else { return nil }
        if text.hasSuffix("*") {
            guard text.hasSuffix("/*") else { return nil }
            shape = .below(String(text.dropLast()))
        } else {
            shape = .exact(text)
        }
        description = text
    }

    /// What is accepted, for error messages.
    package static let rule = "expected a path such as /chat, or /chat/* for everything below it"

    /// How well a path fits: the length of the fixed part; an exact fit beats all others. `nil` when it does not.
    package func fit(_ path: String) -> Int? {
        switch shape {
        case .exact(let whole): path == whole ? Int.max : nil
        case .below(let prefix): path.hasPrefix(prefix) ? prefix.utf8.count : nil
        }
    }
}
