// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HoldfastCore
import Testing

@testable import holdfast

/// What `holdfast convert` prints is read as what it was made from.
@Suite struct ConfigurationYAMLTests {
    private func back(_ root: ConfigurationNode) throws -> ConfigurationNode {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("holdfast-\(UUID().uuidString).yaml").path
        try ConfigurationYAML.text(root, title: "a test").write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try ConfigurationFile.read(path)
    }

    /// Without the places that the values come from.
    private func plain(_ node: ConfigurationNode) -> String {
        switch node.content {
        case .scalar(let text): text.debugDescription
        case .list(let items): "[\(items.map(plain).joined(separator: ", "))]"
        case .map(let entries): "{\(entries.map { "\($0.key.debugDescription): \(plain($0.value))" }.joined(separator: ", "))}"
        }
    }

    @Test(arguments: [
        "plain", "", " ", "a b", "a: b", "- a", "#a", "a #b", "'", "\"", "\\", "\\n", "a\nb", "\t", "\r\n", "\u{1}\u{7F}", "\u{85}", "é 🎈", "null",
        "~", "true",
        "off", "yes", "1", "1.5", "0x1F", "1e3", "12:30", "[a]", "{a}", "*a", "&a", "!a", "%a", "@a", "`a", "|", ">", "?", ",", "/a",
        "http://a.test/?b=c#d",
        "base64:aa==", "\u{2028}\u{2029}\u{FEFF}", "-", "--", "...", "---", "10000ms", "=", "<<",
    ])
    func textsComeBackAsTheyWere(text: String) throws {
        let scalar = ConfigurationNode(.scalar(text), source: .flag("--flag"))
        var root = ConfigurationNode.empty
        root.set(["alone"], scalar)
        root.set(["map", "inner"], scalar)
        root.set(["list"], ConfigurationNode(.list([scalar, scalar]), source: .environment("X")))
        var item = ConfigurationNode.empty
        item.set(["first"], scalar)
        item.set(["map", "second"], scalar)
        root.set(["items"], ConfigurationNode(.list([item, item]), source: .none))
        #expect(plain(try back(root)) == plain(root))
    }

    @Test func emptyAndNestedNodesComeBack() throws {
        var root = ConfigurationNode.empty
        #expect(plain(try back(root)) == "{}")
        root.set(["map"], .empty)
        root.set(["list"], ConfigurationNode(.list([]), source: .none))
        root.set(["mixed"], ConfigurationNode(.list([.empty, ConfigurationNode(.scalar("a"), source: .none)]), source: .none))
        root.set(["odd key: #1"], ConfigurationNode(.scalar("a"), source: .none))
        #expect(plain(try back(root)) == plain(root))
    }

    @Test func eachValueSaysWhereItComesFrom() {
        var root = ConfigurationNode.empty
        root.set(["a"], ConfigurationNode(.scalar("1"), source: .flag("--a")))
        root.set(["b"], ConfigurationNode(.scalar("2"), source: .environment("B")))
        root.set(["c"], ConfigurationNode(.scalar("3"), source: .file("f.yaml", line: 1)))
        #expect(ConfigurationYAML.text(root, title: "t") == "# t\na: 1  # --a\nb: 2  # B\nc: 3\n")
    }
}
