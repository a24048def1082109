// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import HoldfastCore
import NIOCore
import NIOHTTP1

/// One request to an app, as an event loop sees it: facts of its answer come back on the loop, in order, until it is over or cancelled.
///
/// The HTTP client is asked in a task of its own: this way is not a hot one, and the loop is left for what is.
final class AppCall {
    /// What is done with the body of an answer.
    enum BodyUse: Equatable, Sendable {
        /// It comes by ``Receiver/received(_:from:)``.
        case stream
        /// It comes whole by ``Receiver/received(whole:from:)``; a longer one is a failure.
        case whole(limit: Int)
        /// Nothing: the call is over, and the connection is closed if more than a little would come.
        case none
    }

    /// Who asked. Called on the loop.
    protocol Receiver: AnyObject {
        func answered(_ head: AppAnswer, to call: AppCall) -> BodyUse
        /// A part of the body: the next one comes when the future is done.
        func received(_ part: ByteBuffer, from call: AppCall) -> EventLoopFuture<Void>
        func received(whole: ByteBuffer, from call: AppCall)
        /// The body is complete.
        func ended(_ call: AppCall)
        func failed(_ failure: AppFailure, _ call: AppCall)
    }

    private var receiver: (any Receiver)?
    private var task: Task<Void, Never>?
    private let loop: any EventLoop

    /// - Parameter receiver: kept until the call is over.
    init(_ receiver: any Receiver, on loop: any EventLoop) {
        self.receiver = receiver
        self.loop = loop
    }

    /// Sends the request.
    ///
    /// - Parameter isRepeatable: whether it may be sent a second time when a kept-alive connection is closed under it.
    func start(_ request: HTTPClientRequest, by client: HTTPClient, isRepeatable: Bool) {
        let bound = NIOLoopBound(self, eventLoop: loop)
        let loop = loop
        // The bridge from the loop to the HTTP client; ends with the call, or when it is cancelled.
        task = Task { @Sendable in await Self.run(bound, on: loop, request, by: client, isRepeatable: isRepeatable) }
    }

    /// Nothing more is told, and the app sees its connection close.
    func cancel() {
        receiver = nil
        task?.cancel()
        task = nil
    }

    private static func run(
        _ bound: NIOLoopBound<AppCall>, on loop: any EventLoop, _ request: HTTPClientRequest, by client: HTTPClient, isRepeatable: Bool
    ) async {
        do {
            let response = try await execute(request, by: client, isRepeatable: isRepeatable)
            let head = AppAnswer(response)
            switch try await loop.submit({ bound.value.answered(head) }).get() {
            case .stream:
                for try await part in response.body { try await loop.flatSubmit { bound.value.received(part) }.get() }
                loop.execute { bound.value.ended() }
            case .whole(let limit):
                // One more byte than the limit would tell too; a buffer's worth more is no harm.
                var body = ByteBuffer()
                for try await part in response.body {
                    body.writeImmutableBuffer(part)
                    guard body.readableBytes <= limit else {
                        throw AppFailure.instructions("the body of an answer to hold is longer than \(limit) bytes")
                    }
                }
                let whole = body
                loop.execute { bound.value.received(whole: whole) }
            case .none: break
            }
        } catch {
            let failure = AppFailure(error)
            loop.execute { bound.value.failed(failure) }
        }
    }

    private static func execute(_ request: HTTPClientRequest, by client: HTTPClient, isRepeatable: Bool) async throws -> HTTPClientResponse {
        do {
            return try await client.execute(request, deadline: .distantFuture)
        } catch  where isRepeatable && !Task.isCancelled && AppFailure.isStale(error) {
            return try await client.execute(request, deadline: .distantFuture)
        }
    }

    // MARK: On the loop

    private func answered(_ head: AppAnswer) -> BodyUse { receiver?.answered(head, to: self) ?? .none }

    private func received(_ part: ByteBuffer) -> EventLoopFuture<Void> {
        receiver?.received(part, from: self) ?? loop.makeFailedFuture(CancellationError())
    }

    private func received(whole: ByteBuffer) { leave()?.received(whole: whole, from: self) }

    private func ended() { leave()?.ended(self) }

    private func failed(_ failure: AppFailure) { leave()?.failed(failure, self) }

    private func leave() -> (any Receiver)? {
        defer {
            receiver = nil
            task = nil
        }
        return receiver
    }
}

/// The head of an app's answer.
struct AppAnswer: Equatable, Sendable {
    let status: Int
    let reason: String
    /// As they came; names in lower case.
    let fields: [OpeningRequest.Field]

    init(_ response: HTTPClientResponse) {
        status = Int(response.status.code)
        reason = response.status.reasonPhrase
        fields = response.headers.map { OpeningRequest.Field(name: $0.name.lowercased(), value: $0.value) }
    }
}
