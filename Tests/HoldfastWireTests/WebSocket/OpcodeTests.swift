// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import Testing

struct OpcodeTests {
    @Test("The six opcodes of the RFC exist, the ten that it reserves do not")
    func values() {
        #expect((UInt8.min...UInt8.max).filter { Opcode(rawValue: $0) != nil } == [0x0, 0x1, 0x2, 0x8, 0x9, 0xA])
    }

    @Test("Close, ping and pong are control frames", arguments: [Opcode.close, .ping, .pong])
    func control(_ opcode: Opcode) { #expect(opcode.isControl) }

    @Test("Text, binary and continuation are data frames", arguments: [Opcode.text, .binary, .continuation])
    func data(_ opcode: Opcode) { #expect(!opcode.isControl) }
}
