// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire

extension ClusterSettings {
    /// As they are in force, with credentials hidden.
    var effective: [String] {
        guard !isAlone else { return ["broker: memory"] }
        let shown: [String] = brokers.map(Self.withoutCredentials)
        let list = shown.count == 1 ? shown[0] : "[" + shown.map(quoted).joined(separator: ", ") + "]"
        var lines: [String] = [
            "broker: \(list)",
            "cluster:",
            "  name: \(quoted(name))",
            "  lease: \(lease.setting)",
            "  linger: \(linger == .zero ? "off" : linger.setting)",
            "  queueBytes: \(queueBytes)",
            "  closingEvents: \(closingEvents.rawValue)",
            "  readyWithoutBroker: \(readyWithoutBroker)",
            credentialsFile.map { "  credentialsFile: \(quoted($0))" } ?? "  # credentialsFile: none",
            caFile.map { "  caFile: \(quoted($0))" } ?? "  # caFile: the system's",
        ]
        lines += certificate.map { $0.effective("  ") } ?? ["  # certificateFile: none"]
        return lines
    }
}
