// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct ConfigurationNodeTests {
    private func scalar(_ text: String, _ source: ConfigurationNode.Source = .none) -> ConfigurationNode {
        ConfigurationNode(.scalar(text), source: source)
    }

    private func text(_ node: ConfigurationNode?) -> String? {
        if case .scalar(let text) = node?.content { text } else { nil }
    }

    @Test("A value is set at a path, and the maps on the way are made")
    func set() {
        var root = ConfigurationNode.empty
        root.set(["webhook", "timeout"], scalar("10s", .flag("--webhook-timeout")))
        root.set(["webhook", "retries"], scalar("3"))
        root.set(["node"], scalar("n2"))
        #expect(text(root["webhook"]?["timeout"]) == "10s")
        #expect(text(root["webhook"]?["retries"]) == "3")
        #expect(text(root["node"]) == "n2")
        #expect(root["webhook"]?["timeout"]?.source == .flag("--webhook-timeout"))
        #expect(root["webhook"]?.source == .flag("--webhook-timeout"))
    }

    @Test("What is set later replaces what was there, and its neighbours stay")
    func replace() {
        var root = ConfigurationNode.written("control.listen = :1", "control.token = a")
        root.set(["control", "token"], scalar("b", .environment("HOLDFAST_CONTROL_TOKEN")))
        #expect(text(root["control"]?["token"]) == "b")
        #expect(root["control"]?["token"]?.source == .environment("HOLDFAST_CONTROL_TOKEN"))
        #expect(text(root["control"]?["listen"]) == ":1")
        root.set(["control"], scalar("off"))
        #expect(text(root["control"]) == "off")
        root.set(["control", "token"], scalar("c"))
        #expect(text(root["control"]?["token"]) == "c", "a scalar on the way makes place for a map")
    }

    @Test("Only a map has members; of a repeated key the last counts")
    func members() {
        #expect(scalar("a")["a"] == nil)
        #expect(ConfigurationNode(.list([scalar("a")]), source: .none)["a"] == nil)
        #expect(ConfigurationNode.empty["a"] == nil)
        let twice = ConfigurationNode(.map([.init(key: "a", value: scalar("1")), .init(key: "a", value: scalar("2"))]), source: .none)
        #expect(text(twice["a"]) == "2")
    }

    @Test("A source is told as a person would look for it")
    func sources() {
        #expect(ConfigurationNode.Source.file("holdfast.yaml", line: 7).description == "holdfast.yaml:7")
        #expect(ConfigurationNode.Source.environment("HOLDFAST_NODE").description == "HOLDFAST_NODE")
        #expect(ConfigurationNode.Source.flag("--node").description == "--node")
        #expect(ConfigurationNode.Source.none.description == "configuration")
    }
}
