// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore
import NIOHTTP1

/// The gateway's own answers, and the end of a connection that was not upgraded.
extension OpeningHandler {
    /// Closes a connection that has nothing to be told.
    func hangUp() {
        state = .ended
        context?.close(promise: nil)
    }

    /// No TLS came about: nothing can be said to the client.
    func giveUpTLS() {
        if case .ended = state { return }
        state = .ended
        shard.refused[.tls, default: 0] += 1
        context?.close(promise: nil)
    }

    func refuse(_ status: Int, _ message: String, _ headers: [(String, String)] = [], _ reason: HandshakeRefusal? = nil) {
        if case .ended = state { return }
        shard.refused[reason ?? .of(status: status), default: 0] += 1
        respond(status, headers, ByteBuffer(string: message + "\n"), keepsAlive: false)
    }

    func respond(_ status: Int, _ headers: [(String, String)], _ body: ByteBuffer, keepsAlive: Bool) {
        if case .ended = state { return }
        guard let context else { return }
        var head = ByteBuffer(string: "HTTP/1.1 \(status) \(HTTPResponseStatus(statusCode: status).reasonPhrase)\r\n")
        var names: Set<String> = []
        for (name, value) in headers {
            names.insert(name)
            head.writeString("\(name): \(value)\r\n")
        }
        if !names.contains("content-type"), body.readableBytes > 0 { head.writeStaticString("content-type: text/plain; charset=utf-8\r\n") }
        if !keepsAlive, !names.contains("connection") { head.writeStaticString("connection: close\r\n") }
        head.writeString("content-length: \(body.readableBytes)\r\n\r\n")
        head.writeImmutableBuffer(body)
        context.writeAndFlush(ClientSocket.wrapOutboundOut(head), promise: nil)
        // The reminder that is under way finds that there is more time.
        if keepsAlive { deadline = .current + shard.admission.handshakeTimeout } else { close(sending: true) }
    }

    /// Half-closes, so that a client that is still sending reads the answer instead of a reset; the deadline does the rest.
    ///
    /// - Parameter sending: whether there may be so much to send that it takes its time.
    func close(sending: Bool) {
        if case .ended = state { return }
        guard let context else { return }
        state = .ended
        let channel = context.channel
        let loop = context.eventLoop.assumeIsolated()
        guard sending, !channel.isWritable else {
            context.close(mode: .output, promise: nil)
            loop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
            return
        }
        let sent = context.eventLoop.makePromise(of: Void.self)
        let limit = loop.scheduleTask(in: .nanoseconds(HTTPProxy.idleTimeout.inNanoseconds)) { channel.close(promise: nil) }
        sent.futureResult.assumeIsolated().whenComplete { _ in
            limit.cancel()
            loop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
        }
        context.close(mode: .output, promise: sent)
    }
}
