// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore

/// How requests to a route's app prove that they come through this gateway: a token in a header, one for many requests.
struct RequestProof: Sendable {
    private let signer: TokenSigner
    private let header: String
    private let scheme: String
    /// How long one token is used, in seconds; well below the time for which it is good.
    let reuse: Int

    /// What the route is set up with.
    ///
    /// - Returns: `nil` for a route without a key, or of a convention without tokens.
    /// - Throws: a ``TokenKeyError`` when the key cannot sign.
    static func of(_ route: RouteConfiguration) async throws(TokenKeyError) -> RequestProof? {
        switch route.dialect {
        case .grip:
            guard let key = route.grip.sigKey else { return nil }
            let signer = try await TokenSigner(key, issuer: route.grip.sigIss, setting: "route \(route.name): grip.sigKey")
            return RequestProof(signer: signer, header: "grip-sig", scheme: "", reuse: 60)
        case .slip:
            guard let secret = route.slip.jwtSecret else { return nil }
            // Apps may look at the time of making too, so a token is not used for long.
            let signer = try await TokenSigner(
                .secret(Array(secret.utf8)), issuer: SlipTokens.issuer, audience: SlipTokens.toApp, lifetime: SlipTokens.lifetime, isDated: true,
                setting: "route \(route.name): slip.jwtSecret")
            return RequestProof(signer: signer, header: "authorization", scheme: "Bearer ", reuse: 5)
        case .json, .wsaas, .wsify, .unsocket: return nil
        }
    }

    /// The header, with a token made now.
    ///
    /// - Parameter seconds: the time now, in seconds since 1970.
    /// - Returns: in practice never `nil`: that the key can sign was checked when it was read.
    func field(at seconds: Int) -> OpeningRequest.Field? {
        guard let token = try? signer.sign(at: seconds) else { return nil }
        return OpeningRequest.Field(name: header, value: scheme + token)
    }
}

/// What the tokens of slip-sockets say.
enum SlipTokens {
    static let issuer = "slip-sockets"
    /// Of requests to the app.
    static let toApp = "WebSocketEvent"
    /// Of control requests.
    static let toControl = "ControlEvent"
    /// Seconds from a token's making to its end.
    static let lifetime = 60
}
