// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HoldfastCore
import Testing

@testable import holdfast

@Suite struct ConfigurationFileTests {
    private func withFile<Value>(_ text: String, _ body: (String) throws -> Value) throws -> Value {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("holdfast-\(UUID().uuidString).yaml").path
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try body(path)
    }

    @Test func everyValueHasItsLine() throws {
        try withFile("node: a\nwebhook:\n  timeout: 5s\nroutes:\n  - path: /x\n    target: http://a.test/\n") { path in
            let root = try ConfigurationFile.read(path)
            #expect(root["node"]?.source == .file(path, line: 1))
            #expect(root["webhook"]?["timeout"]?.source == .file(path, line: 3))
            guard case .list(let routes)? = root["routes"]?.content else {
                Issue.record("routes is no list")
                return
            }
            #expect(routes.first?["target"]?.source == .file(path, line: 6))
        }
    }

    @Test func keysWithoutAValueAreAbsent() throws {
        try withFile("node:\nbroker: ~\ncontrol: null\nlisten: \"\"\n") { path in
            let root = try ConfigurationFile.read(path)
            #expect(root["node"] == nil)
            #expect(root["broker"] == nil)
            #expect(root["control"] == nil)
            #expect(root["listen"] != nil, "a quoted empty text is a value, and a wrong one")
        }
    }

    @Test(arguments: [
        ("a: [1, 2\nb: 3\n", "not YAML"), ("a: 1\na: 2\n", "twice"), ("- a\n- b\n", "expected a map"), ("? [a]\n: b\n", "not a word"),
        ("a: *x\n", "not YAML"),
    ])
    func whatIsNotAConfigurationIsToldWithFileAndLine(text: String, expected: String) throws {
        let found = try withFile(text) { path in
            faults { _ = try GatewayConfiguration.read(try ConfigurationFile.read(path)) }
        }
        #expect(found.contains { $0.message.contains(expected) }, "\(found)")
    }

    @Test(
        "A file that is not read is told with the reason",
        arguments: [
            ("/nowhere/holdfast.yaml", "no such file"), ("/", "is a directory, and no file"), ("/dev/null/x", "cannot be read: Not a directory"),
        ])
    func unreadable(_ path: String, _ why: String) {
        let found = faults { _ = try ConfigurationFile.read(path) }
        #expect(found.map(\.description) == ["\(path):1: (file): \(why)"])
    }
}
