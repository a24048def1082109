// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Reads one map of the configuration key by key, and collects every fault instead of stopping at the first.
///
/// Keys that nobody asked for are faults too: no option is accepted and ignored.
struct SectionReader {
    private let node: ConfigurationNode
    private let path: String
    private var known: [String] = []
    private(set) var problems: [ConfigurationProblem] = []

    init(_ node: ConfigurationNode, path: String = "") {
        self.node = node
        self.path = path
        if case .map = node.content { return }
        problems.append(ConfigurationProblem(source: node.source, key: path, message: "expected a map of keys and values"))
    }

    /// The value of a setting, or `fallback` when it is absent or wrong; wrong is also a fault.
    mutating func value<Value>(_ key: String, _ type: SettingType<Value>, default fallback: Value) -> Value {
        optional(key, type) ?? fallback
    }

    mutating func optional<Value>(_ key: String, _ type: SettingType<Value>) -> Value? {
        guard let member = member(key) else { return nil }
        guard case .scalar(let text) = member.content else {
            add(key, member.source, type.rule)
            return nil
        }
        return parse(key, text, type, member.source)
    }

    /// A list of values; one value alone counts as a list of one.
    mutating func list<Value>(_ key: String, _ type: SettingType<Value>) -> [Value]? {
        guard let member = member(key) else { return nil }
        switch member.content {
        case .scalar(let text): return parse(key, text, type, member.source).map { [$0] }
        case .list(let items):
            return items.enumerated().compactMap { index, item in
                guard case .scalar(let text) = item.content else {
                    add("\(key)[\(index)]", item.source, type.rule)
                    return nil
                }
                return parse("\(key)[\(index)]", text, type, item.source)
            }
        case .map:
            add(key, member.source, "expected a list")
            return nil
        }
    }

    /// A map inside this one; an empty one when it is absent.
    mutating func section(_ key: String) -> SectionReader {
        SectionReader(member(key) ?? .empty, path: whole(key))
    }

    /// A list of maps; empty when it is absent.
    mutating func sections(_ key: String) -> [SectionReader] {
        guard let member = member(key) else { return [] }
        guard case .list(let items) = member.content else {
            add(key, member.source, "expected a list, each entry with its keys")
            return []
        }
        return items.enumerated().map { SectionReader($0.element, path: "\(whole(key))[\($0.offset)]") }
    }

    /// Takes over the faults of a section once it has been read.
    mutating func finish(_ section: SectionReader) {
        var section = section
        section.finish()
        problems += section.problems
    }

    /// Tells the keys that nobody asked for.
    mutating func finish() {
        guard case .map(let entries) = node.content else { return }
        for entry in entries where !known.contains(entry.key) {
            let meant = NearestName.of(entry.key, among: known).map { "did you mean \"\($0)\"?" }
            add(entry.key, entry.value.source, "unknown key; \(meant ?? "accepted here: \(known.sorted().joined(separator: ", "))")")
        }
    }

    /// Adds a fault that only the reader's user can see.
    mutating func add(_ key: String, _ message: String) {
        add(key, node[key]?.source ?? node.source, message)
    }

    /// Adds a fault of one value of a list, which was read with ``list(_:_:)``.
    ///
    /// - Parameter entry: its place among the values that were read; those that could not be are not counted.
    mutating func add<Value>(_ key: String, entry: Int, _ type: SettingType<Value>, _ message: String) {
        guard case .list(let items)? = node[key]?.content else { return add(key, message) }
        let read = items.enumerated().filter { if case .scalar(let text) = $0.element.content { type.parse(text) != nil } else { false } }
        guard read.indices.contains(entry) else { return add(key, message) }
        add("\(key)[\(read[entry].offset)]", read[entry].element.source, message)
    }

    /// Whether the key is there.
    func isSet(_ key: String) -> Bool { node[key] != nil }

    /// Whether a fault of this key, or of an entry of its list, has been told.
    func hasProblem(with key: String) -> Bool {
        problems.contains { $0.key == whole(key) || $0.key.hasPrefix("\(whole(key))[") }
    }

    /// Whether a fault of this map, or of a key in it, has been told.
    func hasProblem(within key: String) -> Bool {
        problems.contains { $0.key == whole(key) || $0.key.hasPrefix("\(whole(key)).") }
    }

    private mutating func member(_ key: String) -> ConfigurationNode? {
        known.append(key)
        return node[key]
    }

    private mutating func parse<Value>(_ key: String, _ text: String, _ type: SettingType<Value>, _ source: ConfigurationNode.Source) -> Value? {
        guard let value = type.parse(text) else {
            let shown = ["secret", "token", "key"].contains { key.lowercased().contains($0) && !key.hasSuffix("File") } ? "(hidden)" : "\"\(text)\""
            add(key, source, "\(type.rule), found \(shown)")
            return nil
        }
        return value
    }

    private mutating func add(_ key: String, _ source: ConfigurationNode.Source, _ message: String) {
        problems.append(ConfigurationProblem(source: source, key: whole(key), message: message))
    }

    private func whole(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
}
