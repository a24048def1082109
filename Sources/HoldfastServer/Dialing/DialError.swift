// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HoldfastCore
import HoldfastWire
import NIOCore
import NIOExtras
import NIOPosix
import NIOSSL

/// Why a remote could not be had, in words for the app and the log.
struct DialError: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    /// - Parameter proxy: through which it was tried.
    init(_ error: any Error, timeout: Duration, proxy: String? = nil) {
        description = Self.sentence(error, timeout) + (proxy.map { " (through the proxy \($0))" } ?? "")
    }

    private static func sentence(_ error: any Error, _ timeout: Duration) -> String {
        switch error {
        case let error as DialError: error.description
        case let error as ClientHandshakeError: "\(error)"
        case let error as NIOConnectionError:
            if let first = error.connectionErrors.first {
                sentence(first.error, timeout)
            } else if let refused = (error.dnsAError ?? error.dnsAAAAError) as? DialError {
                refused.description
            } else {
                "the host name \(error.host) cannot be resolved"
            }
        case let error as IOError: "the remote cannot be reached: \(String(cString: strerror(error.errnoCode)))"
        case NIOSSLError.handshakeFailed, NIOSSLError.unableToValidateCertificate:
            "the TLS handshake with the remote failed; is its certificate one that is trusted? (dial.caFile)"
        case is NIOSSLExtraError: "the remote's certificate is not for this host"
        case ChannelError.connectTimeout: "no answer within \(timeout.inSeconds) s (dial.timeout)"
        case let error as NIOHTTP1ProxyConnectHandler.Error where error == .proxyAuthenticationRequired():
            "the proxy answered 407: it wants other credentials"
        case let error as NIOHTTP1ProxyConnectHandler.Error:
            // Its description ends with a place in the library's source.
            "the proxy refused: \("\(error)".prefix { $0 != "(" }.trimmingCharacters(in: .whitespaces))"
        default: "the remote's answer cannot be used: \(error)"
        }
    }
}
