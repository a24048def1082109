// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastCore
package import Logging
import NIOSSL

/// The certificates of both listeners, and how each speaks TLS.
package struct Certificates: Sendable {
    /// A listener's certificate, and what its handshakes go by.
    struct Identity: Sendable {
        let certificate: ServerCertificate
        let configuration: TLSConfiguration
    }

    let `public`: Identity?
    let control: Identity?

    /// Both listeners without TLS.
    package static let none = Certificates()

    private init() {
        `public` = nil
        control = nil
    }

    /// - Throws: a ``GatewayError`` when a file that the configuration names cannot be used.
    package init(_ configuration: GatewayConfiguration, logger: Logger) throws(GatewayError) {
        var identity: Identity?
        if let files = configuration.tls {
            let certificate = try ServerCertificate(files, listener: "public", key: "tls", logger: logger)
            identity = Identity(certificate: certificate, configuration: try certificate.configuration())
        }
        `public` = identity
        identity = nil
        if let files = configuration.controlTLS {
            let certificate = try ServerCertificate(files, listener: "control", key: "control.tls", logger: logger)
            let tls = try certificate.configuration(clientCaFile: configuration.controlClientCaFile)
            identity = Identity(certificate: certificate, configuration: tls)
        }
        control = identity
    }

    package var all: [ServerCertificate] { [`public`, control].compactMap { $0?.certificate } }

    /// Looks at all files now, whatever the time.
    package func reload() { for certificate in all { certificate.reload() } }
}
