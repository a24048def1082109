// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore

/// The short way to the clients of one event loop: for each connection whose bytes may go straight to its socket, what a fan-out must know of it,
/// and nothing else. Side by side by slot, 40 bytes each: a fan-out walks along these and touches no connection, which makes 190 instructions of
/// 900 for a delivery.
///
/// A path is opened by its connection, when all that was to be sent before has gone. It is closed when the socket does not take all, and when it
/// is gone. Whether fan-outs may take it is a second question: not where a message needs a look of the connection's own.
struct DirectPaths {
    fileprivate struct Path {
        /// -1 where it is closed.
        var socket: NIOBSDSocket.Handle
        /// The turn in which it was last written to: what comes in the same turn is gathered, and goes out at its end. ``holding`` while something
        /// gathered waits.
        var turn: UInt32
        /// When the last message of a fan-out went this way.
        var messageAt: MonotonicTime
        /// `nil` where fan-outs must ask the connection. Neither this nor the next is counted as a reference, which would cost more than the rest:
        /// the shard keeps the one, the connection the other.
        var route: Unmanaged<ShardRoute>?
        /// A shared one, or none.
        var compression: Unmanaged<Compression>?

        static let holding: UInt32 = 0
        static var closed: Path { Path(socket: -1, turn: 1, messageAt: MonotonicTime(nanoseconds: 0), route: nil, compression: nil) }
    }

    /// One fan-out: how far it has come, and what is counted for it.
    struct Round {
        fileprivate let turn: UInt32
        private let now: MonotonicTime
        private let messages: Int
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
        }

        fileprivate mutating func mark(_ path: inout Path) {
            path.turn = turn
            path.messageAt = now
            receivers += 1
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
        /// It was written to in this turn: the connection gathers what comes.
        case gathering
        /// The connection must be asked.
        case closed
    }

    private var paths: [Path] = []
    /// The turn of the loop, in which each client gets one write at once, and one at its end for all else.
    private(set) var turn: UInt32 = 1

    mutating func turnEnded() {
        turn &+= 1
        if turn == Path.holding { turn += 1 }
    }

    // MARK: One connection

    /// All that was to be sent on this socket before is sent.
    mutating func open(_ slot: UInt32, socket: NIOBSDSocket.Handle) {
        let slot = Int(slot)
        if slot >= paths.count { paths += Array(repeating: .closed, count: slot + 1 - paths.count) }
        paths[slot].socket = socket
        paths[slot].route = nil
    }

    /// Lets fan-outs take a path.
    mutating func admit(_ slot: UInt32, route: ShardRoute, compression: Compression?) {
        paths[Int(slot)].route = .passUnretained(route)
        paths[Int(slot)].compression = compression.map(Unmanaged.passUnretained)
    }

    /// Has fan-outs ask the connection.
    mutating func bar(_ slot: UInt32) { paths[Int(slot)].route = nil }

    mutating func close(_ slot: UInt32) {
        paths[Int(slot)].socket = -1
        paths[Int(slot)].turn = turn
    }

    /// When the last message of a fan-out went this way, which may have been to one who had the slot before.
    func messageAt(_ slot: UInt32) -> MonotonicTime? { Int(slot) < paths.count ? paths[Int(slot)].messageAt : nil }

    /// Something was gathered that goes first.
    mutating func hold(_ slot: UInt32) { paths[Int(slot)].turn = Path.holding }

    /// Sends what was gathered on an open path.
    ///
    /// - Returns: whether it took all; else how much, and the path is closed.
    mutating func send(_ bytes: ByteBuffer, to slot: UInt32) -> Outcome {
        paths[Int(slot)].turn = turn
        return send(bytes, Int(slot))
    }

    // MARK: A fan-out

    /// Sends a run straight to the socket, where the path is open.
    @inline(__always)
    mutating func send(_ run: inout OutgoingRun, to slot: UInt32, _ round: inout Round) -> Outcome {
        let slot = Int(slot)
        guard slot < paths.count, paths[slot].socket >= 0, let route = paths[slot].route else { return .closed }
        guard paths[slot].turn != round.turn, paths[slot].turn != Path.holding else { return .gathering }
        if route.toOpaque() != round.route?.toOpaque() || paths[slot].compression?.toOpaque() != round.compression?.toOpaque() {
            adapt(&round, &run, to: paths[slot])
        }
        round.mark(&paths[slot])
        return send(round.bytes, slot)
    }

    @inline(never)
    private func adapt(_ round: inout Round, _ run: inout OutgoingRun, to path: Path) {
        round.count()
        round.route = path.route
        round.compression = path.compression
        round.bytes = run.bytes(for: path.compression?.takeUnretainedValue())
    }

    @inline(__always)
    private mutating func send(_ bytes: ByteBuffer, _ slot: Int) -> Outcome {
        let socket = paths[slot].socket
        let sent = DirectSocket.send(bytes, to: socket)
        if sent == bytes.readableBytes { return .sent }
        paths[slot].socket = -1
        return .partly(sent)
    }
}
