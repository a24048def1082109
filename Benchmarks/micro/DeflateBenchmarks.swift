// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Benchmark
import HoldfastWire
import NIOCore

/// permessage-deflate, without keeping a context: as most connections have it.
func deflateBenchmarks() {
    for (name, count) in [("64 B", 64), ("1 KiB", 1 << 10)] {
        let text = ByteBuffer(bytes: (0..<count).map { UInt8(ascii: "a") + UInt8(($0 * $0 + $0 / 7) % 26) })

        Benchmark("deflate: \(name)") { benchmark in
            let deflater = Deflater(level: 1, windowBits: 12, keepsContext: false)
            benchmark.startMeasurement()
            for _ in benchmark.scaledIterations { blackHole(deflater.deflate(text)) }
        }

        Benchmark("inflate: \(name)") { benchmark in
            let compressed = Deflater(level: 1, windowBits: 12, keepsContext: false).deflate(text)
            let inflater = Inflater(windowBits: 12)
            benchmark.startMeasurement()
            for _ in benchmark.scaledIterations { blackHole(try inflater.inflate(compressed, limit: 1 << 20)) }
        }
    }
}
