// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

extension WsifySettings {
    /// The section of a route, as YAML, with the key hidden.
    var effective: [String] {
        let names = EventName.allCases.filter(events.contains).map(\.rawValue)
        return [
            "    wsify:",
            "      version: \(version.rawValue)",
            "      # broadcastingKey: \(broadcastingKey.isEmpty ? "none" : "(hidden)")",
            broadcastPath.map { "      broadcastPath: \(quoted($0))" } ?? "      # broadcastPath: none: publishing through the control API alone",
            "      \(version == .v2 ? "" : "# ")events: [\(names.joined(separator: ", "))]",
            "      acks: \(acks)",
            "      identity: \(identity)",
            "      \(version == .v3 ? "" : "# ")disconnect: \(disconnect)",
            "      \(version == .v3 ? "" : "# ")targets: \(targets)",
        ]
    }
}
