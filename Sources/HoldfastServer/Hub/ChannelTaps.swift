// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastCore
import NIOConcurrencyHelpers
import Synchronization

/// Lets operators listen in on a channel (`holdfast tail`), without being a connection.
///
/// A tap that is not read keeps the newest ``capacity`` publications and loses older ones, and takes no more while ``maxBytes`` wait: watching
/// must not cost the gateway anything.
package final class ChannelTaps: Sendable {
    /// Publications that wait for one tap.
    package static let capacity = 1024
    /// Bytes of publications that wait for one tap.
    package static let maxBytes = 4 << 20
    static let keepAliveInterval = Duration.seconds(15)

    private final class Tap: Sendable {
        let continuation: AsyncStream<Publication?>.Continuation
        private let waiting = Atomic<Int>(0)

        init(_ continuation: AsyncStream<Publication?>.Continuation) { self.continuation = continuation }

        func offer(_ publication: Publication) {
            let bytes = publication.payload.count
            guard waiting.add(bytes, ordering: .relaxed).newValue <= ChannelTaps.maxBytes else { return took(publication) }
            if case .dropped(let lost?) = continuation.yield(publication) { took(lost) }
        }

        func took(_ publication: Publication) { waiting.subtract(publication.payload.count, ordering: .relaxed) }
    }

    private struct Taps {
        var channels: [ChannelName: [Int: Tap]] = [:]
        var lastNumber = 0
    }

    private let taps = NIOLockedValueBox(Taps())
    /// Read without the lock by every publication: nearly always there is no tap.
    private let count = Atomic<Int>(0)

    /// Whether nobody listens.
    var isEmpty: Bool { count.load(ordering: .acquiring) == 0 }

    /// The publications of a channel from now on, until the stream is dropped; `nil` now and then, so that a listener who has left is noticed.
    ///
    /// - Parameter ended: called once, when the listener has left.
    func listen(to channel: ChannelName, ended: @escaping @Sendable () -> Void) -> some AsyncSequence<Publication?, Never> & Sendable {
        let (stream, continuation) = AsyncStream.makeStream(of: Publication?.self, bufferingPolicy: .bufferingNewest(Self.capacity))
        let tap = Tap(continuation)
        let number = taps.withLockedValue { taps in
            taps.lastNumber += 1
            taps.channels[channel, default: [:]][taps.lastNumber] = tap
            return taps.lastNumber
        }
        count.add(1, ordering: .releasing)
        continuation.onTermination = { [weak self] _ in if self?.remove(number, from: channel) == true { ended() } }
        return stream.map { publication in
            if let publication { tap.took(publication) }
            return publication
        }
    }

    func offer(_ broadcasts: [Broadcast]) {
        guard count.load(ordering: .acquiring) > 0 else { return }
        for case .message(let publication) in broadcasts where (publication.details?.webSocket ?? .message) == .message {
            let listeners = taps.withLockedValue { $0.channels[publication.channel].map { Array($0.values) } ?? [] }
            for listener in listeners { listener.offer(publication) }
        }
    }

    /// Called every ``keepAliveInterval``.
    func keepAlive() {
        guard count.load(ordering: .acquiring) > 0 else { return }
        for listener in all { listener.yield(nil) }
    }

    /// Ends every stream, for a shutdown.
    package func finish() {
        for listener in all { listener.finish() }
    }

    private var all: [AsyncStream<Publication?>.Continuation] {
        taps.withLockedValue { taps in taps.channels.values.flatMap { $0.values.map(\.continuation) } }
    }

    /// - Returns: whether it was there.
    private func remove(_ number: Int, from channel: ChannelName) -> Bool {
        let wasThere = taps.withLockedValue { taps in
            let removed = taps.channels[channel]?.removeValue(forKey: number) != nil
            if taps.channels[channel]?.isEmpty == true { taps.channels[channel] = nil }
            return removed
        }
        if wasThere { count.subtract(1, ordering: .releasing) }
        return wasThere
    }
}
