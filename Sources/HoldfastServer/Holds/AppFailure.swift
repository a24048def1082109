// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Foundation
import HoldfastCore
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Why a request to the app brought no usable answer.
enum AppFailure: Error, Equatable {
    /// No connection to the app could be made.
    case unreachable(String)
    /// The app did not answer, or did not go on with its answer, in time.
    case timeout(String)
    /// The connection ended, or what came over it was no HTTP.
    case interrupted(String)
    /// The app's instructions for the gateway are not understood.
    case instructions(String)

    /// By what the HTTP client reports.
    init(_ error: any Error) {
        switch error {
        case let failure as AppFailure: self = failure
        case let error as HTTPClientError where Self.openingErrors.contains(error):
            self = .unreachable(error == .connectTimeout ? "no connection in time" : "no connection became free in time")
        case let error as HTTPClientError where error == .remoteConnectionClosed: self = .interrupted("the app closed the connection in its answer")
        case let error as HTTPClientError: self = .interrupted(error.shortDescription)
        case let error as HTTPParserError: self = .interrupted("the app's answer is not HTTP/1.1 (\(error))")
        case is NIOConnectionError, is NIOSSLError, is NIOSSLExtraError, ChannelError.connectTimeout:
            self = .unreachable(WebhookPool.sentence(error))
        // Connections that are refused come alone where a name has one address only.
        case let error as IOError where error.errnoCode == ECONNREFUSED || error.errnoCode == EHOSTUNREACH || error.errnoCode == ENETUNREACH:
            self = .unreachable(WebhookPool.sentence(error))
        default: self = .interrupted(WebhookPool.sentence(error))
        }
    }

    /// The `outcome` label of `holdfast_proxied_requests_total`.
    var outcome: ProxyOutcome {
        switch self {
        case .unreachable: .unreachable
        case .timeout: .timeout
        case .interrupted: .interrupted
        case .instructions: .instructions
        }
    }

    /// In words, for the log and for clients of a route with `grip.debug`.
    var message: String {
        switch self {
        case .unreachable(let why): "the app cannot be reached: \(why)"
        case .timeout(let why), .interrupted(let why): why
        case .instructions(let why): why
        }
    }

    /// Whether a kept-alive connection may have been closed as the request went out on it.
    static func isStale(_ error: any Error) -> Bool {
        switch error {
        case let error as HTTPClientError: error == .remoteConnectionClosed
        case let error as IOError: error.errnoCode == ECONNRESET || error.errnoCode == EPIPE
        default: false
        }
    }

    private static let openingErrors: [HTTPClientError] = [.connectTimeout, .getConnectionFromPoolTimeout, .tlsHandshakeTimeout]
}
