// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// What a WebSocket frame carries (RFC 6455 §5.2). Values that the RFC reserves have no case: a frame with one is a protocol error.
package enum Opcode: UInt8, Sendable {
    case continuation = 0x0
    case text = 0x1
    case binary = 0x2
    case close = 0x8
    case ping = 0x9
    case pong = 0xA

    /// Control frames may stand between the fragments of a message and are never fragmented themselves (RFC 6455 §5.5).
    package var isControl: Bool { rawValue >= 0x8 }
}
