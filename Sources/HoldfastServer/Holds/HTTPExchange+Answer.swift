// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Logging
import NIOCore

/// The way to the client.
extension HTTPExchange {
    /// Writes the head of the answer.
    ///
    /// - Parameters:
    ///   - fields: of the app, without those about the connection; with `content-length`, if there is one.
    ///   - length: of the body when it is known otherwise.
    func begin(status: Int, reason: String?, _ fields: [OpeningRequest.Field], length: Int? = nil) {
        guard framing == nil else { return }
        let length = length ?? fields.last { $0.name == "content-length" }.flatMap { Int($0.value) }
        var fields = fields.filter { $0.name != "content-length" }
        if proxy.settings.crossOrigin { fields = CrossOrigin.adding(to: fields, incoming.request.header) }
        let framing = AnswerFraming(
            method: incoming.method, status: status, length: length, isHTTP11: incoming.isHTTP11,
            keepsAlive: incoming.keepsAlive && (isRequestWhole || !incoming.hasBody) && !isDraining)
        self.framing = framing
        opening?.write(AnswerWriter.head(status: status, reason: reason, fields: fields, length: length, framing: framing))
    }

    /// Writes a part of the answer's body: to the socket while the client keeps up, else to the queue.
    ///
    /// - Parameter limit: in bytes, of what may wait for the client; `nil` where whoever sends it waits as well.
    func write(_ bytes: ByteBuffer, limit: Int?) {
        guard let framing, let part = AnswerWriter.part(bytes, framing), let opening else { return }
        if sendQueue.isEmpty, opening.isWritable { return opening.write(part) }
        switch sendQueue.enqueue(part, limit: limit ?? .max, policy: limit == nil ? .close : limits.slowReader) {
        case .taken(let dropped): if dropped > 0 { wasSlow(.dropOldest, count: dropped) }
        case .full: wasSlow(.dropNewest, count: 1)
        case .overflow:
            wasSlow(.close, count: 1)
            cut(.slow)
        }
    }

    /// Done when the client takes more.
    func whenWritable() -> EventLoopFuture<Void> {
        guard phase != .ended, let opening else { return loop.makeFailedFuture(CancellationError()) }
        if sendQueue.isEmpty, opening.isWritable {
            waitFor(.app, HTTPProxy.idleTimeout)
            return loop.makeSucceededVoidFuture()
        }
        waitFor(.client, HTTPProxy.idleTimeout)
        let promise = loop.makePromise(of: Void.self)
        writable = promise
        return promise.futureResult
    }

    /// The answer is complete.
    func end(_ outcome: ProxyOutcome) {
        guard phase != .ended else { return }
        // What waits is bounded, and nothing comes behind it.
        while let bytes = sendQueue.next() { opening?.write(bytes) }
        if let framing, let end = AnswerWriter.end(framing) { opening?.write(end) }
        finish(outcome)
    }

    /// A whole answer, of the gateway or of a publication.
    func respond(_ response: HeldResponse, _ outcome: ProxyOutcome) {
        guard phase != .ended else { return }
        guard framing == nil else { return cut(outcome) }
        begin(status: response.status, reason: response.reason, response.headers, length: response.body.readableBytes)
        write(response.body, limit: nil)
        end(outcome)
    }

    func refuse(_ status: Int, _ message: String, _ outcome: ProxyOutcome = .refused) {
        respond(
            HeldResponse(
                status: status, headers: [.init(name: "content-type", value: "text/plain; charset=utf-8")], body: ByteBuffer(string: message + "\n")),
            outcome)
    }

    /// The app brought no usable answer: the client is told so, or, where the answer has begun, is cut off.
    func failed(_ failure: AppFailure) {
        guard phase != .ended else { return }
        warn("a request could not be passed on to the app", failure.message)
        guard framing == nil else { return cut(failure.outcome) }
        respond(.failure(failure.message, debug: proxy.settings.debug), failure.outcome)
    }

    // MARK: The log

    func warn(_ message: Logger.Message, _ why: String) {
        guard let held = route.warnings.pass(at: shard.now) else { return }
        var metadata: Logger.Metadata = [LogKey.route: "\(route.configuration.name)", LogKey.error: "\(why)"]
        if held > 0 { metadata[LogKey.suppressed] = "\(held)" }
        shard.logger.warning(message, metadata: metadata)
    }

    private func wasSlow(_ policy: SlowReaderPolicy, count: Int) {
        route.counters.slowReaders[policy.rawValue, default: 0] += count
        warn("client reads too slowly", "more than \(limits.sendQueueBytes) bytes of a held answer wait for it (\(policy.rawValue))")
    }
}
