// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// The dialects that this build speaks, by their names in configuration.
package enum DialectName: String, CaseIterable, Sendable {
    case json
    case wsaas
    case grip
    case slip
    case wsify
    case unsocket

    /// Keys of a route that this dialect has no use for: to set one is a fault, for no option is accepted and ignored.
    package var unusedKeys: [String] {
        let sections = Self.allCases.map(\.rawValue).filter { $0 != rawValue && $0 != "json" }
        let own: [String] =
            switch self {
            case .json: []
            // What a wsify app hears of is its convention's own business.
            case .wsify: ["secret", "forwardHeaders", "events"]
            case .wsaas, .grip, .slip, .unsocket: ["secret", "forwardHeaders"]
            }
        return own + (dials ? [] : ["dial"]) + sections
    }

    /// Whether a route can do without an app.
    package var needsTarget: Bool { self != .wsify }
}
