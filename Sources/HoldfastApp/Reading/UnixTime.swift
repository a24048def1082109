// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What time it is, for those who give no clock of their own.
enum UnixTime {
    /// Seconds since 1970.
    static let now: @Sendable () -> Int = { Int(Date().timeIntervalSince1970) }
}
