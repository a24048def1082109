// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct AddressGuardTests {
    private static func judge(_ text: String, denyPrivate: Bool = true) throws -> AddressGuard.Verdict {
        let address = try #require(IPAddress(text))
        let verdict = AddressGuard(settings: DialSettings(denyPrivate: denyPrivate)).judge(addressBytes: address.bytes)
        #expect(AddressGuard(settings: DialSettings(denyPrivate: denyPrivate)).judge(host: text) == verdict, "as a host it is judged alike")
        return verdict
    }

    // MARK: Addresses

    @Test(
        "The first and the last address of each special network are refused, and said to be what they are",
        arguments: [
            ("0.0.0.0", "0.255.255.255", "an address of this network"), ("10.0.0.0", "10.255.255.255", "a private address"),
            ("100.64.0.0", "100.127.255.255", "an address behind a provider's NAT"), ("127.0.0.0", "127.255.255.255", "a loopback address"),
            ("169.254.0.0", "169.254.255.255", "a link-local address"), ("172.16.0.0", "172.31.255.255", "a private address"),
            ("192.0.0.0", "192.0.0.255", "an address for protocols"), ("192.0.2.0", "192.0.2.255", "an address for documentation"),
            ("192.88.99.0", "192.88.99.255", "an address of 6to4 relays"), ("192.168.0.0", "192.168.255.255", "a private address"),
            ("198.18.0.0", "198.19.255.255", "an address for benchmarks"), ("198.51.100.0", "198.51.100.255", "an address for documentation"),
            ("203.0.113.0", "203.0.113.255", "an address for documentation"), ("224.0.0.0", "239.255.255.255", "a multicast address"),
            ("240.0.0.0", "255.255.255.254", "a reserved address"), ("255.255.255.255", "255.255.255.255", "the broadcast address"),
            ("168.63.129.16", "168.63.129.16", "the address of a cloud's own service"),
            ("::", "::", "the unspecified address"), ("::1", "::1", "a loopback address"),
            ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "an address of a local translator"),
            ("100::", "100::ffff:ffff:ffff:ffff", "an address that discards"),
            ("2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", "a Teredo address"),
            ("2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", "an address for benchmarks"),
            ("2001:10::", "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff", "an identifier, not an address"),
            ("2001:20::", "2001:2f:ffff:ffff:ffff:ffff:ffff:ffff", "an identifier, not an address"),
            ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "an address for documentation"),
            ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "an address for documentation"),
            ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "a private address"),
            ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "a link-local address"),
            ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "a site-local address"),
            ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "a multicast address"),
        ])
    func special(_ first: String, _ last: String, _ kind: String) throws {
        for text in [first, last] {
            #expect(try Self.judge(text) == .refused("\(text) is \(kind): dial.denyPrivate refuses it"))
            #expect(try Self.judge(text, denyPrivate: false) == .allowed)
        }
    }

    @Test(
        "Just outside of the special networks addresses are public",
        arguments: [
            "1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0", "169.253.255.255",
            "169.255.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.0", "192.0.3.0", "192.88.98.255", "192.88.100.0",
            "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "198.51.99.255", "198.51.101.0", "203.0.112.255", "203.0.114.0",
            "223.255.255.255", "168.63.129.15", "168.63.129.17", "8.8.8.8", "93.184.216.34", "2000::", "2001:1::", "2001:3::", "2001:2:1::",
            "2001:f:ffff::", "2001:30::", "2001:db7:ffff::", "2001:db9::", "2003::", "3ffe:ffff::", "3fff:1000::", "2606:4700::1111",
        ])
    func open(_ text: String) throws { #expect(try Self.judge(text) == .allowed) }

    @Test(
        "What is not given out for the public internet is refused, whether anybody uses it or not",
        arguments: [
            "::2", "::127.0.0.1", "::8.8.8.8", "::ffff:0:8.8.8.8", "0:0:1::", "1::", "64:ff9b:2::", "64:ff9b:0:1::", "101::", "100:0:0:1::",
            "1fff:ffff::", "4000::", "5f00::", "dfff::", "fbff::", "fe00::", "fe7f:ffff::",
        ])
    func unassigned(_ text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(try Self.judge(text) == .refused("\(address) is outside of the public internet (2000::/3): dial.denyPrivate refuses it"))
    }

    @Test("An IPv4 address inside an IPv6 address is what is judged", arguments: ["127.0.0.1", "169.254.169.254", "10.0.0.1", "0.0.0.0"])
    func carried(_ text: String) throws {
        let four = try #require(IPAddress(text))
        let kind = try #require(SpecialAddress.kind(of: four))
        let sixToFour = try #require(IPAddress(bytes: [0x20, 0x02] + four.bytes + [UInt8](repeating: 7, count: 10)))
        for address in [try #require(IPAddress("::ffff:\(text)")), try #require(IPAddress("64:ff9b::\(text)")), sixToFour] {
            #expect(try Self.judge("\(address)") == .refused("\(address) is \(text), \(kind): dial.denyPrivate refuses it"))
        }
    }

    @Test("A public IPv4 address inside an IPv6 address is public", arguments: ["::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"])
    func carriedPublic(_ text: String) throws { #expect(try Self.judge(text) == .allowed) }

    @Test("Other numbers of bytes are no address, with the guard and without", arguments: [0, 3, 5, 15, 17], [true, false])
    func lengths(_ count: Int, _ denyPrivate: Bool) {
        let bytes = [UInt8](repeating: 8, count: count)
        let expected = AddressGuard.Verdict.refused("\(count) bytes are no IP address: expected 4 or 16")
        #expect(AddressGuard(settings: DialSettings(denyPrivate: denyPrivate)).judge(addressBytes: bytes) == expected)
    }

    @Test("Whatever the bytes, what is allowed is in the public half of its family", arguments: 0..<200 as Range<UInt64>)
    func anyBytes(_ seed: UInt64) throws {
        var random = QuickRandom(seed: seed)
        let guarding = AddressGuard(settings: DialSettings())
        for _ in 0..<50 {
            let bytes = (0..<16).map { _ in UInt8.random(in: 0...255, using: &random) }
            if guarding.judge(addressBytes: bytes) == .allowed { #expect(bytes[0] >> 5 == 1) }
            let four = Array(bytes.prefix(4))
            let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF] + four
            #expect((guarding.judge(addressBytes: mapped) == .allowed) == (guarding.judge(addressBytes: four) == .allowed))
            if guarding.judge(addressBytes: four) == .allowed { #expect((1..<224).contains(four[0]) && four[0] != 127 && four[0] != 10) }
        }
    }

    // MARK: Hosts

    private static func judge(host: String, allow: [String]?, denyPrivate: Bool = true) -> AddressGuard.Verdict {
        AddressGuard(settings: DialSettings(allow: allow, denyPrivate: denyPrivate)).judge(host: host)
    }

    @Test(
        "Without a list, any name may be dialled", arguments: ["example.com", "EXAMPLE.com.", "xn--bcher-kva.example", "a", "a_b.example", "1a.com"])
    func anyName(_ host: String) { #expect(Self.judge(host: host, allow: nil) == .allowed) }

    @Test(
        "A list is of hosts, and of all below one",
        arguments: [
            ("example.com", true), ("EXAMPLE.COM", true), ("example.com.", true), ("a.example.com", false), ("example.com.evil.net", false),
            ("evilexample.com", false), ("a.example.org", true), ("A.B.Example.Org.", true), ("example.org", false), (".example.org", false),
            ("evil-example.org", false), ("example.net", true), ("", false), (".", false), ("example.com..", false), ("8.8.8.8", true),
            ("8.8.4.4", false), ("2606:4700::1111", true), ("*.example.org", false), ("example", false), ("com", false),
        ])
    func list(_ host: String, _ isAllowed: Bool) {
        let allow = ["example.com", "*.Example.org", "Example.NET.", "8.8.8.8", "[2606:4700::1111]"]
        let verdict = Self.judge(host: host, allow: allow, denyPrivate: false)
        if host == "*.example.org" {
            // Not a name that anybody could look up; a pattern's text is no more than any other below the host.
            #expect(verdict == .allowed)
            return
        }
        #expect(verdict == (isAllowed ? .allowed : .refused("\(host) is not in dial.allow")))
    }

    @Test("An empty list lets nothing through")
    func emptyList() { #expect(Self.judge(host: "example.com", allow: []) == .refused("example.com is not in dial.allow")) }

    @Test("A host in the list is still judged by its address")
    func listAndAddress() {
        #expect(Self.judge(host: "127.0.0.1", allow: ["127.0.0.1"]) == .refused("127.0.0.1 is a loopback address: dial.denyPrivate refuses it"))
        #expect(Self.judge(host: "127.0.0.1", allow: ["127.0.0.1"], denyPrivate: false) == .allowed)
    }

    @Test("Names of this machine are refused before they are looked up", arguments: ["localhost", "LocalHost.", "a.localhost", "a.b.LOCALHOST"])
    func localhost(_ host: String) {
        #expect(Self.judge(host: host, allow: nil) == .refused("\(host) is this machine: dial.denyPrivate refuses it"))
        #expect(Self.judge(host: host, allow: nil, denyPrivate: false) == .allowed)
    }

    @Test(
        "What a look-up would take for an address, though it is not written as one, is refused",
        arguments: [
            "127.1", "2130706433", "0x7f000001", "0x7F.1", "017700000001", "0177.0.0.1", "127.0.0.1.1", "1.2.3", "256.256.256.256", "a.1", "::1%lo",
            "fe80::1%eth0", "::ffff:127.1", "0x7f.0x0.0x0.0x1", "127.0.0.01", "0", "", ".", "a.0x1",
        ])
    func guises(_ host: String) {
        let expected = "\(host) is neither a name nor an address as it is usually written: dial.denyPrivate refuses it"
        #expect(Self.judge(host: host, allow: nil) == .refused(expected))
        #expect(Self.judge(host: host, allow: nil, denyPrivate: false) == .allowed)
    }
}
