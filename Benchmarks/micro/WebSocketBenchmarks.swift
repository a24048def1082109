// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Benchmark
import HoldfastWire
import NIOCore

/// Frames and their text.
func webSocketBenchmarks() {
    for (name, count) in [("64 B", 64), ("1 KiB", 1 << 10), ("64 KiB", 64 << 10)] {
        let payload = ByteBuffer(repeating: UInt8(ascii: "x"), count: count)

        Benchmark("frame, read: masked text, \(name)") { benchmark in
            let bytes = FrameWriter.frame(.text, payload, maskingKey: 0x1234_5678)
            var reader = MessageReader(expectsMask: true, maxMessageBytes: 1 << 20)
            for _ in benchmark.scaledIterations {
                var arriving = bytes
                blackHole(try reader.next(from: &arriving))
            }
        }

        Benchmark("frame, write: text, \(name)") { benchmark in
            for _ in benchmark.scaledIterations { blackHole(FrameWriter.frame(.text, payload)) }
        }
    }

    for (name, text) in [
        ("64 B of ASCII", String(repeating: "x", count: 64)), ("1 KiB of ASCII", String(repeating: "x", count: 1 << 10)),
        ("1 KiB of Greek", String(repeating: "λ", count: 1 << 9)),
    ] {
        Benchmark("UTF-8, check: \(name)") { benchmark in
            let bytes = ByteBuffer(string: text)
            for _ in benchmark.scaledIterations {
                bytes.withUnsafeReadableBytes { bytes in
                    var validator = UTF8Validator()
                    blackHole(validator.take(bytes))
                }
            }
        }
    }
}
