// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct IPAddressTests {
    @Test(
        "An address is read, and written in its one form",
        arguments: [
            ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"), ("192.0.2.1", "192.0.2.1"), ("::", "::"), ("::1", "::1"),
            ("1::", "1::"), ("0:0:0:0:0:0:0:0", "::"), ("2001:DB8::0001", "2001:db8::1"), ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
            ("1:0:0:2:0:0:0:3", "1:0:0:2::3"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"),
            ("::ffff:1.2.3.4", "::ffff:102:304"), ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"), ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
            ("1::8", "1::8"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"), ("0:0:1::", "0:0:1::"),
            ("fe80::0", "fe80::"),
        ])
    func forms(_ text: String, _ written: String) throws {
        let address = try #require(IPAddress(text))
        #expect("\(address)" == written)
        #expect(IPAddress(written) == address)
        #expect(IPAddress(bytes: address.bytes) == address)
    }

    @Test(
        "What is no address, or one in a guise, is none",
        arguments: [
            "", ".", ":", "1", "127.1", "1.2.3", "1.2.3.4.5", "1.2.3.4.", ".1.2.3.4", "256.1.1.1", "01.2.3.4", "1.2.3.04", "0x7f.0.0.1", "+1.2.3.4",
            "1.2.3.-4", " 1.2.3.4", "1.2.3.4 ", "١.2.3.4", "2130706433", "0x7f000001", "017700000001", "localhost", "1.2.3.a", ":::", "1:::2",
            "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8", "::12345", "::g", "::-1", "::+1", "[::1]", "fe80::1%eth0", "::1/128",
            "1.2.3.4::", "::1.2.3", "::1.2.3.4:5", "::256.2.3.4", "1:", ":1", "1:2:3:4:5:6:7:", "::１", "::ffff:1.2.3.4.5",
            String(repeating: "0", count: 100) + "::1",
        ])
    func none(_ text: String) { #expect(IPAddress(text) == nil) }

    @Test("Any bytes written out are read back as the same", arguments: 0..<100 as Range<UInt64>)
    func roundTrip(_ seed: UInt64) throws {
        var random = QuickRandom(seed: seed)
        for count in [4, 16] {
            let bytes = (0..<count).map { _ in random.oneIn(2) ? 0 : UInt8.random(in: 0...255, using: &random) }
            let address = try #require(IPAddress(bytes: bytes))
            #expect(IPAddress("\(address)") == address)
        }
    }

    @Test("Other numbers of bytes are no address", arguments: [0, 1, 3, 5, 8, 15, 17])
    func lengths(_ count: Int) { #expect(IPAddress(bytes: [UInt8](repeating: 1, count: count)) == nil) }

    @Test(
        "A network is the addresses with its first bits",
        arguments: [
            ("10.1.2.3", "10.0.0.0", 8, true), ("11.0.0.0", "10.0.0.0", 8, false), ("1.2.3.4", "9.9.9.9", 0, true), ("1.2.3.4", "1.2.3.4", 32, true),
            ("1.2.3.5", "1.2.3.4", 32, false), ("1.2.3.5", "1.2.3.4", 31, true), ("100.127.255.255", "100.64.0.0", 10, true),
            ("100.128.0.0", "100.64.0.0", 10, false), ("2001:db8::1", "2001:db8::", 32, true), ("2001:db9::", "2001:db8::", 32, false),
            ("::1", "::1", 128, true), ("::", "::1", 128, false), ("::", "::1", 127, true), ("::1", "0.0.0.0", 0, false), ("0.0.0.0", "::", 0, false),
        ])
    func networks(_ address: String, _ network: String, _ bits: Int, _ isIn: Bool) throws {
        #expect(try #require(IPAddress(address)).isIn(try #require(IPAddress(network)), prefix: bits) == isIn)
    }
}
