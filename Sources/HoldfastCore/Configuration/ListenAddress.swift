// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Where clients connect, as in `:8080`, `wss://:8443` or `ws://127.0.0.1:8080`.
package struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    package enum Scheme: String, Sendable {
        /// Without TLS.
        case ws
        /// With TLS.
        case wss
    }

    /// `nil` where none was written: then it is `wss` if there is a certificate, else `ws`.
    package let scheme: Scheme?
    package let address: HostPort

    /// What is accepted, for error messages.
    package static let rule = HostPort.rule + "; with ws:// or wss:// in front to leave TLS out or demand it"

    /// - Returns: `nil` when the text breaks the ``rule``.
    package init?(_ text: String) {
        let parts = text.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2 {
            guard let scheme = Scheme(rawValue: String(parts[0])) else { return nil }
            self.scheme = scheme
        } else {
            scheme = nil
        }
        guard let address = HostPort(String(parts[parts.count - 1])) else { return nil }
        self.address = address
    }

    package init(_ address: HostPort, scheme: Scheme? = nil) {
        self.address = address
        self.scheme = scheme
    }

    package var description: String { (scheme.map { "\($0.rawValue)://" } ?? "") + address.description }
}
