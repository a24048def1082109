// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HoldfastCore
import NIOSSL

/// All that a bus is told: the cluster's settings, checked, with the files that they name read.
struct BusSettings: Sendable {
    let addresses: [BusAddress]
    /// What the connection is called in the engine's lists.
    let clientName: String
    let version: String
    let queueBytes: Int
    let tls: BusTLS
    /// NATS: where credentials are; read anew for each connection, for they expire.
    let credentialsFile: String?
    var times = BusTimes()

    var kind: BusAddress.Kind { addresses[0].kind }

    /// - Throws: a ``BrokerError`` that says what cannot be used, and what is accepted.
    init(_ settings: ClusterSettings, node: NodeName, version: String) throws(BrokerError) {
        addresses = try BusAddress.list(settings.brokers)
        clientName = "holdfast-\(node)"
        self.version = version
        queueBytes = settings.queueBytes
        // A node that is cut off notices it before it takes the others for lost.
        times.silence = min(times.silence, settings.lease / 8)
        tls = try BusTLS(settings, addresses)
        credentialsFile = settings.credentialsFile
        guard let file = credentialsFile else { return }
        guard kind == .nats else {
            throw BrokerError(
                .unusableFile, "cluster.credentialsFile is for NATS; a user and password of Redis stand in its URL, redis://user:password@host")
        }
        if let address = addresses.first(where: { $0.login != .none }) {
            throw BrokerError(.unusableFile, "cluster.credentialsFile and the credentials in the URL of \(address) exclude each other")
        }
        _ = try Self.credentials(in: file)
    }

    /// - Throws: a ``BrokerError`` that names the file and what is wrong with it.
    static func credentials(in file: String) throws(BrokerError) -> NATSCredentials {
        guard let content = FileManager.default.contents(atPath: file) else {
            throw BrokerError(.unusableFile, "cluster.credentialsFile: \(file) cannot be read; it must be a file of credentials as nsc writes it")
        }
        guard content.count <= 1 << 20, let text = String(validating: content, as: UTF8.self) else {
            throw BrokerError(.unusableFile, "cluster.credentialsFile: \(file) is no file of credentials: it is larger than 1 MiB, or no text")
        }
        do throws(NATSCredentialsError) { return try NATSCredentials(file: text) } catch {
            throw BrokerError(.unusableFile, "cluster.credentialsFile: \(file) is no file of credentials as nsc writes it: \(error)")
        }
    }
}
