// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Keeps an app's message from making the gateway dial where only the gateway itself can reach: its own machine, its network, a cloud's metadata service.
///
/// The name is judged before it is looked up, and each address that came of the look-up before it is dialled. What was judged must be what is dialled:
/// a second look-up may give another address. Redirects would get around it, and are not followed.
package struct AddressGuard: Equatable, Sendable {
    package enum Verdict: Equatable, Sendable {
        case allowed
        /// Why not, and which setting says so.
        case refused(String)
    }

    private let exact: Set<String>?
    private let suffixes: [String]
    private let deniesPrivate: Bool

    package init(settings: DialSettings) {
        deniesPrivate = settings.denyPrivate
        let patterns = settings.allow?.map(Self.plain)
        exact = patterns.map { Set($0.filter { !$0.hasPrefix("*.") }) }
        suffixes = (patterns ?? []).filter { $0.hasPrefix("*.") }.map { String($0.dropFirst()) }
    }

    /// Judges the host of a URL before it is looked up: by `dial.allow`, and by `dial.denyPrivate` where it is an address, or a name that can only mean
    /// one here. A proxy that looks names up itself is told only what passes this.
    ///
    /// - Parameter host: without brackets. Case and a dot at its end do not matter; an international name must come in its ASCII form.
    package func judge(host: String) -> Verdict {
        let name = Self.plain(host)
        if let exact, !exact.contains(name), !suffixes.contains(where: { name.count > $0.count && name.hasSuffix($0) }) {
            return .refused("\(host) is not in dial.allow")
        }
        guard deniesPrivate else { return .allowed }
        if let address = IPAddress(name) { return judge(address) }
        if name == "localhost" || name.hasSuffix(".localhost") { return .refused("\(host) is this machine: dial.denyPrivate refuses it") }
        // C libraries take 127.1, 0x7f000001 and 2130706433 for addresses. No name ends in a number (RFC 3696 §2).
        if name.contains(":") || name.split(separator: ".").last.map(Self.isNumber) ?? true {
            return .refused("\(host) is neither a name nor an address as it is usually written: dial.denyPrivate refuses it")
        }
        return .allowed
    }

    /// Judges an address that is about to be dialled.
    ///
    /// - Parameter addressBytes: 4 or 16, in network order.
    package func judge(addressBytes: some Collection<UInt8>) -> Verdict {
        guard let address = IPAddress(bytes: addressBytes) else {
            return .refused("\(addressBytes.count) bytes are no IP address: expected 4 or 16")
        }
        return judge(address)
    }

    package func judge(_ address: IPAddress) -> Verdict {
        guard deniesPrivate, let kind = SpecialAddress.kind(of: address) else { return .allowed }
        return .refused("\(address) is \(kind): dial.denyPrivate refuses it")
    }

    private static func isNumber(_ label: Substring) -> Bool {
        label.utf8.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") } || label.hasPrefix("0x")
    }

    /// In lower case, without brackets and without the dot that ends an absolute name.
    private static func plain(_ host: String) -> String {
        var name = host.lowercased()[...]
        if name.hasPrefix("["), name.hasSuffix("]") { name = name.dropFirst().dropLast() }
        if name.hasSuffix(".") { name = name.dropLast() }
        return String(name)
    }
}
