// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import DequeModule
import HoldfastCore
import NIOCore

/// The body of a request on its way from the client to the app. It holds what one look at the socket brought, and asks for more when that is gone.
final class RequestBody {
    private let loop: any EventLoop
    private var parts: Deque<ByteBuffer> = []
    private var isWhole = false
    private var isAbandoned = false
    private var waiting: EventLoopPromise<ByteBuffer?>?
    /// Told when the app takes more than there is.
    private var wanted: (() -> Void)?
    /// Told when a part, or the end, has gone to the app.
    private var moved: (() -> Void)?

    init(loop: any EventLoop) { self.loop = loop }

    /// - Parameters:
    ///   - wanted: called when the app takes more than there is.
    ///   - moved: called when a part, or the end, has gone to the app.
    func open(wanted: @escaping () -> Void, moved: @escaping () -> Void) {
        self.wanted = wanted
        self.moved = moved
    }

    /// Whether the client may send more.
    var takesMore: Bool { !isWhole && parts.isEmpty }

    /// Whether the app waits for the client.
    var isWanted: Bool { waiting != nil }

    func received(_ part: ByteBuffer) {
        guard !isAbandoned else { return }
        guard let waiting else { return parts.append(part) }
        self.waiting = nil
        moved?()
        waiting.succeed(part)
    }

    /// The client has sent all of it.
    func ended() {
        isWhole = true
        guard let waiting else { return }
        self.waiting = nil
        moved?()
        waiting.succeed(nil)
    }

    /// Nobody takes it any more.
    func abandon() {
        isAbandoned = true
        parts = []
        wanted = nil
        moved = nil
        waiting?.fail(CancellationError())
        waiting = nil
    }

    fileprivate func next() -> EventLoopFuture<ByteBuffer?> {
        guard !isAbandoned else { return loop.makeFailedFuture(CancellationError()) }
        if let part = parts.popFirst() {
            moved?()
            return loop.makeSucceededFuture(part)
        }
        if isWhole {
            moved?()
            return loop.makeSucceededFuture(nil)
        }
        let promise = loop.makePromise(of: ByteBuffer?.self)
        waiting = promise
        wanted?()
        return promise.futureResult
    }

    /// As the HTTP client takes it.
    var sequence: Sequence { Sequence(body: NIOLoopBound(self, eventLoop: loop), loop: loop) }

    /// The parts of a body, for one reader.
    struct Sequence: AsyncSequence, Sendable {
        typealias Element = ByteBuffer

        fileprivate let body: NIOLoopBound<RequestBody>
        fileprivate let loop: any EventLoop

        struct AsyncIterator: AsyncIteratorProtocol {
            fileprivate let body: NIOLoopBound<RequestBody>
            fileprivate let loop: any EventLoop

            mutating func next() async throws -> ByteBuffer? { try await loop.flatSubmit { [body] in body.value.next() }.get() }
        }

        func makeAsyncIterator() -> AsyncIterator { AsyncIterator(body: body, loop: loop) }
    }
}
