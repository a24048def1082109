// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import HoldfastWire
import NIOCore
import Testing

@testable import HoldfastBrokers

@Suite struct NATSCredentialsTests {
    /// Of the key whose bytes are 0, 1, 2 … 31.
    static let seed = "SUAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H776Y"
    static let file = """
        -----BEGIN NATS USER JWT-----
        a.b.c
        ------END NATS USER JWT------

        ************************* IMPORTANT *************************
        NKEY Seed printed below can be used to sign and prove identity.

        -----BEGIN USER NKEY SEED-----
        \(seed)
        ------END USER NKEY SEED------
        """

    @Test("A file as nsc writes it is read, with either kind of line end")
    func good() throws {
        for file in [Self.file, Self.file.replacing("\n", with: "\r\n"), "\n" + Self.file + "\n\n"] {
            let credentials = try NATSCredentials(file: file)
            #expect(credentials.token == "a.b.c")
            #expect("\(credentials)" == "credentials")
        }
    }

    @Test("What the server wants signed is signed with the key of the seed")
    func signature() throws {
        let signature = try NATSCredentials(file: Self.file).signature(of: "nonce-1")
        let bytes = try #require(Base64.decode(signature, urlSafe: true))
        let key = try Curve25519.Signing.PrivateKey(rawRepresentation: Array(0..<32 as Range<UInt8>)).publicKey
        #expect(key.isValidSignature(Data(bytes.readableBytesView), for: Data("nonce-1".utf8)))
    }

    @Test(
        "A file that cannot be used is refused with what is wrong, and without what it holds",
        arguments: [
            ("", "BEGIN NATS USER JWT"), (String(file.prefix(20)), "BEGIN NATS USER JWT"),
            (file.replacing("BEGIN USER", with: "BEGIN"), "USER NKEY SEED"),
            (file.replacing("a.b.c", with: "abc"), "JSON Web Token"), (file.replacing("SUAAAAIC", with: "SUAAAAID"), "check sum"),
            (file.replacing(seed, with: "SAAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4HY"), "58"), (file.replacing(seed, with: ""), "58"),
            (file.replacing("SUAAAAIC", with: "suaaaaic"), "base 32"), (file.replacing("SUAAAAIC", with: "SU1AAAIC"), "base 32"),
            (file.replacing(seed, with: accountSeed), "SU"),
        ])
    func bad(_ file: String, _ part: String) throws {
        let error = try #require(throws: NATSCredentialsError.self) { try NATSCredentials(file: file) }
        #expect(error.description.contains(part))
        #expect(!error.description.contains("AAAIC"))
    }

    private static let accountSeed = "SAAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4HYMHI"

    @Test("Base 32 is decoded, and nothing else")
    func base32() {
        #expect(Base32.decode("") == [])
        #expect(Base32.decode("MZXW6YTBOI") == Array("foobar".utf8))
        #expect(Base32.decode("MZXW6YTB") == Array("fooba".utf8))
        for wrong in ["M", "MZX", "MZXW6Y=", "mzxw6ytb", "MZXW6YT1", "MZXW6YTBOJ", "MZXW6YTé"] { #expect(Base32.decode(wrong) == nil, "\(wrong)") }
        #expect(CheckSum.crc16(Array("123456789".utf8)) == 0x31C3)
    }
}
