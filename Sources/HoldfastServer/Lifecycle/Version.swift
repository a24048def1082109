// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// The version of this build.
package enum Version {
    package static let number = "0.1.0"
}
