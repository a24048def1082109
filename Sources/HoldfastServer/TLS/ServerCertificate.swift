// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
package import HoldfastCore
package import Logging
package import NIOCertificateReloading
import NIOConcurrencyHelpers
import NIOCore
package import NIOSSL
import X509

/// The certificate of one listener: read at start-up, and again when its files change or someone asks. A pair that cannot be used is refused, and
/// the one before stays; sockets that are held keep theirs.
package final class ServerCertificate: Sendable {
    /// How often the files are looked at.
    static let interval = Duration.seconds(5)
    /// From here on a certificate's end is told as a warning; of one that lives shortly, in the last quarter of its life.
    private static let soon: TimeInterval = 14 * 24 * 3600

    /// `public` or `control`: the label in logs and metrics.
    package let listener: String
    /// Its own loop, which looks at the files.
    package let reloader: TimedCertificateReloader
    private let news: News

    /// - Parameters:
    ///   - key: of the setting, for error messages: `tls` or `control.tls`.
    /// - Throws: a ``GatewayError`` when the pair cannot be used.
    package init(_ files: TLSFiles, listener: String, key: String, logger: Logger) throws(GatewayError) {
        self.listener = listener
        let certificateFile = PEMFile(path: files.certificateFile, setting: "\(key).certificateFile")
        let keyFile = PEMFile(path: files.keyFile, setting: "\(key).keyFile")
        let mismatch = "\(keyFile.setting): \(keyFile.path) is not the key of the certificate in \(certificateFile.path) (\(certificateFile.setting))"
        let news = News(listener: listener, mismatch: mismatch, logger: logger)
        self.news = news
        let configuration = TimedCertificateReloader.Configuration(
            refreshInterval: Self.interval,
            certificateSource: .init(location: .memory { try certificateFile.certificates() }, format: .pem),
            privateKeySource: .init(location: .memory { try keyFile.privateKey() }, format: .pem)
        ) {
            $0.onCertificateLoaded = { news.loaded($0) }
            $0.onCertificateLoadFailed = { news.failed($0.error) }
        }
        reloader = TimedCertificateReloader(configuration: configuration)
        do {
            try reloader.reload()
        } catch {
            throw GatewayError(.badCertificate, news.sentence(error))
        }
        news.started()
    }

    /// Looks at the files now.
    package func reload() { try? reloader.reload() }

    /// Seconds until the certificate ends; negative when it has.
    package var expiresIn: Double { news.expiresIn }

    /// Changed pairs that were taken, and those that were refused.
    package var reloads: (ok: Int, failed: Int) { news.reloads }

    /// How the listener speaks TLS: 1.2 at least, `http/1.1` by ALPN.
    ///
    /// - Parameter clientCaFile: clients must show a certificate of this authority.
    /// - Throws: a ``GatewayError`` when the authority's file cannot be used.
    package func configuration(clientCaFile: String? = nil) throws(GatewayError) -> TLSConfiguration {
        var configuration: TLSConfiguration
        do {
            configuration = try TLSConfiguration.makeServerConfiguration(certificateReloader: reloader)
        } catch {
            throw GatewayError(.badCertificate, news.sentence(error))
        }
        if let clientCaFile {
            configuration.trustRoots = .certificates(try TLSError.authorities(in: clientCaFile, setting: "control.tls.clientCaFile"))
            configuration.certificateVerification = .noHostnameVerification
        }
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        // For the client's close_notify, which few send.
        configuration.shutdownTimeout = .seconds(1)
        return configuration
    }

    /// What came of the last looks at the files. A fault is told once, not at each look.
    private final class News: Sendable {
        private struct State {
            var notAfter = Date.distantPast
            var fault: String?
            var ok = 0
            var failed = 0
            var hasStarted = false
        }

        private let state = NIOLockedValueBox(State())
        private let listener: String
        private let mismatch: String
        private let logger: Logger

        init(listener: String, mismatch: String, logger: Logger) {
            self.listener = listener
            self.mismatch = mismatch
            self.logger = logger
        }

        /// What is wrong with the pair, in words for the person who set it.
        func sentence(_ error: any Error) -> String {
            (error as? TimedCertificateReloader.Error) == .publicKeyMismatch ? mismatch : TLSError.sentence(error)
        }

        func started() { state.withLockedValue { $0.hasStarted = true } }

        var expiresIn: Double { state.withLockedValue { $0.notAfter.timeIntervalSinceNow } }

        var reloads: (ok: Int, failed: Int) { state.withLockedValue { ($0.ok, $0.failed) } }

        func loaded(_ change: TimedCertificateReloader.CertificateChainAndKeyPairReloadDiff) {
            let isNew = change.previousX509CertificateChain != change.currentX509CertificateChain
            guard let certificate = change.currentX509CertificateChain.first else { return }
            state.withLockedValue { state in
                state.fault = nil
                state.notAfter = certificate.notValidAfter
                if isNew, state.hasStarted { state.ok += 1 }
            }
            guard isNew else { return }
            let ends = certificate.notValidAfter
            let metadata: Logger.Metadata = [LogKey.listener: "\(listener)", LogKey.expires: "\(ends.formatted(.iso8601))"]
            let soon = min(ServerCertificate.soon, ends.timeIntervalSince(certificate.notValidBefore) / 4)
            switch ends.timeIntervalSinceNow {
            case ..<0: logger.warning("certificate loaded; it has expired", metadata: metadata)
            case ..<soon: logger.warning("certificate loaded; it expires soon", metadata: metadata)
            default: logger.info("certificate loaded", metadata: metadata)
            }
        }

        func failed(_ error: any Error) {
            let fault = sentence(error)
            let isNews = state.withLockedValue { state in
                guard state.hasStarted, state.fault != fault else { return false }
                state.fault = fault
                state.failed += 1
                return true
            }
            guard isNews else { return }
            logger.warning(
                "certificate was not reloaded", metadata: [LogKey.listener: "\(listener)", LogKey.error: "\(fault)"])
        }
    }
}
