// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HoldfastCore
import NIOCore

/// The short way to the clients of one event loop: for each connection whose frames may go straight to its socket, what a publication must know
/// of it, and nothing else. Side by side by slot, 32 bytes each: a fan-out walks along these and touches no connection.
///
/// A path is opened by its connection, when nothing unsent is before a new frame and nothing about it asks for a look at each message. It is
/// closed by whatever changes that: bytes left to the channel, the connection's leaving of its channels, its end.
struct DirectPaths {
    private struct Path {
        /// -1 for none.
        var socket: NIOBSDSocket.Handle
        /// In which turn it was last written to. After that more is gathered, and goes out at the turn's end.
        var turn: UInt32
        /// When the last message went this way.
        var messageAt: MonotonicTime
        // Not counted as references, which would cost more than the rest: the shard and the connection keep both.
        let route: Unmanaged<ShardRoute>?
        let compression: Unmanaged<Compression>?

        static var closed: Path { Path(socket: -1, turn: 0, messageAt: MonotonicTime(nanoseconds: 0), route: nil, compression: nil) }
    }

    /// What goes out in one fan-out: how far it has come, and what is counted for it.
    struct Round {
        let turn: UInt32
        let now: MonotonicTime
        let messages: Int
        /// What goes to each, as long as the next client has the same compression and route.
        fileprivate(set) var bytes: ByteBuffer
        fileprivate var compression: Unmanaged<Compression>?
        fileprivate var route: Unmanaged<ShardRoute>?
        fileprivate var receivers = 0

        init(_ run: OutgoingRun, turn: UInt32, at now: MonotonicTime) {
            self.turn = turn
            self.now = now
            messages = run.count
            bytes = run.plain
            compression = nil
            route = nil
        }

        /// Adds what was sent to its route's numbers: once for many deliveries.
        mutating func count() {
            guard let route, receivers > 0 else { return }
            route._withUnsafeGuaranteedRef {
                $0.counters.messagesSent += receivers * messages
                $0.counters.bytesSent += receivers * bytes.readableBytes
            }
            receivers = 0
        }
    }

    enum Outcome {
        case sent
        /// The socket took only so many bytes: all counts as sent, and the connection must keep the rest.
        case partly(Int)
        /// The path is closed, or was written to in this turn.
        case closed
    }

    private var paths: [Path] = []

    /// - Parameter compression: one that is shared, or none.
    mutating func open(_ slot: UInt32, socket: NIOBSDSocket.Handle, route: ShardRoute, compression: Compression?) {
        let slot = Int(slot)
        if slot >= paths.count { paths += Array(repeating: .closed, count: slot + 1 - paths.count) }
        paths[slot] = Path(
            socket: socket, turn: paths[slot].turn, messageAt: paths[slot].messageAt, route: .passUnretained(route),
            compression: compression.map(Unmanaged.passUnretained))
    }

    mutating func close(_ slot: UInt32) {
        if Int(slot) < paths.count { paths[Int(slot)].socket = -1 }
    }

    /// When the last message went this way, which may have been to one who had the slot before.
    func messageAt(_ slot: UInt32) -> MonotonicTime? {
        Int(slot) < paths.count ? paths[Int(slot)].messageAt : nil
    }

    func isOpen(_ slot: UInt32) -> Bool { Int(slot) < paths.count && paths[Int(slot)].socket >= 0 }

    /// Sends one frame straight to the socket, where the path is open. It is the caller's to count it.
    mutating func send(_ frame: ByteBuffer, to slot: UInt32, turn: UInt32, at now: MonotonicTime) -> Outcome {
        let slot = Int(slot)
        guard slot < paths.count, paths[slot].socket >= 0, paths[slot].turn != turn else { return .closed }
        paths[slot].turn = turn
        paths[slot].messageAt = now
        let socket = paths[slot].socket
        let sent = frame.withUnsafeReadableBytes { Foundation.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT)) }
        if sent == frame.readableBytes { return .sent }
        paths[slot].socket = -1
        return .partly(max(0, sent))
    }

    /// Sends the run straight to the socket, where the path is open.
    @inline(__always)
    mutating func send(_ run: inout OutgoingRun, to slot: UInt32, _ round: inout Round) -> Outcome {
        let slot = Int(slot)
        guard slot < paths.count, paths[slot].socket >= 0, paths[slot].turn != round.turn else { return .closed }
        if paths[slot].route?.toOpaque() != round.route?.toOpaque() || paths[slot].compression?.toOpaque() != round.compression?.toOpaque() {
            turn(&round, &run, to: paths[slot])
        }
        paths[slot].turn = round.turn
        paths[slot].messageAt = round.now
        round.receivers += 1
        let socket = paths[slot].socket
        let sent = round.bytes.withUnsafeReadableBytes { Foundation.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT)) }
        if sent == round.bytes.readableBytes { return .sent }
        paths[slot].socket = -1
        return .partly(max(0, sent))
    }

    @inline(never)
    private func turn(_ round: inout Round, _ run: inout OutgoingRun, to path: Path) {
        round.count()
        round.route = path.route
        round.compression = path.compression
        round.bytes = run.bytes(for: path.compression?.takeUnretainedValue())
    }
}
