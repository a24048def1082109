// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Benchmark
import Foundation

/// All benchmarks. The package registers what this does.
let benchmarks: @Sendable () -> Void = {
    // Instructions repeat from run to run where times do not, but only a machine that lets itself be counted has them.
    let counts = FileManager.default.fileExists(atPath: "/sys/bus/event_source/devices/cpu")
    Benchmark.defaultConfiguration = .init(
        metrics: counts ? [.instructions] : [.wallClock],
        timeUnits: .nanoseconds,
        warmupIterations: 3,
        scalingFactor: .kilo,
        maxDuration: .milliseconds(300)
    )
    webSocketBenchmarks()
    deflateBenchmarks()
    httpBenchmarks()
    jsonBenchmarks()
    gripBenchmarks()
    deliveryBenchmarks()
    hubBenchmarks()
}
