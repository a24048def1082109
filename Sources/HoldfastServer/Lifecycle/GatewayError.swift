// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
package import HoldfastCore
import NIOCore

/// Why the gateway cannot start: one sentence for the person who started it.
package struct GatewayError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Code: Equatable, Sendable {
        case addressInUse
        case cannotListen
        case cannotJoin
        /// The certificates of others cannot be checked: of a route's target, or of the control API's clients.
        case noTrust
        /// A listener's certificate or key cannot be used.
        case badCertificate
        /// A key for tokens cannot be used.
        case badKey
    }

    package let code: Code
    package let description: String

    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    package static func cannotListen(on address: HostPort, setting: String, because error: any Error) -> GatewayError {
        if let error = error as? IOError, error.errnoCode == EADDRINUSE {
            return GatewayError(
                .addressInUse, "cannot listen on \(address): the port is in use by another program; stop that, or choose another port (\(setting))")
        }
        return GatewayError(.cannotListen, "cannot listen on \(address): \(WebhookPool.sentence(error)) (\(setting))")
    }
}
