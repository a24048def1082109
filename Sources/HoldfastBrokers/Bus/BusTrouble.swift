// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import NIOPosix
import NIOSSL

/// What errors of sockets and of TLS mean for a bus.
enum BusTrouble {
    /// Whether another try may do better, or TLS will not be agreed on until somebody changes something.
    static func failure(_ error: any Error) -> BusFailure {
        switch error {
        case let failure as BusFailure: failure
        case NIOSSLError.handshakeFailed(.sslError), NIOSSLError.unableToValidateCertificate, is NIOSSLExtraError: .refused(sentence(error))
        default: .lost(sentence(error))
        }
    }

    /// One sentence on one line.
    static func sentence(_ error: any Error) -> String {
        switch error {
        case let failure as BusFailure: return failure.reason
        case let error as NIOConnectionError:
            if let first = error.connectionErrors.first { return sentence(first.error) }
            return "the host name \(error.host) cannot be resolved"
        case let error as IOError: return String(cString: strerror(error.errnoCode))
        case NIOSSLError.handshakeFailed(let why):
            return "TLS could not be agreed on (is the certificate one that is trusted? cluster.caFile): \(oneLine(why))"
        case NIOSSLError.unableToValidateCertificate: return "the server's certificate is not one that is trusted (cluster.caFile)"
        case is NIOSSLExtraError: return "the server's certificate is not for this host"
        case NIOSSLError.uncleanShutdown: return "the server ended the connection"
        case ChannelError.connectTimeout: return "no connection in time"
        default: return oneLine(error)
        }
    }

    private static func oneLine(_ error: any Error) -> String {
        "\(error)".split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }.joined(separator: " ")
    }
}
