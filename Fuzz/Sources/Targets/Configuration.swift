// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore

/// A configuration, as lines of `some.key: value`; `-` begins a route, and values with commas are lists.
///
/// Never a crash. Either a configuration that can be shown, or faults that say where and what.
enum Configuration {
    static let target = FuzzTarget(name: "Configuration", maxLength: 512) { input in
        do throws(ConfigurationFaults) {
            let configuration = try GatewayConfiguration.read(node(input.text))
            claim(!configuration.routes.isEmpty, "no route")
            claim(configuration.effective.hasPrefix("node: "), configuration.effective)
        } catch {
            claim(!error.problems.isEmpty && error.problems.allSatisfy { !$0.message.isEmpty }, "faults without words")
        }
    }

    private static func node(_ text: String) -> ConfigurationNode {
        var root = ConfigurationNode.empty
        var routes: [ConfigurationNode] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let source = ConfigurationNode.Source.file("fuzz.yaml", line: index + 1)
            guard line != "-" else {
                routes.append(ConfigurationNode(.map([]), source: source))
                continue
            }
            let parts = line.split(separator: ":", maxSplits: 1).map(String.init)
            guard let key = parts.first else { continue }
            let value = parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""
            let items = value.split(separator: ",", omittingEmptySubsequences: false).map { ConfigurationNode(.scalar(String($0)), source: source) }
            let node = items.count == 1 ? items[0] : ConfigurationNode(.list(items), source: source)
            let path = key.split(separator: ".").map(String.init)
            if routes.isEmpty { root.set(path, node) } else { routes[routes.count - 1].set(path, node) }
        }
        if !routes.isEmpty { root.set(["routes"], ConfigurationNode(.list(routes), source: .none)) }
        return root
    }
}
