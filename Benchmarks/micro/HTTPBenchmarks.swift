// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Benchmark
import HoldfastWire
import NIOCore

/// Requests to the app and its responses, whatever is in them.
func httpBenchmarks() {
    Benchmark("HTTP, read: a response, 100 B") { benchmark in
        let bytes = Samples.response(String(repeating: "x", count: 100))
        var reader = Samples.responseReader
        for _ in benchmark.scaledIterations {
            var arriving = bytes
            blackHole(try reader.next(from: &arriving))
        }
    }

    Benchmark("HTTP, write: a request, 200 B") { benchmark in
        let template = HTTPRequestTemplate(
            method: "POST", target: "/hook",
            fields: [("host", "localhost:3000"), ("user-agent", "holdfast"), ("accept", "application/json"), ("content-type", "application/json")])
        let body = ByteBuffer(repeating: UInt8(ascii: "x"), count: 200)
        for _ in benchmark.scaledIterations {
            blackHole(template.request(body: body) { $0.add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01") })
        }
    }
}
