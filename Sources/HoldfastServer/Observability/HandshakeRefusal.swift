// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Why an opening request was turned away: the `reason` label of `holdfast_handshakes_refused_total`.
package enum HandshakeRefusal: String, CaseIterable, Sendable {
    /// Not HTTP/1.1, or not a handshake as RFC 6455 has it (400, 405, 426, 431, 505).
    case malformed
    /// No opening request in time (408).
    case timeout
    /// No route for its path (404).
    case path
    /// A web page of another origin (403).
    case origin
    /// As many connections as the node may hold (503).
    case full
    /// Too many connections, or connects, of one address (429).
    case address
    /// The gateway is shutting down (503).
    case shutdown
    /// The app said no, or could not be asked.
    case app
    /// No TLS connection came about.
    case tls

    /// By the status of the answer.
    static func of(status: Int) -> HandshakeRefusal {
        switch status {
        case 403: .origin
        case 404: .path
        case 408: .timeout
        case 429: .address
        default: .malformed
        }
    }
}
