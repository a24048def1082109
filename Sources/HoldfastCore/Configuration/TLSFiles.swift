// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Where a listener's certificate is.
package struct TLSFiles: Hashable, Sendable {
    /// PEM: the listener's own certificate first, then those between it and its authority.
    package let certificateFile: String
    /// PEM: the certificate's private key, without a password.
    package let keyFile: String

    package init(certificateFile: String, keyFile: String) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }
}
