// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastCore

/// The keys of dialects that know their callers otherwise than by the control token.
package struct ControlKeys: Sendable {
    private let verifiers: [String: TokenVerifier]
    /// Where conventions are asked whose key stands elsewhere than in a header, so that only the dialect can find it.
    private let spokenPaths: Set<String>

    /// None: all control requests need the control token.
    package static let none = ControlKeys()

    private init() {
        verifiers = [:]
        spokenPaths = []
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
        spokenPaths = Set(routes.filter(Self.isSpoken).map(\.wsify.publishPath))
    }

    /// Whether the control token is all that counts.
    var isEmpty: Bool { verifiers.isEmpty && spokenPaths.isEmpty }

    /// Whether a route's dialect has a key that it finds itself.
    static func isSpoken(by route: RouteConfiguration) -> Bool { route.dialect == .wsify && !route.wsify.broadcastingKey.isEmpty }

    /// Whether a request to a path may bring a key that only a dialect can find.
    func areSpoken(at path: String) -> Bool { spokenPaths.contains(path) }

    /// What verifies tokens of a route's callers.
    subscript(route: String) -> TokenVerifier? { verifiers[route] }
}
