// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
package import NIOSSL

/// The faults of certificates and keys, in words for the person who set them.
enum TLSError {
    /// As one line.
    static func sentence(_ error: any Error) -> String {
        "\(error)".split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }.joined(separator: " ")
    }

    /// The certificates in a PEM file.
    ///
    /// - Throws: a ``GatewayError`` that names the file and its setting.
    static func authorities(in file: String, setting: String) throws(GatewayError) -> [NIOSSLCertificate] {
        guard FileManager.default.isReadableFile(atPath: file) else {
            throw GatewayError(.noTrust, "\(setting): \(file) cannot be read; it must be a PEM file that exists")
        }
        guard let found = try? NIOSSLCertificate.fromPEMFile(file), !found.isEmpty else {
            throw GatewayError(.noTrust, "\(setting): \(file) holds no certificates in PEM")
        }
        return found
    }
}
