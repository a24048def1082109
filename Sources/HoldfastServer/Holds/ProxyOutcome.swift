// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// How a request that was passed on ended: the `outcome` label of `holdfast_proxied_requests_total`.
package enum ProxyOutcome: String, CaseIterable, Sendable {
    /// The app's answer went to the client, whatever its status.
    case answered
    /// The app had the request held, and the hold ended as it should.
    case held
    /// The client left first.
    case clientGone
    /// The client sent or read too slowly.
    case slow
    /// No connection to the app (502).
    case unreachable
    /// No answer in time (502), or an answer that did not go on (cut off).
    case timeout
    /// The app broke off, or spoke no HTTP (502, or cut off).
    case interrupted
    /// The app's instructions are not understood (502).
    case instructions
    /// The gateway answered in the app's place: what the client asked for is not allowed.
    case refused
    /// The gateway was shutting down.
    case shutdown
}
