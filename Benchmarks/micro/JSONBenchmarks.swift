// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Benchmark
import HoldfastCore
import HoldfastWire
import NIOCore

/// JSON alone, and in the json dialect: what goes to the app and what comes back, and a batch at the control API.
func jsonBenchmarks() {
    let send = #"{"type":"send","text":"\#(Samples.text)"}"#
    let publish = #"{"type":"publish","channel":"room","text":"\#(Samples.text)"}"#
    let one = #"{"actions":[\#(send)]}"#
    let many = #"{"actions":[\#(Array(repeating: publish, count: 100).joined(separator: ","))]}"#

    for (name, json) in [("an action", one), ("100 actions", many)] {
        Benchmark("JSON, read: \(name)") { benchmark in
            let bytes = ByteBuffer(string: json)
            for _ in benchmark.scaledIterations { blackHole(try JSONReader.parse(bytes)) }
        }
    }

    Benchmark("JSON, write: an action") { benchmark in
        for _ in benchmark.scaledIterations {
            var writer = JSONWriter()
            writer.beginObject()
            writer.key("type")
            writer.string("send")
            writer.key("text")
            writer.string(utf8: Samples.payload)
            writer.endObject()
            blackHole(writer.buffer)
        }
    }

    let dialect = JSONDialect()
    let session = Samples.session(for: dialect)

    for count in [1, 10] {
        let events = Samples.messages(count)
        Benchmark("json, write: a webhook, messages: \(count)") { benchmark in
            for _ in benchmark.scaledIterations { blackHole(dialect.request(for: events, in: session)) }
        }

        Benchmark("json, read: an answer, actions: \(count)") { benchmark in
            let actions = Array(repeating: send, count: count).joined(separator: ",")
            let answer = try Samples.message(Samples.response(#"{"actions":[\#(actions)]}"#))
            for _ in benchmark.scaledIterations { blackHole(try dialect.actions(from: answer, to: events, in: session)) }
        }
    }

    Benchmark("json, read: 100 actions at the control API") { benchmark in
        let body = ByteBuffer(string: many)
        for _ in benchmark.scaledIterations { blackHole(try JSONActionReader.read(body, from: .control)) }
    }
}
