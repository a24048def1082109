// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// The head of one frame, checked (RFC 6455 §5.2).
package struct FrameHeader: Equatable, Sendable {
    package var opcode: Opcode
    package var isFinal: Bool
    /// RSV1, which permessage-deflate gives a meaning (RFC 7692 §6). RSV2 and RSV3 are always a violation.
    package var isCompressed: Bool
    package var length: Int
    /// The masking key in wire order, `nil` on an unmasked frame.
    package var maskingKey: UInt32?

    package init(opcode: Opcode, isFinal: Bool = true, isCompressed: Bool = false, length: Int, maskingKey: UInt32? = nil) {
        self.opcode = opcode
        self.isFinal = isFinal
        self.isCompressed = isCompressed
        self.length = length
        self.maskingKey = maskingKey
    }
}
