// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Configuration as it was written, before it is understood: scalars as text, and where each came from.
package struct ConfigurationNode: Sendable {
    package enum Content: Sendable {
        case scalar(String)
        case list([ConfigurationNode])
        case map([Entry])
    }

    package struct Entry: Sendable {
        package let key: String
        package let value: ConfigurationNode

        package init(key: String, value: ConfigurationNode) {
            self.key = key
            self.value = value
        }
    }

    package enum Source: Equatable, Sendable, CustomStringConvertible {
        case file(String, line: Int)
        case environment(String)
        case flag(String)
        case none

        package var description: String {
            switch self {
            case .file(let name, let line): "\(name):\(line)"
            case .environment(let name): name
            case .flag(let name): name
            case .none: "configuration"
            }
        }
    }

    package var content: Content
    package let source: Source

    package init(_ content: Content, source: Source) {
        self.content = content
        self.source = source
    }

    /// An empty map.
    package static var empty: ConfigurationNode { ConfigurationNode(.map([]), source: .none) }

    /// The member of that name; `nil` on anything but a map.
    package subscript(key: String) -> ConfigurationNode? {
        guard case .map(let entries) = content else { return nil }
        return entries.last { $0.key == key }?.value
    }

    /// Sets the member at a path such as `webhook.timeout`, making the maps on the way.
    package mutating func set(_ path: some Collection<String>, _ value: ConfigurationNode) {
        guard let key = path.first else {
            self = value
            return
        }
        var entries: [Entry] = []
        if case .map(let present) = content { entries = present }
        var member = entries.last { $0.key == key }?.value ?? ConfigurationNode(.map([]), source: value.source)
        member.set(path.dropFirst(), value)
        entries.removeAll { $0.key == key }
        entries.append(Entry(key: key, value: member))
        content = .map(entries)
    }
}
