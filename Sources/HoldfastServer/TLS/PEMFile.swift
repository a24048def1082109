// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import SwiftASN1
import X509

/// A file of certificates or of a private key, read and checked in words before a library gets it.
///
/// Tools put other blocks beside what is wanted, such as a curve's parameters in front of a key; those are passed over.
struct PEMFile: Sendable {
    /// What is wrong with a file, as a sentence that names it and its setting.
    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    let path: String
    /// The key that names the file, such as `tls.keyFile`.
    let setting: String

    /// The file's certificates, in order, as PEM.
    func certificates() throws(Fault) -> [UInt8] {
        let found = try blocks().filter { $0.discriminator == Certificate.defaultPEMDiscriminator }
        guard !found.isEmpty else { throw fault("holds no certificate in PEM") }
        for block in found {
            guard (try? Certificate(pemDocument: block)) != nil else { throw fault("holds a certificate that cannot be read") }
        }
        return Array(found.map(\.pemString).joined(separator: "\n").utf8)
    }

    /// The file's one private key, as PEM.
    func privateKey() throws(Fault) -> [UInt8] {
        let found = try blocks().filter { $0.discriminator.hasSuffix("PRIVATE KEY") }
        guard let key = found.first else { throw fault("holds no private key in PEM") }
        guard found.count == 1 else { throw fault("holds more than one private key") }
        guard key.discriminator != "ENCRYPTED PRIVATE KEY" else { throw hasPassword }
        guard (try? Certificate.PrivateKey(pemDocument: key)) != nil else {
            throw fault("holds a private key that cannot be used; RSA of 2048 bits and more, P-256, P-384, P-521 and Ed25519 can")
        }
        return Array(key.pemString.utf8)
    }

    private var hasPassword: Fault { fault("holds a private key with a password; write it without one: openssl pkey -in … -out …") }

    private func blocks() throws(Fault) -> [PEMDocument] {
        guard let data = FileManager.default.contents(atPath: path) else { throw fault("cannot be read; it must be a PEM file that exists") }
        let text = String(decoding: data, as: UTF8.self)
        // The older form of a key with a password, which has a head of its own within the block.
        if text.contains("Proc-Type: 4,ENCRYPTED") { throw hasPassword }
        guard let blocks = try? PEMDocument.parseMultiple(pemString: text), !blocks.isEmpty else { throw fault("holds no PEM that can be read") }
        return blocks
    }

    private func fault(_ words: String) -> Fault { Fault(description: "\(setting): \(path) \(words)") }
}
