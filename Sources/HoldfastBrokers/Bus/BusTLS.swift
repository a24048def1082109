// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HoldfastCore
import NIOConcurrencyHelpers
import NIOCore
import NIOSSL

/// How an engine's servers are spoken to by TLS. Its library is set up when it is first needed: the system's certificates take some megabytes.
struct BusTLS: Sendable {
    /// Whether TLS is asked for, in the URL or by files for it.
    let isAsked: Bool
    private let configuration: TLSConfiguration
    private let made = NIOLockedValueBox<NIOSSLContext?>(nil)

    /// - Throws: a ``BrokerError`` for files that cannot be used, or have no use.
    init(_ settings: ClusterSettings, _ addresses: [BusAddress]) throws(BrokerError) {
        let hasFiles = settings.caFile != nil || settings.certificate != nil
        if hasFiles, let plain = addresses.first(where: { $0.kind == .redis && !$0.isTLS }) {
            let name = settings.caFile != nil ? "cluster.caFile" : "cluster.certificate"
            throw BrokerError(.unusableFile, "\(name) has no use: \(plain) is not spoken to by TLS; that is rediss://")
        }
        isAsked = hasFiles || addresses.contains(where: \.isTLS)
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        if let file = settings.caFile {
            configuration.trustRoots = .certificates(try Self.certificates(in: file, setting: "cluster.caFile"))
        }
        if let files = settings.certificate {
            configuration.certificateChain = try Self.certificates(in: files.certificateFile, setting: "cluster.certificate").map { .certificate($0) }
            guard let key = try? NIOSSLPrivateKey(file: files.keyFile, format: .pem) else {
                throw BrokerError(.unusableFile, "cluster: \(files.keyFile) holds no private key in PEM without a password, or cannot be read")
            }
            configuration.privateKey = .privateKey(key)
        }
        self.configuration = configuration
        // Files that do not fit each other are found now, not at the first connection.
        guard hasFiles else { return }
        do { _ = try context() } catch {
            throw BrokerError(.unusableFile, "cluster: the files for TLS do not fit together: \(BusTrouble.sentence(error))")
        }
    }

    /// A handler that speaks TLS to this host, and checks that it is the host that it should be.
    func handler(host: String) throws -> NIOSSLClientHandler {
        // Where it is an address, its certificate is compared with the address that was connected to.
        try NIOSSLClientHandler(context: context(), serverHostname: HostPort.isAddress(host) ? nil : host)
    }

    private func context() throws -> NIOSSLContext {
        try made.withLockedValue { made in
            if let made { return made }
            let context = try NIOSSLContext(configuration: configuration)
            made = context
            return context
        }
    }

    private static func certificates(in file: String, setting: String) throws(BrokerError) -> [NIOSSLCertificate] {
        guard FileManager.default.isReadableFile(atPath: file) else {
            throw BrokerError(.unusableFile, "\(setting): \(file) cannot be read; it must be a PEM file that exists")
        }
        guard let found = try? NIOSSLCertificate.fromPEMFile(file), !found.isEmpty else {
            throw BrokerError(.unusableFile, "\(setting): \(file) holds no certificates in PEM")
        }
        return found
    }
}
