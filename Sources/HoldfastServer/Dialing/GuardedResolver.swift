// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HoldfastCore
import NIOCore
import NIOPosix

/// Looks a host up and passes on only the addresses that may be dialled: what was judged is what is connected to, so a name cannot
/// change its meaning in between.
final class GuardedResolver: Resolver, Sendable {
    private struct Found: Sendable {
        var allowed: [SocketAddress] = []
        /// Why an address is not among them.
        var refusal: String?
    }

    private let found: EventLoopFuture<Found>

    /// Starts to look up, on a thread of the pool: `getaddrinfo` blocks.
    init(host: String, port: Int, judge: AddressGuard, on loop: any EventLoop) {
        found = NIOThreadPool.singleton.runIfActive(eventLoop: loop) { try Self.lookUp(host: host, port: port, judge: judge) }
    }

    /// Fails with a ``DialError`` where one of the addresses may not be dialled.
    var allAreAllowed: EventLoopFuture<Void> { found.flatMapThrowing { if let why = $0.refusal { throw DialError(why) } } }

    private func addresses(_ kind: NIOBSDSocket.ProtocolFamily) -> EventLoopFuture<[SocketAddress]> {
        found.flatMapThrowing { found in
            if found.allowed.isEmpty { throw found.refusal.map { DialError($0) as any Error } ?? Unknown() }
            return found.allowed.filter { $0.protocol == kind }
        }
    }

    func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> { addresses(.inet) }

    func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> { addresses(.inet6) }

    func cancelQueries() {}

    /// A name that nobody knows.
    private struct Unknown: Error {}

    /// - Throws: ``Unknown`` when the name has no address.
    private static func lookUp(host: String, port: Int, judge: AddressGuard) throws -> Found {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &list) == 0, let first = list else { throw Unknown() }
        defer { freeaddrinfo(first) }
        var found = Found()
        for entry in sequence(first: first, next: { $0.pointee.ai_next }) {
            guard let address = address(of: entry.pointee, host) else { continue }
            if let why = judge.refusal(of: address) { found.refusal = why } else { found.allowed.append(address) }
        }
        return found
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
