// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore

extension ConfigurationNode {
    /// Every value as `routes[0].path = /*`, in the order of the tree.
    var flat: [String] { leaves("").map { "\($0.key) = \($0.value)" } }

    /// Where each value came from, by its key.
    var sources: [String: String] { Dictionary(leaves("").map { ($0.key, $0.source) }) { first, _ in first } }

    private func leaves(_ path: String) -> [(key: String, value: String, source: String)] {
        switch content {
        case .scalar(let text): return [(path, text, source.description)]
        case .list(let items): return items.enumerated().flatMap { $0.element.leaves("\(path)[\($0.offset)]") }
        case .map(let entries): return entries.flatMap { $0.value.leaves(path.isEmpty ? $0.key : "\(path).\($0.key)") }
        }
    }
}
