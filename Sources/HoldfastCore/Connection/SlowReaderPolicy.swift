// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// What happens when a client does not read and its queue is full.
package enum SlowReaderPolicy: String, CaseIterable, Sendable {
    /// Close it with 1013. The default: a client never misses a message without knowing.
    case close
    /// Drop the oldest messages until the new one fits.
    case dropOldest
    /// Drop the new message.
    case dropNewest
}
