// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HoldfastCore
import NIOCore
import NIOPosix

/// Looks a host up and passes on only the addresses that may be dialled: what was judged is what is connected to, so a name cannot
/// change its meaning in between.
final class GuardedResolver: Resolver, Sendable {
    private let v4: EventLoopFuture<[SocketAddress]>
    private let v6: EventLoopFuture<[SocketAddress]>

    /// Starts to look up, on a thread of the pool: `getaddrinfo` blocks.
    init(host: String, port: Int, judge: AddressGuard, on loop: any EventLoop) {
        let found = NIOThreadPool.singleton.runIfActive(eventLoop: loop) { try Self.lookUp(host: host, port: port, judge: judge) }
        v4 = found.map { $0.filter { $0.protocol == .inet } }
        v6 = found.map { $0.filter { $0.protocol == .inet6 } }
    }

    /// Whether there is an address that may be dialled.
    var outcome: EventLoopFuture<Void> { v4.map { _ in } }

    func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> { v4 }

    func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> { v6 }

    func cancelQueries() {}

    /// A name that nobody knows, as apart from one that may not be dialled.
    struct Unknown: Error {}

    /// - Throws: a ``DialError`` when all addresses are refused, ``Unknown`` when there are none.
    private static func lookUp(host: String, port: Int, judge: AddressGuard) throws -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &list) == 0, let first = list else { throw Unknown() }
        defer { freeaddrinfo(first) }
        var allowed: [SocketAddress] = []
        var refusal: String?
        for entry in sequence(first: first, next: { $0.pointee.ai_next }) {
            guard let address = address(of: entry.pointee, host) else { continue }
            if let why = judge.refusal(of: address) { refusal = why } else { allowed.append(address) }
        }
        if allowed.isEmpty { throw refusal.map { DialError($0) as any Error } ?? Unknown() }
        return allowed
    }

    private static func address(of entry: addrinfo, _ host: String) -> SocketAddress? {
        switch entry.ai_family {
        case AF_INET: entry.ai_addr.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { SocketAddress($0.pointee, host: host) }
        case AF_INET6: entry.ai_addr.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { SocketAddress($0.pointee, host: host) }
        default: nil
        }
    }
}

extension AddressGuard {
    /// Why an address may not be dialled; `nil` where it may.
    fileprivate func refusal(of address: SocketAddress) -> String? {
        // Where sockaddr_in and sockaddr_in6 have the address: behind family and port, and for IPv6 the flow label.
        let place: Range<Int>
        switch address {
        case .v4: place = 4..<8
        case .v6: place = 8..<24
        case .unixDomainSocket: return "not an IP address"
        }
        let bytes = address.withSockAddr { bytes, size in Array(UnsafeRawBufferPointer(start: bytes, count: size)[place]) }
        if case .refused(let why) = judge(addressBytes: bytes) { return why }
        return nil
    }
}
