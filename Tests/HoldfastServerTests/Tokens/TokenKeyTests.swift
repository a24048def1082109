// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HoldfastCore
import Testing

@testable import HoldfastServer

/// What a key may be, for each use. Each fault names the setting and the file, and shows nothing of the content.
@Suite struct TokenKeyTests {
    private static let accepted = "accepted are EC P-256 and RSA of 2048 bits and more in PEM, or a secret in hex"
    private static let notHex = "holds neither a key in PEM nor hex, two digits for each byte; \(accepted)"
    private static let hasPassword = "holds a private key with a password; write it without one: openssl pkey -in … -out …"

    /// Tools put words, certificates and the other half beside a key, and Windows has its own line ends.
    private static let privateKeys: [(String, String)] = [
        (TestKeys.ecSEC1, "ES256"), (TestKeys.ecPKCS8, "ES256"), (TestKeys.rsaPKCS8, "RS256"), (TestKeys.rsaPKCS1, "RS256"),
        ("Bag Attributes\n    friendlyName: key\n\(TestKeys.ecPKCS8)\n", "ES256"), ("\(TestKeys.ecPublic)\n\(TestKeys.ecPKCS8)", "ES256"),
        ("\(TestKeys.certificate)\n\(TestKeys.ecPKCS8)", "ES256"), (TestKeys.ecSEC1.replacing("\n", with: "\r\n"), "ES256"),
    ]

    @Test(arguments: privateKeys + [("00ff00", "HS256"), ("00FF00\n", "HS256"), ("  00\tff\r\n00 ", "HS256")])
    func filesThatSignAndVerify(_ content: String, _ algorithm: String) async throws {
        try await withKeyFile(content.utf8) { path in
            for use in [TokenKey.Use.signing, .verifying] {
                let key = try await TokenKey(.file(path), for: use, setting: "grip.sigKey")
                #expect(key.name == algorithm)
            }
        }
    }

    @Test(arguments: [(TestKeys.ecPublic, "ES256"), (TestKeys.rsaPublic, "RS256"), (TestKeys.rsaPublicPKCS1, "RS256")])
    func publicKeysVerifyOnly(_ content: String, _ algorithm: String) async throws {
        try await withKeyFile(content.utf8) { path in
            let key = try await TokenKey(.file(path), for: .verifying, setting: "grip.upstreamKey")
            #expect(key.name == algorithm)
            let words = try await fault(.file(path), for: .signing)
            #expect(words == "grip.sigKey: \(path) holds a public key; signing needs the private one")
        }
    }

    private static let badFiles: [(String, String)] = [
        ("", "is empty; \(accepted)"), (" \r\n", "is empty; \(accepted)"), ("secret", notHex), ("012", notHex), ("0", notHex), ("0x00", notHex),
        ("00-ff", notHex),
        // A digit to Unicode, not to hex.
        ("\u{FF11}\u{FF11}", notHex), ("-----BEGIN", "holds no key in PEM; \(accepted)"),
        (String(TestKeys.ecPKCS8.dropLast(30)), "holds PEM that cannot be read"),
        ("-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----", "holds PEM that cannot be read"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "holds a private key that cannot be used; \(accepted)"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "holds a public key that cannot be used; \(accepted)"),
        (TestKeys.certificate, "holds no key in PEM; \(accepted)"), (TestKeys.p384, "holds an EC key on P-384; \(accepted)"),
        (TestKeys.p384Public, "holds an EC key on P-384; \(accepted)"), (TestKeys.p521, "holds an EC key on P-521; \(accepted)"),
        (TestKeys.ed25519, "holds a private key that cannot be used; \(accepted)"),
        (TestKeys.ed25519Public, "holds a public key that cannot be used; \(accepted)"),
        (TestKeys.rsa1024, "holds a private key that cannot be used; \(accepted)"),
        (TestKeys.ecEncrypted, hasPassword), (TestKeys.ecEncryptedOld, hasPassword),
        ("\(TestKeys.ecPKCS8)\n\(TestKeys.rsaPKCS8)", "holds more than one private key"),
        ("\(TestKeys.ecPublic)\n\(TestKeys.rsaPublic)", "holds more than one public key"),
        (String(repeating: "0", count: 64 * 1024 + 2), "is larger than 64 KiB, which no key file is; \(accepted)"),
    ]

    @Test(arguments: badFiles)
    func filesThatCannotBeUsed(_ content: String, _ words: String) async throws {
        try await withKeyFile(content.utf8) { path in
            let told = try await fault(.file(path), for: .verifying)
            #expect(told == "grip.sigKey: \(path) \(words)")
        }
    }

    @Test func largestFile() async throws {
        try await withKeyFile(repeatElement(UInt8(ascii: "0"), count: 64 * 1024)) { path in
            let key = try await TokenKey(.file(path), for: .signing, setting: "grip.sigKey")
            #expect(key.name == "HS256")
        }
    }

    @Test func bytesThatAreNoText() async throws {
        try await withKeyFile([0xFF, 0x00, 0x80]) { path in
            let told = try await fault(.file(path), for: .signing)
            #expect(told == "grip.sigKey: \(path) \(Self.notHex)")
        }
    }

    @Test func noFile() async throws {
        let missing = try await fault(.file("/nowhere/key.pem"), for: .signing)
        #expect(missing == "grip.sigKey: /nowhere/key.pem cannot be read; it must be a file that exists and that may be read")
        let folder = FileManager.default.temporaryDirectory.path
        let directory = try await fault(.file(folder), for: .signing)
        #expect(directory == "grip.sigKey: \(folder) is a directory; give the path of a key file")
    }

    @Test func emptySecret() async throws {
        #expect(try await fault(.secret([]), for: .signing).hasPrefix("grip.sigKey: a key must not be empty; "))
    }

    /// HMAC itself takes secrets of any length, and hashes those that are longer than its block.
    @Test(arguments: [1, 8, 31, 32, 33, 64, 65, 1000])
    func secretsOfAllLengths(_ count: Int) async throws {
        let key = try await TokenKey(.secret(Array(repeating: 7, count: count)), for: .signing, setting: "grip.sigKey")
        let signature = try key.sign("text")
        #expect(signature.count == 32)
        #expect(key.isSignature(signature, of: "text") && !key.isSignature(signature, of: "texts") && !key.isSignature([], of: "text"))
        let longer = try await TokenKey(.secret(Array(repeating: 7, count: count + 1)), for: .signing, setting: "grip.sigKey")
        #expect(!longer.isSignature(signature, of: "text"))
    }

    private func fault(_ key: GripKey, for use: TokenKey.Use) async throws -> String {
        try await #require(throws: TokenKeyError.self) { try await TokenKey(key, for: use, setting: "grip.sigKey") }.description
    }
}
