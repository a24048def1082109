// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// One fault in the configuration, told so that it can be mended: where, which key, what was found, what is accepted.
package struct ConfigurationProblem: Error, Equatable, Sendable, CustomStringConvertible {
    package let source: ConfigurationNode.Source
    /// The whole key, such as `routes[0].webhook.timeout`; empty when the file as a whole is meant.
    package let key: String
    package let message: String

    package init(source: ConfigurationNode.Source, key: String, message: String) {
        self.source = source
        self.key = key
        self.message = message
    }

    package var description: String { "\(source): \(key.isEmpty ? "" : "\(key): ")\(message)" }
}

/// All the faults of a configuration.
package struct ConfigurationFaults: Error, Sendable, CustomStringConvertible {
    package let problems: [ConfigurationProblem]

    package init(_ problems: [ConfigurationProblem]) { self.problems = problems }

    package var description: String { problems.map(\.description).joined(separator: "\n") }
}
