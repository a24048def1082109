// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JWTKit
import SwiftASN1

/// A key file of GRIP: a key in PEM (EC P-256 or RSA), or else a secret in hex.
struct TokenKeyFile {
    enum Content {
        case secret([UInt8])
        case privateEC(ES256PrivateKey)
        case publicEC(ES256PublicKey)
        case privateRSA(Insecure.RSA.PrivateKey)
        case publicRSA(Insecure.RSA.PublicKey)
    }

    /// No key is as large; a path to something else must not fill the memory.
    private static let maxBytes = 64 * 1024
    private static let accepted = "accepted are EC P-256 and RSA of 2048 bits and more in PEM, or a secret in hex"

    let path: String
    /// The setting that names the file, for error messages.
    let setting: String

    /// - Throws: a ``TokenKeyError`` when the file cannot be read, or holds nothing that the use accepts.
    func content(for use: TokenKey.Use) throws(TokenKeyError) -> Content {
        let bytes = try read()
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.contains("-----BEGIN") else { return .secret(try secret(bytes)) }
        // The older form of a key with a password, which has a head of its own within the block.
        if text.contains("Proc-Type: 4,ENCRYPTED") { throw hasPassword }
        guard let blocks = try? PEMDocument.parseMultiple(pemString: text) else { throw fault("holds PEM that cannot be read") }
        if let key = try single("PRIVATE KEY", of: blocks) {
            guard key.discriminator != "ENCRYPTED PRIVATE KEY" else { throw hasPassword }
            return try privateKey(key.pemString)
        }
        guard let key = try single("PUBLIC KEY", of: blocks) else { throw fault("holds no key in PEM; \(Self.accepted)") }
        guard use == .verifying else { throw fault("holds a public key; signing needs the private one") }
        return try publicKey(key.pemString)
    }

    private func read() throws(TokenKeyError) -> Data {
        var isDirectory: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
        guard !isDirectory.boolValue else { throw fault("is a directory; give the path of a key file") }
        guard exists, let data = try? FileHandle(forReadingFrom: URL(fileURLWithPath: path)).read(upToCount: Self.maxBytes + 1) ?? Data() else {
            throw fault("cannot be read; it must be a file that exists and that may be read")
        }
        guard !data.isEmpty else { throw fault("is empty; \(Self.accepted)") }
        guard data.count <= Self.maxBytes else { throw fault("is larger than 64 KiB, which no key file is; \(Self.accepted)") }
        return data
    }

    /// Digits in either case; white space may stand anywhere, since tools that write hex break its lines.
    private func secret(_ text: Data) throws(TokenKeyError) -> [UInt8] {
        var digits: [UInt8] = []
        for byte in text where !" \t\r\n".utf8.contains(byte) {
            guard let value = Character(UnicodeScalar(byte)).hexDigitValue else { throw notHex }
            digits.append(UInt8(value))
        }
        guard !digits.isEmpty else { throw fault("is empty; \(Self.accepted)") }
        guard digits.count.isMultiple(of: 2) else { throw notHex }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    /// The file's one block of the kind. Blocks of other kinds may stand beside it, such as a curve's parameters or the public key.
    private func single(_ kind: String, of blocks: [PEMDocument]) throws(TokenKeyError) -> PEMDocument? {
        let found = blocks.filter { $0.discriminator.hasSuffix(kind) }
        guard found.count < 2 else { throw fault("holds more than one \(kind.lowercased())") }
        return found.first
    }

    private func privateKey(_ pem: String) throws(TokenKeyError) -> Content {
        if let key = try? ES256PrivateKey(pem: pem) { return .privateEC(key) }
        if let key = try? Insecure.RSA.PrivateKey(pem: pem) { return .privateRSA(key) }
        if (try? ES384PrivateKey(pem: pem)) != nil { throw wrongCurve("P-384") }
        if (try? ES512PrivateKey(pem: pem)) != nil { throw wrongCurve("P-521") }
        throw fault("holds a private key that cannot be used; \(Self.accepted)")
    }

    private func publicKey(_ pem: String) throws(TokenKeyError) -> Content {
        if let key = try? ES256PublicKey(pem: pem) { return .publicEC(key) }
        if let key = try? Insecure.RSA.PublicKey(pem: pem) { return .publicRSA(key) }
        if (try? ES384PublicKey(pem: pem)) != nil { throw wrongCurve("P-384") }
        if (try? ES512PublicKey(pem: pem)) != nil { throw wrongCurve("P-521") }
        throw fault("holds a public key that cannot be used; \(Self.accepted)")
    }

    private var hasPassword: TokenKeyError { fault("holds a private key with a password; write it without one: openssl pkey -in … -out …") }
    private var notHex: TokenKeyError { fault("holds neither a key in PEM nor hex, two digits for each byte; \(Self.accepted)") }
    private func wrongCurve(_ name: String) -> TokenKeyError { fault("holds an EC key on \(name); \(Self.accepted)") }
    private func fault(_ words: String) -> TokenKeyError { TokenKeyError(description: "\(setting): \(path) \(words)") }
}
