// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// The addresses that are not those of a host on the public internet (IANA's special-purpose registries, RFC 6890 and what came after).
package enum SpecialAddress {
    private struct Network: Sendable {
        let address: IPAddress
        let prefix: Int
        let kind: String

        init(_ text: String, _ prefix: Int, _ kind: String) {
            guard let address = IPAddress(text) else { preconditionFailure("\(text) is written here, and is an address") }
            self.address = address
            self.prefix = prefix
            self.kind = kind
        }
    }

    private static let four: [Network] = [
        Network("0.0.0.0", 8, "an address of this network"), Network("10.0.0.0", 8, "a private address"),
        Network("100.64.0.0", 10, "an address behind a provider's NAT"), Network("127.0.0.0", 8, "a loopback address"),
        // Cloud metadata services, which hand out credentials, are at 169.254.169.254, and elsewhere in this list.
        Network("169.254.0.0", 16, "a link-local address"), Network("172.16.0.0", 12, "a private address"),
        Network("192.0.0.0", 24, "an address for protocols"), Network("192.0.2.0", 24, "an address for documentation"),
        Network("192.88.99.0", 24, "an address of 6to4 relays"), Network("192.168.0.0", 16, "a private address"),
        Network("198.18.0.0", 15, "an address for benchmarks"), Network("198.51.100.0", 24, "an address for documentation"),
        Network("203.0.113.0", 24, "an address for documentation"), Network("224.0.0.0", 4, "a multicast address"),
        Network("255.255.255.255", 32, "the broadcast address"), Network("240.0.0.0", 4, "a reserved address"),
        // A public address that only virtual machines of Azure reach: their agent's.
        Network("168.63.129.16", 32, "the address of a cloud's own service"),
    ]

    private static let six: [Network] = [
        Network("::", 128, "the unspecified address"), Network("::1", 128, "a loopback address"),
        Network("64:ff9b:1::", 48, "an address of a local translator"), Network("100::", 64, "an address that discards"),
        Network("2001::", 32, "a Teredo address"), Network("2001:2::", 48, "an address for benchmarks"),
        Network("2001:10::", 28, "an identifier, not an address"), Network("2001:20::", 28, "an identifier, not an address"),
        Network("2001:db8::", 32, "an address for documentation"), Network("3fff::", 20, "an address for documentation"),
        Network("fc00::", 7, "a private address"), Network("fe80::", 10, "a link-local address"),
        Network("fec0::", 10, "a site-local address"), Network("ff00::", 8, "a multicast address"),
    ]

    /// Where an IPv4 address stands in an IPv6 address that a gateway on the way, or the system, turns into it.
    private static let carriers: [(network: Network, place: Range<Int>)] = [
        (Network("::ffff:0:0", 96, "an IPv4 address"), 12..<16), (Network("64:ff9b::", 96, "an IPv4 address by NAT64"), 12..<16),
        (Network("2002::", 16, "an IPv4 address by 6to4"), 2..<6),
    ]

    private static let global = Network("2000::", 3, "")

    /// What an address is, in words; `nil` for one of the public internet.
    package static func kind(of address: IPAddress) -> String? {
        if address.bytes.count == 4 { return four.first { address.isIn($0.address, prefix: $0.prefix) }?.kind }
        for (network, place) in carriers where address.isIn(network.address, prefix: network.prefix) {
            guard let inner = IPAddress(bytes: address.bytes[place]) else { return network.kind }
            return kind(of: inner).map { "\(inner), \($0)" }
        }
        if let found = six.first(where: { address.isIn($0.address, prefix: $0.prefix) }) { return found.kind }
        // What is not given out for the public internet may mean anything to this machine.
        return address.isIn(global.address, prefix: global.prefix) ? nil : "outside of the public internet (2000::/3)"
    }
}
