// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct SourceNetworkTests {
    /// 2001:db8:a:b:… with the last bytes given.
    private static func six(_ last: UInt8..., prefix: [UInt8] = [0x20, 0x01, 0x0D, 0xB8, 0, 0xA, 0, 0xB]) -> [UInt8] {
        prefix + [UInt8](repeating: 0, count: 16 - prefix.count - last.count) + last
    }

    private static func mapped(_ bytes: [UInt8]) -> [UInt8] { [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF] + bytes }

    @Test("An IPv4 address stands for itself alone")
    func four() {
        let one = SourceNetwork(bytes: [203, 0, 113, 9])
        #expect(one != nil)
        #expect(one == SourceNetwork(bytes: [203, 0, 113, 9]))
        for other: [UInt8] in [[203, 0, 113, 8], [203, 0, 112, 9], [203, 1, 113, 9], [204, 0, 113, 9], [9, 113, 0, 203]] {
            #expect(one != SourceNetwork(bytes: other))
        }
    }

    @Test(
        "An IPv4 address that comes as IPv6 is the IPv4 address",
        arguments: [[203, 0, 113, 9], [0, 0, 0, 0], [255, 255, 255, 255], [127, 0, 0, 1]] as [[UInt8]])
    func mappedFour(_ bytes: [UInt8]) {
        let plain = SourceNetwork(bytes: bytes)
        #expect(plain != nil)
        #expect(SourceNetwork(bytes: Self.mapped(bytes)) == plain)
        #expect(SourceNetwork(bytes: Self.mapped([bytes[0], bytes[1], bytes[2], bytes[3] ^ 1])) != plain)
    }

    @Test("IPv6 addresses with the same first 64 bits are one network")
    func six() {
        let one = SourceNetwork(bytes: Self.six(1))
        #expect(one != nil)
        #expect(one == SourceNetwork(bytes: Self.six(2)))
        #expect(one == SourceNetwork(bytes: Self.six(0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF)))
        #expect(one != SourceNetwork(bytes: Self.six(1, prefix: [0x20, 0x01, 0x0D, 0xB8, 0, 0xA, 0, 0xA])), "the 64th bit counts")
        #expect(one != SourceNetwork(bytes: Self.six(1, prefix: [0xA0, 0x01, 0x0D, 0xB8, 0, 0xA, 0, 0xB])), "the first bit counts")
    }

    @Test("An IPv6 network is no IPv4 address, even where the numbers are the same")
    func families() {
        for bytes: [UInt8] in [[0, 0, 0, 0], [0, 0, 0, 1], [203, 0, 113, 9]] {
            let six = [0, 0, 0, 0] + bytes + [UInt8](repeating: 0, count: 8)
            #expect(SourceNetwork(bytes: six) != SourceNetwork(bytes: bytes))
            // Only ::ffff: is the IPv4 address' dress.
            var near = Self.mapped(bytes)
            for place in [0, 9, 10, 11] {
                near[place] ^= 1
                #expect(SourceNetwork(bytes: near) != SourceNetwork(bytes: bytes), "byte \(place)")
                near[place] ^= 1
            }
        }
    }

    @Test("Any other number of bytes is no address", arguments: [0, 1, 3, 5, 8, 15, 17, 32])
    func otherLengths(_ count: Int) {
        #expect(SourceNetwork(bytes: [UInt8](repeating: 1, count: count)) == nil)
    }

    @Test("The bytes may be part of a larger collection")
    func slices() {
        let bytes: [UInt8] = [9, 9, 203, 0, 113, 9, 9]
        #expect(SourceNetwork(bytes: bytes[2..<6]) == SourceNetwork(bytes: [203, 0, 113, 9]))
        #expect(SourceNetwork(bytes: ([9] + Self.mapped([203, 0, 113, 9]) + [9])[1..<17]) == SourceNetwork(bytes: [203, 0, 113, 9]))
    }
}
