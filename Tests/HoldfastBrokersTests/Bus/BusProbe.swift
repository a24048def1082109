// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastTesting
import Logging
import NIOCore
import NIOPosix
import Synchronization

@testable import HoldfastBrokers

/// Hears what a bus brings, and remembers it.
final class BusProbe: BusListener {
    private let heard = Mutex<(messages: [BusMessage], ups: [Bool], refusals: [String])>(([], [], []))

    var messages: [BusMessage] { heard.withLock { $0.messages } }
    /// Each time that the connection came or broke.
    var ups: [Bool] { heard.withLock { $0.ups } }

    var refusals: [String] { heard.withLock { $0.refusals } }

    func received(_ messages: [BusMessage]) { heard.withLock { $0.messages += messages } }

    func changed(isUp: Bool) { heard.withLock { $0.ups.append(isUp) } }

    func refused(_ why: String) { heard.withLock { $0.refusals.append(why) } }
}

/// Log lines, as one text each.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    var logger: Logger { Logger(label: "test") { _ in Handler(lines: self) } }

    private struct Handler: LogHandler {
        let lines: LogLines
        var logLevel = Logger.Level.trace
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
            lines.lines.withLock { $0.append("\(event.level) \(event.message) \(all)") }
        }
    }
}

extension BusTimes {
    /// Of tests, which have little patience.
    static let short: BusTimes = {
        var times = BusTimes()
        times.silence = .milliseconds(150)
        times.greeting = .milliseconds(500)
        times.refused = .milliseconds(60)
        times.good = .zero
        return times
    }()
}

/// A bus of either kind, with fake servers.
struct BusRig: Sendable {
    let bus: any Bus
    let probe = BusProbe()
    let lines = LogLines()

    init(_ urls: [String], times: BusTimes = BusTimes(), queueBytes: Int = 1 << 20) throws {
        var cluster = ClusterSettings()
        cluster.brokers = urls
        cluster.queueBytes = queueBytes
        var settings = try BusSettings(cluster, node: .standalone, version: "1")
        settings.times = times
        bus = settings.kind == .nats ? NATSBus(settings, logger: lines.logger) as any Bus : RedisBus(settings, logger: lines.logger)
    }

    func start() async throws { try await bus.start(on: MultiThreadedEventLoopGroup.singleton.next(), probe) }
}
