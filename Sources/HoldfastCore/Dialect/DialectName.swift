// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// The dialects that this build speaks, by their names in configuration.
package enum DialectName: String, CaseIterable, Sendable {
    case json
    case wsaas
}
