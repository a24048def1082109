// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore

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

    /// - Throws: a ``BrokerError`` that says what cannot be used, and what is accepted: the first of ``faults(of:)``.
    init(_ settings: ClusterSettings, node: NodeName, version: String) throws(BrokerError) {
        var faults: [BrokerError] = []
        self.init(settings, node: node, version: version, faults: &faults)
        if let first = faults.first { throw first }
    }

    /// All that cannot be used.
    static func faults(of settings: ClusterSettings) -> [BrokerError] {
        var faults: [BrokerError] = []
        _ = BusSettings(settings, node: .standalone, version: "", faults: &faults)
        return faults
    }

    /// Not to be used where there is a fault: there may be no address then.
    private init(_ settings: ClusterSettings, node: NodeName, version: String, faults: inout [BrokerError]) {
        addresses = BusAddress.list(settings.brokers, faults: &faults)
        clientName = "holdfast-\(node)"
        self.version = version
        queueBytes = settings.queueBytes
        // A node that is cut off notices it before it takes the others for lost.
        times.silence = min(times.silence, settings.lease / 8)
        credentialsFile = settings.credentialsFile
        if let fault = Self.fault(ofCredentials: credentialsFile, with: addresses) { faults.append(fault) }
        tls = BusTLS(settings, addresses, faults: &faults)
    }

    private static func fault(ofCredentials file: String?, with addresses: [BusAddress]) -> BrokerError? {
        guard let file else { return nil }
        if addresses.first?.kind == .redis {
            return BrokerError(
                .unusableFile, .credentialsFile, "is for NATS; a user and password of Redis stand in its URL, redis://user:password@host")
        }
        if let address = addresses.first(where: { $0.login != .none }) {
            return BrokerError(.unusableFile, .credentialsFile, "this file and the credentials in the URL of \(address) exclude each other")
        }
        do throws(BrokerError) { _ = try credentials(in: file) } catch { return error }
        return nil
    }

    /// - Throws: a ``BrokerError`` that names the file and what is wrong with it.
    static func credentials(in file: String) throws(BrokerError) -> NATSCredentials {
        func fault(_ why: String) -> BrokerError { BrokerError(.unusableFile, .credentialsFile, "\(file)\(why)") }
        let text: String
        do throws(WholeFile.Fault) { text = try WholeFile.text(file, atMost: 1 << 20) } catch {
            throw fault(": \(error); it must be a file of credentials as nsc writes it")
        }
        do throws(NATSCredentialsError) { return try NATSCredentials(file: text) } catch {
            throw fault(" is no file of credentials as nsc writes it: \(error)")
        }
    }
}
