// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import Logging
import NIOCore

/// The way out to the client.
extension Connection {
    /// What became of a message for the client.
    enum Sending: Equatable {
        case taken
        /// Dropped: the client reads too slowly and its route drops what is new.
        case full
        case gone
    }

    /// Bytes written and not flushed after which it is not waited for the end of the turn: what is unflushed counts for no limit yet.
    private static let mostUnflushed = 32 << 10

    private static let ping = FrameWriter.frame(.ping, ByteBuffer())

    /// Sends a message: to the socket while the client keeps up, else to its queue; also before the client is let in.
    func send(_ message: inout OutgoingMessage) -> Sending {
        guard isReachable else { return .gone }
        let frame: ByteBuffer
        if isWritable, sendQueue.isEmpty, context != nil {
            frame = compression.map { message.frame(for: $0) } ?? message.plain
            write(frame)
        } else {
            // What waits may be dropped, which a compressor with a context of its own would not know.
            if let compression, compression.isShared { frame = message.frame(for: compression) } else { frame = message.plain }
            switch sendQueue.enqueue(frame, limit: limits.sendQueueBytes, policy: limits.slowReader) {
            case .taken(let dropped):
                if dropped > 0 { wasSlow(.dropOldest, count: dropped) }
            case .full:
                wasSlow(.dropNewest, count: 1)
                return .full
            case .overflow:
                wasSlow(.close, count: 1)
                sendQueue.removeAll()
                let why = "the \(machine.peer) reads too slowly: more than \(limits.sendQueueBytes) bytes wait for it"
                execute(machine.closeOrdered(.tryAgainLater, reason: "reading too slowly", error: why, cause: .slowReader))
                return .gone
            }
        }
        sent(1, bytes: frame.readableBytes)
        return .taken
    }

    /// Sends a run in one piece, if the client takes it so: it keeps up, and nothing in the frames is for it alone.
    ///
    /// - Parameter flushing: write it out now rather than at the end of the turn.
    /// - Returns: whether all of it was taken; else nothing was.
    func send(_ run: inout OutgoingRun, flushing: Bool) -> Bool {
        guard isReachable, isWritable, sendQueue.isEmpty, let context, !isOutbound, compression?.isShared ?? true else { return false }
        let bytes = run.bytes(for: compression)
        if flushing, !isDirty, !openDirectPath() {
            context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
        } else {
            write(bytes)
        }
        sent(run.count, bytes: bytes.readableBytes)
        return true
    }

    private func sent(_ count: Int, bytes: Int) {
        route.counters.messagesSent += count
        route.counters.bytesSent += bytes
        keepAlive.messagePassed(at: shard.now)
        if extras != nil { postponeKeepAlive() }
    }

    func sendPong(_ payload: ByteBuffer) {
        let frame = FrameWriter.frame(.pong, payload)
        if isWritable { write(frame) } else { sendQueue.enqueuePong(frame) }
    }

    /// Sends a ping or pong of the app's, in its place among the messages; a client that does not read gets none.
    func sendControl(_ opcode: Opcode, _ payload: ByteBuffer) {
        guard machine.isOpen, isWritable, sendQueue.isEmpty else { return }
        write(FrameWriter.frame(opcode, payload))
    }

    func sendPing() {
        // A socket that takes nothing would not take a ping either; its silence is judged all the same.
        if isWritable { write(Self.ping) }
    }

    func sendClose(_ code: CloseCode, reason: String) {
        let frame = FrameWriter.close(code, reason: reason)
        if isWritable, sendQueue.isEmpty { write(frame) } else { sendQueue.enqueueClose(frame) }
    }

    /// The socket takes bytes again.
    func drainSendQueue() {
        while isWritable, let frame = sendQueue.next() { write(frame) }
    }

    /// Called by the shard at the end of a turn in which this connection was written to.
    func flush() {
        isDirty = false
        unflushed = 0
        if gathered.isEmpty { context?.flush() } else { sendGathered() }
    }

    private func write(_ frame: ByteBuffer) {
        let frame = isOutbound ? masked(frame) : frame
        let count = Int(unflushed) + frame.readableBytes
        if count > Self.mostUnflushed, !gathered.isEmpty { sendGathered() }
        if openDirectPath() {
            gather(frame)
            unflushed = Int32(clamping: count > Self.mostUnflushed ? frame.readableBytes : count)
        } else {
            context?.write(wrapOutboundOut(frame), promise: nil)
            unflushed = count > Self.mostUnflushed ? 0 : Int32(count)
            if count > Self.mostUnflushed { context?.flush() }
        }
        guard !isDirty else { return }
        isDirty = true
        shard.markDirty(self)
    }

    /// The frame as a client must send it (RFC 6455 §5.3).
    private func masked(_ frame: ByteBuffer) -> ByteBuffer { FrameWriter.masked(frame, key: UInt32.random(in: .min ... .max, using: &shard.random)) }

    private func wasSlow(_ policy: SlowReaderPolicy, count: Int) {
        route.counters.slowReaders[policy.rawValue, default: 0] += count
        // One line per connection: where messages are dropped, a line for each would be a flood.
        guard !wasSlowBefore else { return }
        wasSlowBefore = true
        shard.logger.warning(
            "client reads too slowly",
            metadata: [
                LogKey.connection: "\(facts.idText)", LogKey.route: "\(facts.route)", LogKey.reason: "\(policy.rawValue)",
                LogKey.count: "\(sendQueue.bytes)",
            ])
    }
}
