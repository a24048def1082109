// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Benchmark
import HoldfastCore
import HoldfastWire
import NIOCore

/// WebSocket-over-HTTP, and what a GRIP app orders.
func gripBenchmarks() {
    let echo = ByteBuffer(string: "TEXT \(String(Samples.text.utf8.count + 2, radix: 16))\r\nm:\(Samples.text)\r\n")
    let subscribe = ByteBuffer(string: #"{"type":"subscribe","channel":"room"}"#)
    let item = #"{"channel":"room","formats":{"ws-message":{"content":"\#(Samples.text)"}}}"#

    Benchmark("events, write: a message") { benchmark in
        for _ in benchmark.scaledIterations {
            var buffer = ByteBuffer()
            WebSocketEventWriter.write(.text, Samples.payload, into: &buffer)
            blackHole(buffer)
        }
    }

    Benchmark("events, read: a message") { benchmark in
        for _ in benchmark.scaledIterations { blackHole(try WebSocketEventReader.read(echo)) }
    }

    Benchmark("grip, read: a control message") { benchmark in
        for _ in benchmark.scaledIterations { blackHole(try GripControlReader.read(subscribe)) }
    }

    for count in [1, 100] {
        Benchmark("grip, read: a request, publications: \(count)") { benchmark in
            let body = ByteBuffer(string: #"{"items":[\#(Array(repeating: item, count: count).joined(separator: ","))]}"#)
            for _ in benchmark.scaledIterations { blackHole(try GripPublishReader.read(body, maxMessageBytes: 1 << 20)) }
        }
    }

    guard let app = TargetURL("http://localhost:8000") else { fatalError("the sample is no URL") }
    let dialect = GripDialect(settings: GripSettings(), path: .all, target: app, maxMessageBytes: 1 << 20)
    let session = Samples.session(for: dialect, grip: GripSession(messagePrefix: "m:"))
    let events = Samples.messages(1)

    Benchmark("grip, write: a webhook with a message") { benchmark in
        for _ in benchmark.scaledIterations { blackHole(dialect.request(for: events, in: session)) }
    }

    Benchmark("grip, read: an answer with a message") { benchmark in
        let answer = try Samples.message(Samples.response(String(buffer: echo), type: "application/websocket-events"))
        for _ in benchmark.scaledIterations { blackHole(try dialect.actions(from: answer, to: events, in: session)) }
    }
}
