// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Crypto
import HoldfastCore
import HoldfastWire

/// Who a node is in a NATS system with JSON Web Tokens: the user's token, and the seed of the key that proves it. Never printed.
struct NATSCredentials: Equatable, Sendable, CustomStringConvertible {
    /// The user's JSON Web Token.
    let token: String
    /// 32 bytes.
    private let seed: [UInt8]

    var description: String { "credentials" }

    /// - Parameter file: what a file of credentials holds, as `nsc` writes it: two parts, each between a line of dashes that begins it and one that ends it.
    /// - Throws: a sentence that says what is wrong, without what the file holds.
    init(file: String) throws(NATSCredentialsError) {
        let parts = Self.parts(of: file)
        guard let token = parts["NATS USER JWT"] else { throw NATSCredentialsError("it has no part \"-----BEGIN NATS USER JWT-----\"") }
        guard let seed = parts["USER NKEY SEED"] else { throw NATSCredentialsError("it has no part \"-----BEGIN USER NKEY SEED-----\"") }
        guard token.split(separator: ".", omittingEmptySubsequences: false).count == 3 else {
            throw NATSCredentialsError("its first part is no JSON Web Token")
        }
        self.token = token
        self.seed = try Self.userSeed(seed)
    }

    /// Ed25519, base64 for URLs.
    func signature(of nonce: String) -> String {
        // Any 32 bytes are a key of this curve, and signing with one that is there does not fail.
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed), let signature = try? key.signature(for: Array(nonce.utf8)) else {
            return ""
        }
        return Base64.encode(signature, urlSafe: true)
    }

    /// The lines between `BEGIN` and `END`, without white space, by what stands behind `BEGIN`.
    private static func parts(of file: String) -> [String: String] {
        var parts: [String: String] = [:]
        var current: (name: String, lines: String)?
        for line in file.split(whereSeparator: \.isNewline) {
            let text = line.filter { !$0.isWhitespace || $0 == " " }
            let words = String(text.drop { $0 == "-" || $0 == " " }.reversed().drop { $0 == "-" || $0 == " " }.reversed())
            if text.hasPrefix("---"), words.hasPrefix("BEGIN ") {
                current = (String(words.dropFirst(6)), "")
            } else if text.hasPrefix("---"), words.hasPrefix("END ") {
                if let part = current { parts[part.name] = part.lines }
                current = nil
            } else {
                current?.lines += text.filter { $0 != " " }
            }
        }
        return parts
    }

    /// A seed is two bytes that tell its kind, 32 of the key, and a check sum, in base 32.
    private static func userSeed(_ text: String) throws(NATSCredentialsError) -> [UInt8] {
        guard text.utf8.count == 58, let bytes = Base32.decode(text), bytes.count == 36 else {
            throw NATSCredentialsError("its seed is not 58 letters and digits of base 32")
        }
        let sum = CheckSum.crc16(bytes[..<34])
        guard bytes[34] == UInt8(sum & 0xFF), bytes[35] == UInt8(sum >> 8) else { throw NATSCredentialsError("the check sum of its seed is wrong") }
        // S for a seed, U for a user.
        guard bytes[0] & 0xF8 == 18 << 3, (bytes[0] & 7) << 5 | bytes[1] >> 3 == 20 << 3 else {
            throw NATSCredentialsError("its seed is not a user's: that begins with SU")
        }
        return Array(bytes[2..<34])
    }
}

/// What is wrong with a file of credentials.
struct NATSCredentialsError: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
