// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Crypto

/// Comparison whose duration tells nothing about the secret.
package enum ConstantTime {
    /// Compares digests, so that not even the length shows.
    package static func equal(_ left: String, _ right: String) -> Bool {
        var difference: UInt8 = 0
        for (a, b) in zip(SHA256.hash(data: Array(left.utf8)), SHA256.hash(data: Array(right.utf8))) { difference |= a ^ b }
        return difference == 0
    }
}
