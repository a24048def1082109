// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastCore

/// The keys of dialects that know their callers otherwise than by the control token.
package struct ControlKeys: Sendable {
    private let verifiers: [String: TokenVerifier]
    /// Whether a convention is among them whose key stands elsewhere than in a header, so that only the dialect can find it.
    let areSpoken: Bool

    /// None: all control requests need the control token.
    package static let none = ControlKeys()

    private init() {
        verifiers = [:]
        areSpoken = false
    }

    /// Those of the configured routes.
    ///
    /// - Throws: a ``TokenKeyError`` when a key cannot verify.
    package init(_ routes: [RouteConfiguration]) async throws(TokenKeyError) {
        var verifiers: [String: TokenVerifier] = [:]
        for route in routes where route.dialect == .slip {
            guard let secret = route.slip.jwtSecret else { continue }
            verifiers[route.name] = try await TokenVerifier(
                .secret(Array(secret.utf8)), issuer: SlipTokens.issuer, audience: SlipTokens.toControl,
                setting: "route \(route.name): slip.jwtSecret")
        }
        self.verifiers = verifiers
        areSpoken = routes.contains { $0.dialect == .wsify }
    }

    /// Whether the control token is all that counts.
    var isEmpty: Bool { verifiers.isEmpty && !areSpoken }

    /// What verifies tokens of a route's callers.
    subscript(route: String) -> TokenVerifier? { verifiers[route] }
}
