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
        case BoringSSLError.sslError where rejection(error) != nil: .refused(sentence(error))
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
            if let rejection = rejection(why) { return rejection }
            let words = words(of: why)
            if words.contains("CERTIFICATE_VERIFY_FAILED") { return "the server's certificate is not one that is trusted (cluster.caFile)" }
            return "TLS could not be agreed on: \(words)"
        case BoringSSLError.sslError: return rejection(error) ?? "TLS failed: \(words(of: error))"
        case NIOSSLError.unableToValidateCertificate: return "the server's certificate is not one that is trusted (cluster.caFile)"
        case is NIOSSLExtraError: return "the server's certificate is not for this host"
        case NIOSSLError.uncleanShutdown: return "the server ended the connection"
        case ChannelError.connectTimeout: return "no connection in time"
        default: return oneLine(error)
        }
    }

    /// The server tells by an alert that it does not take this node's certificate, or misses one.
    private static func rejection(_ error: any Error) -> String? {
        let words = words(of: error)
        guard words.contains("ALERT"), ["CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED"].contains(where: words.contains) else { return nil }
        return "the server asks for a certificate that it trusts (cluster.certificateFile, cluster.keyFile): \(words)"
    }

    /// The library's words for what went wrong, without where in its source that was.
    private static func words(of error: any Error) -> String {
        let text = oneLine(error)
        let words = text.split(separator: "OPENSSL_internal:").dropFirst().map { $0.prefix { $0 != " " } }
        return words.isEmpty ? text : words.joined(separator: ", ")
    }

    private static func oneLine(_ error: any Error) -> String {
        "\(error)".split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }.joined(separator: " ")
    }
}
