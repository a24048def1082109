// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastWire

/// Whether and how a route's messages are compressed (permessage-deflate, RFC 7692).
package struct CompressionPolicy: Equatable, Sendable {
    /// Whether clients that offer it get it. Default true: without context takeover it costs an idle connection nothing.
    package var isEnabled: Bool
    /// Messages shorter than this go out as they are. Default 256 bytes: less is not worth the time.
    package var threshold: Int
    /// 1 (fastest) to 9 (smallest). Default 1: the time is the event loop's, which all its connections share.
    package var level: Int
    /// Whether to remember earlier messages, and how far back to look. Default no, and 4 KiB (2^12).
    package var wish: DeflateAgreement.Wish

    package init(isEnabled: Bool = true, threshold: Int = 256, level: Int = 1, wish: DeflateAgreement.Wish = .init()) {
        self.isEnabled = isEnabled
        self.threshold = threshold
        self.level = level
        self.wish = wish
    }
}
