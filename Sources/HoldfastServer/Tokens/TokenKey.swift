// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import JWTKit

/// The key that a setting names, read and checked once, with the one algorithm that fits it.
struct TokenKey: Sendable {
    /// What the key must be good for.
    enum Use {
        /// Takes a secret or a private key.
        case signing
        /// Takes a secret, a public key, or a private key for the public one in it.
        case verifying
    }

    private let algorithm: any JWTAlgorithm

    /// - Parameter setting: the key's setting, for error messages: `grip.sigKey`.
    /// - Throws: a ``TokenKeyError`` when the key is empty, or its file cannot be used.
    init(_ key: GripKey, for use: Use, setting: String) async throws(TokenKeyError) {
        let content: TokenKeyFile.Content
        switch key {
        case .secret(let bytes):
            guard !bytes.isEmpty else { throw TokenKeyError(description: "\(setting): a key must not be empty; \(GripKey.rule)") }
            content = .secret(bytes)
        case .file(let path): content = try TokenKeyFile(path: path, setting: setting).content(for: use)
        }
        let keys = JWTKeyCollection()
        switch content {
        case .secret(let bytes): await keys.add(hmac: HMACKey(from: Self.padded(bytes)), digestAlgorithm: .sha256)
        case .privateEC(let key): await keys.add(ecdsa: key)
        case .publicEC(let key): await keys.add(ecdsa: key)
        case .privateRSA(let key): await keys.add(rsa: key, digestAlgorithm: .sha256)
        case .publicRSA(let key): await keys.add(rsa: key, digestAlgorithm: .sha256)
        }
        do {
            algorithm = try await keys.getKey()
        } catch {
            throw TokenKeyError(description: "\(setting): the key cannot be used: \(error)")
        }
    }

    /// `HS256` for a secret, `ES256` for EC, `RS256` for RSA: the only `alg` that a token for this key may have.
    var name: String { algorithm.name }

    /// - Throws: an error of the library's, in practice never: that the key can sign was checked when it was read.
    func sign(_ text: String) throws -> [UInt8] { try algorithm.sign(Array(text.utf8)) }

    /// What is no signature of the algorithm's at all, for instance by its length, makes the library throw.
    func isSignature(_ signature: some Sequence<UInt8>, of text: Substring) -> Bool {
        (try? algorithm.verify(Array(signature), signs: Array(text.utf8))) ?? false
    }

    /// HMAC itself fills keys up with zeros to the block of its hash, 64 bytes (RFC 2104 §2), so these change no token. The library insists on 32
    /// bytes, and stops the program for less in debug builds; GRIP's usual keys are shorter: Pushpin's own default has 8.
    private static func padded(_ secret: [UInt8]) -> [UInt8] {
        secret + Array(repeating: 0, count: max(0, 32 - secret.count))
    }
}
