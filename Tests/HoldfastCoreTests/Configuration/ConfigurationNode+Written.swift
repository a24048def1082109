// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore

extension ConfigurationNode {
    private enum Step {
        case key(String)
        case index(Int)
    }

    /// A configuration from lines such as `routes[0].webhook.timeout = 10s`, each of which is the source of its value: `test.yaml:1` and so on.
    /// `[]` and `{}` are the empty list and the empty map.
    static func written(_ lines: String...) -> ConfigurationNode { written(lines) }

    static func written(_ lines: [String]) -> ConfigurationNode {
        var root = ConfigurationNode(.map([]), source: .file("test.yaml", line: 0))
        for (index, line) in lines.enumerated() {
            guard let equals = line.firstRange(of: " =") else { preconditionFailure("\(line): expected path = value") }
            let text = line[equals.upperBound...].drop { $0 == " " }
            let content: Content = text == "[]" ? .list([]) : text == "{}" ? .map([]) : .scalar(String(text))
            root.put(steps(line[..<equals.lowerBound])[...], ConfigurationNode(content, source: .file("test.yaml", line: index + 1)))
        }
        return root
    }

    private static func steps(_ path: Substring) -> [Step] {
        var steps: [Step] = []
        for part in path.split(separator: ".") {
            let pieces = part.split(separator: "[")
            steps.append(.key(String(pieces[0])))
            for piece in pieces.dropFirst() { steps.append(.index(Int(piece.dropLast()) ?? 0)) }
        }
        return steps
    }

    private mutating func put(_ path: ArraySlice<Step>, _ value: ConfigurationNode) {
        let rest = path.dropFirst()
        switch (path.first, content) {
        case (.key(let key), .map(var entries)):
            var member = entries.first { $0.key == key }?.value ?? ConfigurationNode.start(rest, value)
            member.put(rest, value)
            if let place = entries.firstIndex(where: { $0.key == key }) {
                entries[place] = Entry(key: key, value: member)
            } else {
                entries.append(Entry(key: key, value: member))
            }
            content = .map(entries)
        case (.index(let index), .list(var items)):
            if index == items.count { items.append(ConfigurationNode.start(rest, value)) }
            items[index].put(rest, value)
            content = .list(items)
        default: self = value
        }
    }

    /// What a path goes on in: a map, a list, or the value itself.
    private static func start(_ rest: ArraySlice<Step>, _ value: ConfigurationNode) -> ConfigurationNode {
        switch rest.first {
        case .key: ConfigurationNode(.map([]), source: value.source)
        case .index: ConfigurationNode(.list([]), source: value.source)
        case nil: value
        }
    }
}
