// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastTesting
import NIOCore
import NIOPosix
import Testing

@testable import HoldfastBrokers

@Suite struct BusLinkTests {
    static let kinds: [BusAddress.Kind] = [.nats, .redis]

    /// For tests of what is sent when a bus stops: on a busy machine a second is short.
    private static var patient: BusTimes {
        var times = BusTimes()
        times.stop = .seconds(60)
        return times
    }

    /// Runs with a fake server, and a bus that is to know it.
    private func withEngine(
        _ kind: BusAddress.Kind, _ behaviour: FakeEngine.Behaviour = FakeEngine.Behaviour(), times: BusTimes = BusTimes(), queueBytes: Int = 1 << 20,
        _ body: (FakeEngine, BusRig, Int) async throws -> Void
    ) async throws {
        let engine = FakeEngine(kind, behaviour)
        let port = try await engine.start()
        let rig = try BusRig(["\(kind)://user:geheim@127.0.0.1:\(port)"], times: times, queueBytes: queueBytes)
        do { try await body(engine, rig, port) } catch {
            await rig.bus.stop()
            try await engine.stop()
            throw error
        }
        await rig.bus.stop()
        try await engine.stop()
        #expect(!rig.lines.all.contains { $0.contains("geheim") })
    }

    private func publish(_ bus: any Bus, _ texts: [String]) { bus.publish(texts.map { .text("s", $0) }) }

    // MARK: All is well

    @Test("It subscribes, publishes and receives", arguments: kinds)
    func plain(_ kind: BusAddress.Kind) async throws {
        try await withEngine(kind) { engine, rig, port in
            rig.bus.subscribe(["a"])
            publish(rig.bus, ["0"])
            try await rig.start()
            #expect(rig.bus.status.isUp && rig.bus.status.server == "\(kind)://127.0.0.1:\(port)" && rig.bus.status.problem == nil)
            #expect(rig.bus.name == kind.rawValue)
            publish(rig.bus, ["1", "2"])
            try await eventually("all is confirmed") { engine.seen.published.count == 3 && rig.bus.status.queuedBytes == 0 }
            #expect(engine.seen.published.map(\.text) == ["0", "1", "2"])
            engine.send("a", "hello")
            try await eventually("the message comes") { rig.probe.messages == [.text("a", "hello")] }
            rig.bus.subscribe(["a", "b", "c"])
            rig.bus.unsubscribe(["a", "x"])
            try await eventually("the subscriptions change") { engine.seen.ended.count == 1 && engine.seen.subjects[1]?.count == 3 }
            #expect(engine.seen.ended == (kind == .nats ? ["1"] : ["a"]))
            #expect(engine.seen.subjects == [1: ["a", "b", "c"]])
            #expect(rig.probe.ups == [true])
            await rig.bus.stop()
            #expect(rig.probe.ups == [true, false] && !rig.bus.status.isUp)
        }
    }

    @Test("It is up only when the server has confirmed what was asked for", arguments: kinds)
    func upLate(_ kind: BusAddress.Kind) async throws {
        try await withEngine(kind) { engine, rig, _ in
            rig.bus.subscribe(["a"])
            try await rig.start()
            engine.behave { $0.answers = false }
            engine.dropConnections()
            // A NATS server that answers nothing does not even greet; a Redis server greets, and does not confirm.
            try await eventually("it comes again") { engine.seen.connections == 2 && (kind == .nats || engine.seen.subjects[2] == ["a"]) }
            #expect(!rig.bus.status.isUp && rig.probe.ups == [true, false])
            engine.behave { $0.answers = true }
            engine.dropConnections()
            try await eventually("it is up") { rig.bus.status.isUp }
            #expect(rig.probe.ups == [true, false, true] && rig.bus.status.reconnects == 1)
        }
    }

    @Test("When it stops, what waits is sent first, and a server that confirms nothing is waited for only so long", arguments: kinds)
    func stopping(_ kind: BusAddress.Kind) async throws {
        try await withEngine(kind, times: Self.patient) { engine, rig, _ in
            try await rig.start()
            publish(rig.bus, (0..<3000).map { "\($0)" })
            await rig.bus.stop()
            #expect(engine.seen.published.map(\.text) == (0..<3000).map { "\($0)" })
            publish(rig.bus, ["late"])
            #expect(rig.bus.status.queuedBytes == 0)
        }
        try await withEngine(kind) { engine, rig, _ in
            try await rig.start()
            engine.behave { $0.answers = false }
            publish(rig.bus, ["1"])
            let start = ContinuousClock.now
            await rig.bus.stop()
            #expect((.milliseconds(900)...(.seconds(30))).contains(ContinuousClock.now - start))
            #expect(rig.lines.all.contains { $0.contains("before everything was sent") })
        }
    }

    @Test("A start can be cancelled, and a bus that was stopped does not start", arguments: kinds)
    func cancelled(_ kind: BusAddress.Kind) async throws {
        let rig = try BusRig(["\(kind)://127.0.0.1:1"])
        let start = Task { try await rig.start() }
        try await eventually("it tries") { rig.bus.status.problem?.contains("refused") == true }
        start.cancel()
        await #expect(throws: CancellationError.self) { try await start.value }
        await #expect(throws: CancellationError.self) { try await rig.start() }
        await rig.bus.stop()
        #expect(rig.probe.ups == [])
    }

    // MARK: The server goes

    @Test("A server that is not there yet is waited for", arguments: kinds)
    func waiting(_ kind: BusAddress.Kind) async throws {
        let engine = FakeEngine(kind)
        let port = try await engine.start()
        try await engine.stop()
        let rig = try BusRig(["\(kind)://127.0.0.1:\(port)"])
        publish(rig.bus, ["1"])
        rig.bus.publish([.text("s", "2", isFleeting: true)])
        async let started: Void = rig.start()
        try await eventually("it has tried") { rig.lines.all.contains { $0.contains("cannot be reached") } }
        #expect(rig.bus.status.problem != nil)
        #expect(rig.lines.all.count { $0.contains("cannot be reached") } == 1)
        try await engine.start(port: port)
        try await started
        try await eventually("what waited is published") { engine.seen.published.map(\.text) == ["1"] }
        await rig.bus.stop()
        try await engine.stop()
    }

    @Test("A server that comes back empty is asked for everything again, in batches, and given what waited", arguments: kinds)
    func back(_ kind: BusAddress.Kind) async throws {
        try await withEngine(kind) { engine, rig, port in
            let names = (0..<2500).map { "c\($0)" }
            try await rig.start()
            rig.bus.subscribe(names)
            try await eventually("it is subscribed") { engine.seen.subjects[1]?.count == 2500 }
            try await engine.stop()
            try await eventually("it is down") { !rig.bus.status.isUp }
            #expect(rig.bus.status.server == nil && rig.bus.status.problem != nil)
            publish(rig.bus, ["1", "2"])
            rig.bus.publish([.text("s", "never", isFleeting: true)])
            rig.bus.subscribe(["new"])
            rig.bus.unsubscribe(["c7"])
            let before = engine.seen.connections
            try await engine.start(port: port)
            try await eventually("what waited is published") { engine.seen.published.count == 2 }
            #expect(engine.seen.published.map(\.text) == ["1", "2"])
            let last = engine.seen.connections
            #expect(last > before && Set(engine.seen.subjects[last] ?? []) == Set(names + ["new"]).subtracting(["c7"]))
            #expect(engine.seen.subjects[last]?.count == 2500)
            if kind == .redis { #expect(engine.seen.batches.suffix(3) == [1000, 1000, 500]) }
            #expect(rig.probe.ups == [true, false, true] && rig.bus.status.reconnects == 1 && rig.bus.status.dropped == 0)
            #expect(rig.lines.all.count { $0.contains("was lost") } == 1)
        }
    }

    @Test("What the server has not confirmed is published again, in its order and before what waits", arguments: kinds)
    func again(_ kind: BusAddress.Kind) async throws {
        try await withEngine(kind) { engine, rig, _ in
            try await rig.start()
            publish(rig.bus, ["a", "b"])
            try await eventually("it is confirmed") { rig.bus.status.queuedBytes == 0 }
            engine.behave { $0.mutedUpTo = 1 }
            publish(rig.bus, ["1", "2", "3"])
            rig.bus.publish([.text("s", "fleeting", isFleeting: true)])
            try await eventually("it is sent") { engine.seen.published.count == 6 }
            #expect(rig.bus.status.queuedBytes > 0)
            engine.dropConnections()
            try await eventually("it is down") { rig.probe.ups.count > 1 }
            publish(rig.bus, ["4"])
            try await eventually("all is confirmed") { rig.bus.status.isUp && rig.bus.status.queuedBytes == 0 }
            let seen = engine.seen
            #expect(seen.published.filter { $0.connection == 1 }.map(\.text) == ["a", "b", "1", "2", "3", "fleeting"])
            #expect(seen.published.filter { $0.connection > 1 }.map(\.text) == ["1", "2", "3", "4"])
        }
    }

    @Test("A server that says nothing any more is left", arguments: kinds)
    func silent(_ kind: BusAddress.Kind) async throws {
        try await withEngine(kind, times: .short) { engine, rig, _ in
            try await rig.start()
            engine.behave { $0.answers = false }
            try await eventually("it is left") { rig.lines.all.contains { $0.contains("the server was silent") } }
            engine.behave { $0.answers = true }
            try await eventually("it is up again") { engine.seen.connections > 1 && rig.bus.status.isUp }
        }
    }

    @Test("A server that talks nonsense is left", arguments: kinds)
    func garbage(_ kind: BusAddress.Kind) async throws {
        try await withEngine(kind) { engine, rig, _ in
            try await rig.start()
            engine.say("nonsense\r\n")
            try await eventually("it has come again") { engine.seen.connections == 2 && rig.bus.status.isUp && rig.bus.status.reconnects == 1 }
            #expect(rig.lines.all.contains { $0.contains("not understood") })
        }
    }

    @Test("While it is held, what is urgent goes out alone", arguments: kinds)
    func held(_ kind: BusAddress.Kind) async throws {
        try await withEngine(kind) { engine, rig, _ in
            try await rig.start()
            rig.bus.hold(true)
            publish(rig.bus, ["1"])
            rig.bus.publish([.text("s", "now", isFleeting: true, isUrgent: true)])
            publish(rig.bus, ["2"])
            try await eventually("what is urgent comes") { !engine.seen.published.isEmpty }
            #expect(engine.seen.published.map(\.text) == ["now"])
            rig.bus.hold(false)
            try await eventually("the rest comes") { engine.seen.published.map(\.text) == ["now", "1", "2"] }
        }
    }

    @Test("A bus that stops while it is held sends what waits", arguments: kinds)
    func heldAtTheEnd(_ kind: BusAddress.Kind) async throws {
        try await withEngine(kind, times: Self.patient) { engine, rig, _ in
            try await rig.start()
            rig.bus.hold(true)
            publish(rig.bus, ["1"])
            await rig.bus.stop()
            #expect(engine.seen.published.map(\.text) == ["1"])
        }
    }

    // MARK: Refusals

    @Test("Of several servers one that takes this node is enough", arguments: kinds)
    func oneOfTwo(_ kind: BusAddress.Kind) async throws {
        var behaviour = FakeEngine.Behaviour()
        behaviour.accepts = false
        let (good, bad) = (FakeEngine(kind), FakeEngine(kind, behaviour))
        let urls = ["\(kind)://u:geheim@127.0.0.1:\(try await bad.start())", "\(kind)://u:geheim@127.0.0.1:\(try await good.start())"]
        // Which is tried first is left to chance.
        for _ in 0..<10 {
            let rig = try BusRig(urls)
            try await rig.start()
            #expect(rig.bus.status.isUp)
            await rig.bus.stop()
        }
        try await good.stop()
        let rig = try BusRig(urls)
        let start = Task { try await rig.start() }
        try await eventually("the other is waited for") { rig.bus.status.problem?.contains("refused") == true }
        await rig.bus.stop()
        await #expect(throws: CancellationError.self) { try await start.value }
        try await bad.stop()
    }

    @Test("What may not be heard is asked for again after a while", arguments: kinds)
    func forbidden(_ kind: BusAddress.Kind) async throws {
        var times = BusTimes()
        times.refused = .milliseconds(50)
        try await withEngine(kind, times: times) { engine, rig, _ in
            rig.bus.subscribe(["a"])
            try await rig.start()
            engine.behave { $0.forbidden = ["b"] }
            rig.bus.subscribe(["b"])
            try await eventually("it is said") { rig.lines.all.contains { $0.contains("refused something") } }
            #expect(rig.bus.status.isUp)
            engine.behave { $0.forbidden = [] }
            try await eventually("it is heard") { engine.seen.subjects[1]?.contains("b") == true }
        }
    }

    @Test("Credentials that are refused end the start", arguments: kinds)
    func refused(_ kind: BusAddress.Kind) async throws {
        var behaviour = FakeEngine.Behaviour()
        behaviour.accepts = false
        try await withEngine(kind, behaviour) { engine, rig, _ in
            let error = try await #require(throws: BrokerError.self) { try await rig.start() }
            #expect(error.code == .refused && error.description.contains("credentials") || error.description.contains("WRONGPASS"))
            #expect(!error.description.contains("geheim"))
            #expect(engine.seen.connections == 1)
        }
    }

    @Test("Later, they are tried again, and one line is logged", arguments: kinds)
    func refusedLater(_ kind: BusAddress.Kind) async throws {
        try await withEngine(kind, times: .short) { engine, rig, _ in
            try await rig.start()
            engine.behave { $0.accepts = false }
            engine.dropConnections()
            try await eventually("it is refused") { rig.lines.all.contains { $0.contains("refuses this node") } }
            let refused = engine.seen.connections
            try await eventually("it has tried again") { engine.seen.connections >= refused + 3 }
            #expect(rig.lines.all.count { $0.contains("refuses this node") } == 1)
            #expect(rig.bus.status.problem != nil)
            engine.behave { $0.accepts = true }
            try await eventually("it is up") { rig.bus.status.isUp }
        }
    }

    // MARK: Bounds

    @Test("A server that confirms nothing is given only so much; the oldest of the rest is dropped and counted", arguments: kinds)
    func slow(_ kind: BusAddress.Kind) async throws {
        try await withEngine(kind, times: .short, queueBytes: 256 << 10) { engine, rig, _ in
            try await rig.start()
            engine.behave { $0.answers = false }
            let text = String(repeating: "x", count: 900)
            for _ in 0..<100 {
                publish(rig.bus, Array(repeating: text, count: 10))
                #expect(rig.bus.status.queuedBytes <= 256 << 10)
            }
            #expect(rig.bus.status.dropped > 500)
            try await eventually("a line tells of it") { rig.lines.all.contains { $0.contains("dropped") } }
            engine.behave { $0.answers = true }
            try await eventually("the rest gets through") { rig.bus.status.queuedBytes == 0 }
            let perMessage = 900 + 1 + BusQueue.overhead
            #expect(rig.bus.status.dropped >= 1000 - 2 * (256 << 10) / perMessage)
            #expect(Set(engine.seen.published.map(\.text)) == [text])
        }
    }

    @Test("A message that is larger than the server takes is dropped, counted and named")
    func tooLarge() async throws {
        var behaviour = FakeEngine.Behaviour()
        behaviour.info = #","max_payload":10"#
        try await withEngine(.nats, behaviour, times: .short) { engine, rig, _ in
            try await rig.start()
            publish(rig.bus, ["1", "12345678901", "2"])
            try await eventually("the others are published") { engine.seen.published.map(\.text) == ["1", "2"] }
            #expect(rig.bus.status.dropped == 1)
            try await eventually("a line tells of it") { rig.lines.all.contains { $0.contains(#""hf.max_payload": 10"#) } }
        }
    }

    // MARK: Several servers

    @Test("Where one server goes, another of the list is used", arguments: kinds)
    func list(_ kind: BusAddress.Kind) async throws {
        let engines = [FakeEngine(kind), FakeEngine(kind)]
        let ports = [try await engines[0].start(), try await engines[1].start()]
        let rig = try BusRig(["\(kind)://127.0.0.1:\(ports[0])", "\(kind)://127.0.0.1:\(ports[1]),127.0.0.1:1"])
        rig.bus.subscribe(["a"])
        try await rig.start()
        let first = engines[0].seen.connections > 0 ? 0 : 1
        try await engines[first].stop()
        try await eventually("the other one is used") { engines[1 - first].seen.subjects[1] == ["a"] && rig.bus.status.isUp }
        #expect(rig.bus.status.server == "\(kind)://127.0.0.1:\(ports[1 - first])")
        await rig.bus.stop()
        try await engines[1 - first].stop()
    }

    @Test("A server that is about to go is left for one that it has told of")
    func lameDuck() async throws {
        let other = FakeEngine(.nats)
        let port = try await other.start()
        var behaviour = FakeEngine.Behaviour()
        behaviour.info = #","connect_urls":["127.0.0.1:\#(port)"]"#
        try await withEngine(.nats, behaviour) { engine, rig, _ in
            try await rig.start()
            engine.say(#"INFO {"ldm":true}"# + "\r\n")
            try await eventually("the other one is used") { rig.bus.status.server == "nats://127.0.0.1:\(port)" }
            #expect(rig.lines.all.contains { $0.contains("lame duck") })
        }
        try await other.stop()
    }

    @Test("A server that is about to go is kept where there is no other")
    func lonelyDuck() async throws {
        try await withEngine(.nats) { engine, rig, _ in
            rig.bus.subscribe(["a"])
            try await rig.start()
            engine.say(#"INFO {"ldm":true}"# + "\r\nMSG a 1 1\r\nx\r\n")
            try await eventually("the message comes") { rig.probe.messages.count == 1 }
            #expect(rig.probe.ups == [true] && engine.seen.connections == 1)
        }
    }
}
