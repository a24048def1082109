// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastTesting
import HoldfastWire
import NIOCore
import Testing

@testable import HoldfastServer

/// Ids and orders of publications hold whichever nodes they come through.
@Suite struct ClusterOrderTests {
    private func publish(_ hub: Hub, _ text: String, id: String? = nil, after previous: String? = nil) async -> ActionResult? {
        await hub.perform([.publish(HubStage.publication(text, id: id, after: previous))]).first
    }

    // MARK: Repetitions

    @Test func anIDThatComesThroughTwoNodesIsGivenOutOnce() async throws {
        let hubs = try await HubStage.hubs("a", "b", "c")
        let ears = hubs.map { HubEar($0) }
        for (first, second) in [(0, 1), (1, 0), (2, 0)] {
            let id = "\(first)\(second)"
            #expect(await publish(hubs[first], id, id: id) == .done(delivered: 0))
            #expect(await publish(hubs[second], id, id: id) == .duplicate, "the other node knows it already")
        }
        _ = await publish(hubs[0], "end")
        for ear in ears {
            try await eventually("the end comes") { ear.texts.last == "end" }
            #expect(ear.texts == ["01", "10", "20", "end"])
        }
    }

    /// Where the second node has nobody on the channel it cannot know; who receives looks again.
    @Test func aNodeThatHeardNothingPassesARepetitionOnAndNobodyGetsIt() async throws {
        let hubs = try await HubStage.hubs("a", "b", "c")
        let ears = [HubEar(hubs[0]), HubEar(hubs[2])]
        #expect(await publish(hubs[0], "x", id: "1") == .done(delivered: 0))
        #expect(await publish(hubs[1], "x", id: "1") == .done(delivered: 0))
        _ = await publish(hubs[1], "end")
        for ear in ears {
            try await eventually("the end comes") { ear.texts.last == "end" }
            #expect(ear.texts == ["x", "end"])
        }
    }

    @Test func idsThatAreSentThroughTwoNodesAtTheSameMoment() async throws {
        let hubs = try await HubStage.hubs("a", "b", "c")
        let ears = hubs.map { HubEar($0) }
        let ids = (0..<300).map { "id\($0)" }
        await withTaskGroup(of: Void.self) { group in
            for hub in hubs {
                group.addTask { for id in ids { _ = await publish(hub, id, id: id) } }
            }
        }
        for ear in ears {
            try await eventually("all come") { ear.texts.count >= ids.count }
        }
        _ = await publish(hubs[1], "end")
        for ear in ears {
            try await eventually("the end comes") { ear.texts.last == "end" }
            #expect(ear.texts.count == ids.count + 1)
            #expect(Set(ear.texts) == Set(ids + ["end"]))
        }
    }

    // MARK: Order

    @Test(arguments: [(0, 1), (1, 0), (0, 0), (1, 1), (2, 0), (0, 2)])
    func aPublicationWaitsForTheOneBeforeItThatComesThroughAnotherNode(late: Int, early: Int) async throws {
        let hubs = try await HubStage.hubs("a", "b", "c")
        // The last node has nobody on the channel: what comes through it is carried on all the same.
        let ears = [HubEar(hubs[0]), HubEar(hubs[1])]
        _ = await publish(hubs[0], "0", id: "0")
        _ = await publish(hubs[early], "2", id: "2", after: "1")
        _ = await publish(hubs[early], "3", id: "3", after: "2")
        for ear in ears {
            try await eventually("the first comes") { ear.texts == ["0"] }
        }
        _ = await publish(hubs[late], "1", id: "1", after: "0")
        for ear in ears {
            try await eventually("all come") { ear.texts.count >= 4 }
            #expect(ear.texts == ["0", "1", "2", "3"])
        }
    }

    @Test func whatWaitsInVainIsGivenOutOnceOnEachNode() async throws {
        let hubs = try await HubStage.hubs("a", "b", wait: .milliseconds(300))
        let ears = hubs.map { HubEar($0) }
        _ = await publish(hubs[0], "0", id: "0")
        _ = await publish(hubs[0], "9", id: "9", after: "8")
        for ear in ears { try await eventually("it comes at last") { ear.texts == ["0", "9"] } }
        _ = await publish(hubs[1], "end")
        for ear in ears {
            try await eventually("the end comes") { ear.texts.last == "end" }
            #expect(ear.texts == ["0", "9", "end"])
        }
    }

    // MARK: What is carried to others

    private func broadcasts(_ broker: RecordingBroker) -> [String] {
        broker.notes.flatMap { note -> [Broadcast] in if case .broadcast(let broadcasts) = note { broadcasts } else { [] } }.compactMap {
            if case .message(let publication) = $0, case .text(let text) = publication.payload { String(buffer: text) } else { nil }
        }
    }

    @Test(arguments: [true, false]) func othersAreGivenEachPublicationOnceAndAtOnce(isHeardHere: Bool) async throws {
        let broker = RecordingBroker()
        let hub = try await HubStage.hub(broker, wait: .milliseconds(300))
        let ear = isHeardHere ? HubEar(hub) : nil
        _ = await publish(hub, "0", id: "0")
        _ = await publish(hub, "2", id: "2", after: "1")
        #expect(broadcasts(broker) == ["0", "2"], "it waits for nothing that this node lacks")
        _ = await publish(hub, "2", id: "2", after: "1")
        if let ear { try await eventually("it comes at last") { ear.texts == ["0", "2"] } }
        _ = await publish(hub, "1", id: "1", after: "0")
        _ = await publish(hub, "end")
        #expect(broadcasts(broker) == ["0", "2", "1", "end"])
    }

    @Test func whatComesFromOthersIsNeverPassedOn() async throws {
        let broker = RecordingBroker()
        let hub = try await HubStage.hub(broker, wait: .milliseconds(200))
        let ear = HubEar(hub)
        hub.deliver([.message(HubStage.publication("0", id: "0")), .message(HubStage.publication("2", id: "2", after: "1"))])
        hub.deliver([.message(HubStage.publication("0", id: "0")), .message(HubStage.publication("plain"))])
        try await eventually("all come") { ear.texts == ["0", "plain", "2"] }
        #expect(broadcasts(broker).isEmpty)
    }

    // MARK: What a node tells of itself

    @Test func aNodeTellsHowItDoes() {
        let watch = BrokerWatch(RecordingBroker(), loops: 2)
        #expect(watch.standing == NodeStanding())
        watch.note(connections: 3, isDraining: false, on: 0)
        watch.note(connections: 4, isDraining: true, on: 1)
        #expect(watch.standing == NodeStanding(connections: 7, isDraining: true))
    }

    // MARK: Interest

    @Test func aListenerIsInterest() async throws {
        let broker = RecordingBroker()
        let hub = try await HubStage.hub(broker)
        let ear = HubEar(hub)
        let second = HubEar(hub)
        #expect(broker.notes.filter { $0 == .began(HubStage.room) }.count == 1)
        await ear.leave()
        await second.leave()
        try await eventually("interest ends") { broker.notes.contains(.ended(HubStage.room)) }
        #expect(broker.notes.filter { $0 == .ended(HubStage.room) }.count == 1)
    }
}
