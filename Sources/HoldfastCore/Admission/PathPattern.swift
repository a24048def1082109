// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// The public path of a route: `/chat` for that path alone, `/chat/*` for everything below it, `/chat*` for everything that begins so, `/*` for all.
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
            shape = .below(String(text.dropLast()))
        } else {
            shape = .exact(text)
        }
        description = text
    }

    /// What is accepted, for error messages.
    package static let rule = "expected a path such as /chat, /chat/* for everything below it, or /chat* for everything that begins so"

    /// The part that is the same for all its paths, a slash at its end excepted: `/chat` of `/chat/*`.
    package var fixedPart: String {
        switch shape {
        case .exact(let whole): whole
        case .below(let prefix): prefix.hasSuffix("/") ? String(prefix.dropLast()) : prefix
        }
    }

    /// How well a path fits: the length of the fixed part; an exact fit beats all others. `nil` when it does not.
    package func fit(_ path: String) -> Int? {
        switch shape {
        case .exact(let whole): path == whole ? Int.max : nil
        case .below(let prefix): path.hasPrefix(prefix) ? prefix.utf8.count : nil
        }
    }
}
