// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

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

    /// - Parameter faults: gets a fault for each file that cannot be used, or has no use.
    init(_ settings: ClusterSettings, _ addresses: [BusAddress], faults: inout [BrokerError]) {
        let files: [ClusterSettings.Key] =
            (settings.caFile == nil ? [] : [.caFile]) + (settings.certificate == nil ? [] : [.certificateFile])
        isAsked = !files.isEmpty || addresses.contains(where: \.isTLS)
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        if let plain = addresses.first(where: { $0.kind == .redis && !$0.isTLS }) {
            faults += files.map { BrokerError(.unusableFile, $0, "has no use: \(plain) is not spoken to by TLS; that is rediss://") }
            self.configuration = configuration
            return
        }
        let before = faults.count
        if let file = settings.caFile {
            configuration.trustRoots = .certificates(Self.certificates(in: file, .caFile, &faults))
        }
        if let pair = settings.certificate {
            configuration.certificateChain = Self.certificates(in: pair.certificateFile, .certificateFile, &faults).map { .certificate($0) }
            configuration.privateKey = Self.privateKey(in: pair.keyFile, &faults).map { .privateKey($0) }
        }
        self.configuration = configuration
        // Files that do not fit each other are found now, not at the first connection.
        guard let setting = files.last, faults.count == before else { return }
        do { _ = try context() } catch {
            faults.append(BrokerError(.unusableFile, setting, "the files for TLS do not fit together: \(BusTrouble.sentence(error))"))
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

    private static func certificates(in file: String, _ setting: ClusterSettings.Key, _ faults: inout [BrokerError]) -> [NIOSSLCertificate] {
        guard let bytes = bytes(of: file, setting, "certificates", &faults) else { return [] }
        guard let found = try? NIOSSLCertificate.fromPEMBytes(bytes), !found.isEmpty else {
            faults.append(BrokerError(.unusableFile, setting, "\(file) holds no certificates in PEM"))
            return []
        }
        return found
    }

    private static func privateKey(in file: String, _ faults: inout [BrokerError]) -> NIOSSLPrivateKey? {
        guard let bytes = bytes(of: file, .keyFile, "a private key", &faults) else { return nil }
        guard let key = try? NIOSSLPrivateKey(bytes: bytes, format: .pem) else {
            faults.append(BrokerError(.unusableFile, .keyFile, "\(file) holds no private key in PEM without a password"))
            return nil
        }
        return key
    }

    private static func bytes(of file: String, _ setting: ClusterSettings.Key, _ what: String, _ faults: inout [BrokerError]) -> [UInt8]? {
        do throws(WholeFile.Fault) { return try WholeFile.bytes(file) } catch {
            faults.append(BrokerError(.unusableFile, setting, "\(file): \(error); it must be a file with \(what) in PEM"))
            return nil
        }
    }
}
