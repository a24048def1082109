// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore

extension ConfigurationNode {
    /// Sets a value where there is none yet. What is no map keeps the place of one, for its own fault to be told.
    ///
    /// - Parameter key: a path such as `webhook.timeout`.
    /// - Returns: whether it was set.
    @discardableResult mutating func setDefault(_ key: String, _ value: ConfigurationNode) -> Bool {
        let path = key.split(separator: ".").map(String.init)
        var node: ConfigurationNode? = self
        for name in path {
            guard let present = node else { break }
            guard case .map = present.content else { return false }
            node = present[name]
        }
        guard node == nil else { return false }
        set(path, value)
        return true
    }
}
