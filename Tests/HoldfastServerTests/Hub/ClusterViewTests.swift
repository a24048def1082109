// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HoldfastCore
import HoldfastTesting
import HoldfastWire
import NIOCore
import Testing

@testable import HoldfastServer

/// What the control API of one node shows of all.
@Suite struct ClusterViewTests {
    /// Subscribes each client to the channels of its query.
    private static let app = FakeApp { webhook in
        let query = webhook["connection"]?["query"]?.string ?? ""
        let actions = query.split(separator: "+").map { "{\"type\":\"subscribe\",\"channel\":\"\($0)\"}" }
        return "{\"actions\":[\(actions.joined(separator: ","))]}"
    }

    // MARK: Lists

    @Test func connectionsOfAllNodesInPages() async throws {
        try await withThreeNodes { nodes in
            for node in nodes { for number in 0..<5 { try await join(node, number % 2 == 0 ? "room" : "hall") } }
            let whole = try await pages(nodes[0], "/v1/connections?limit=1000", "connections") { $0["id"]?.string }
            #expect(whole.count == 15)
            #expect(whole.map { $0.prefix(1) } == ["a", "a", "a", "a", "a", "b", "b", "b", "b", "b", "c", "c", "c", "c", "c"])
            for node in nodes {
                for limit in [1, 4, 5, 14, 15] {
                    #expect(try await pages(node, "/v1/connections?limit=\(limit)", "connections") { $0["id"]?.string } == whole)
                }
                #expect(try await pages(node, "/v1/connections?limit=2&channel=room", "connections") { $0["id"]?.string }.count == 9)
                #expect(try await pages(node, "/v1/connections?limit=2&node=b", "connections") { $0["id"]?.string } == Array(whole[5..<10]))
                #expect(try await pages(node, "/v1/channels/room?limit=2", "connections") { $0.string }.count == 9)
                #expect(try await get(node, "/v1/channels/room").1["subscribers"]?.integer == 9)
                #expect(try await get(node, "/v1/channels/room?node=c").1["subscribers"]?.integer == 3)
            }
        }
    }

    /// A page's cursor is good also when its node has left meanwhile.
    @Test func aCursorOfANodeThatIsGone() async throws {
        try await withThreeNodes { nodes in
            for node in nodes { try await join(node, "room") }
            let (_, page) = try await get(nodes[2], "/v1/connections?limit=1000")
            let ids = page["connections"]?.array?.compactMap { $0["id"]?.string } ?? []
            for (cursor, expected) in [
                (ids[0].replacing("a.", with: "aa."), [ids[1], ids[2]]), (ids[0].replacing("a.", with: "0."), ids), (ids[2], []),
                (ids[2].replacing("c.", with: "zz."), []),
            ] {
                let (_, rest) = try await get(nodes[0], "/v1/connections?after=\(cursor)")
                #expect(rest["connections"]?.array?.compactMap { $0["id"]?.string } == expected)
            }
        }
    }

    @Test func channelsAreOneListWithWhatAllNodesHave() async throws {
        try await withThreeNodes { nodes in
            try await join(nodes[0], "only-a+room")
            try await join(nodes[1], "room+only-b")
            try await join(nodes[2], "room+room/2")
            for node in nodes {
                for limit in [1, 2, 4, 100] {
                    let all = try await pages(node, "/v1/channels?limit=\(limit)", "channels") { entry in
                        entry["name"]?.string.map { "\($0) \(entry["subscribers"]?.integer ?? 0)" }
                    }
                    #expect(all == ["only-a 1", "only-b 1", "room 3", "room/2 1"])
                }
                let (_, own) = try await get(node, "/v1/channels?node=b")
                #expect(own["channels"]?.array?.compactMap { $0["name"]?.string } == ["only-b", "room"])
            }
        }
    }

    @Test func oneConnectionOfAnotherNode() async throws {
        try await withThreeNodes { nodes in
            try await join(nodes[1], "room")
            let (_, page) = try await get(nodes[0], "/v1/connections")
            let id = try #require(page["connections"]?.array?.first?["id"]?.string)
            let (status, shown) = try await get(nodes[2], "/v1/connections/\(id)")
            #expect(status == 200)
            #expect(shown["id"]?.string == id)
            #expect(shown["channels"]?.array?.first?.string == "room")
            for other in [
                id.replacing("b.", with: "c."), id.replacing("b.", with: "nobody."), "b.0.AAAAAAAAAAAAAAAAAAAAAA", "b.999.AAAAAAAAAAAAAAAAAAAAAA",
            ] {
                #expect(try await get(nodes[2], "/v1/connections/\(other)").0 == 404)
            }
        }
    }

    @Test func nodesOfTheCluster() async throws {
        try await withThreeNodes { nodes in
            try await join(nodes[1], "room")
            for (node, name) in zip(nodes, ["a", "b", "c"]) {
                let (status, shown) = try await get(node, "/v1/nodes")
                #expect(status == 200)
                let list = shown["nodes"]?.array ?? []
                #expect(list.compactMap { $0["name"]?.string } == ["a", "b", "c"])
                let own = list.filter { $0["self"] != nil }
                #expect(own.compactMap { $0["name"]?.string } == [name])
                #expect(own.first?["version"]?.string == Version.number)
                #expect(own.first?["connections"]?.integer == (name == "b" ? 1 : 0))
                #expect(shown["broker"]?["name"]?.string == "memory")
            }
            #expect(try await get(nodes[0], "/v1/connections?node=d").0 == 404)
            #expect(try await get(nodes[0], "/v1/channels?node=d").0 == 404)
            #expect(try await get(nodes[0], "/v1/channels/room?node=d").0 == 404)
        }
    }

    // MARK: Nodes that do not answer

    @Test func aNodeThatIsSilentIsNamed() async throws {
        let silent = ["m", "z"].compactMap { NodeName($0) }.map { NodeMember(name: $0, instance: 1, version: "1") }
        let broker = RecordingBroker(node: try #require(NodeName("n")), members: silent) { $0.map { _ in .unreachable } }
        try await Self.app.running { target in
            try await RunningGateway.running(target, broker: broker) { node in
                try await join(node, "room")
                for (path, key) in [("/v1/connections", "connections"), ("/v1/channels", "channels"), ("/v1/channels/room", "connections")] {
                    let (status, shown) = try await get(node, path)
                    #expect(status == 200)
                    #expect(shown[key]?.array?.count == 1)
                    #expect(shown["unreachable"]?.array?.compactMap(\.string) == ["m", "z"])
                    let (_, own) = try await get(node, path + "?node=n")
                    #expect(own["unreachable"] == nil)
                }
                #expect(try await get(node, "/v1/connections/m.0.AAAAAAAAAAAAAAAAAAAAAA").0 == 503)
                #expect(try await get(node, "/v1/connections/o.0.AAAAAAAAAAAAAAAAAAAAAA").0 == 404)
                let path = "/v1/connections/z.0.AAAAAAAAAAAAAAAAAAAAAA/messages"
                #expect(try await HTTP.request("POST", port: node.control, path, body: "x").status == 503)
            }
        }
    }

    // MARK: How far a publication goes

    @Test func theAnswerSaysHowManyNodesHear() async throws {
        try await withThreeNodes { nodes in
            try await join(nodes[1], "room")
            for (index, node) in nodes.enumerated() {
                try await eventually("all nodes are counted") {
                    try await post(node, "/v1/channels/room/messages", "x")["nodes"]?.integer == 3
                }
                #expect(try await post(node, "/v1/channels/room/messages", "x")["delivered"]?.integer == (index == 1 ? 1 : 0))
                let id = try await post(node, "/v1/channels/room/messages?id=\(index)", "x")
                #expect(id["nodes"]?.integer == 3)
                let again = try await post(node, "/v1/channels/room/messages?id=\(index)", "x")
                #expect(again["duplicate"] != nil && again["nodes"] == nil)
                let actions =
                    #"{"actions":[{"type":"publish","channel":"room","text":"x"},{"type":"send","to":"a.0.AAAAAAAAAAAAAAAAAAAAAA","text":"x"}]}"#
                let results = try await post(node, "/v1/actions", actions, contentType: "application/json")["results"]?.array
                #expect(results?.first?["nodes"]?.integer == 3)
                #expect(results?.last?["nodes"] == nil)
            }
        }
        try await Self.app.running { target in
            try await RunningGateway.running(target) { node in
                let alone = try await post(node, "/v1/channels/room/messages", "x")
                #expect(alone["nodes"] == nil)
            }
        }
    }

    /// What follows an action on another node's connection waits until that is done.
    @Test func aPublicationBehindASubscriptionOnAnotherNodeReachesIt() async throws {
        try await withThreeNodes { nodes in
            let probe = try await join(nodes[1], "hall")
            let (_, page) = try await get(nodes[0], "/v1/connections")
            let id = try #require(page["connections"]?.array?.first?["id"]?.string)
            let actions = """
                {"actions":[{"type":"subscribe","channel":"room","to":"\(id)"},{"type":"publish","channel":"room","text":"1"},\
                {"type":"send","to":"\(id)","text":"2"},{"type":"publish","channel":"room","text":"3"}]}
                """
            let answer = try await post(nodes[0], "/v1/actions", actions, contentType: "application/json")
            #expect(answer["results"]?.array?.compactMap { $0["status"]?.string } == ["ok", "ok", "ok", "ok"])
            try await eventually("all come") { probe.texts.count >= 3 }
            #expect(probe.texts == ["1", "2", "3"])
        }
    }

    // MARK: Helpers

    private func withThreeNodes(_ body: @escaping @Sendable ([RunningGateway]) async throws -> Void) async throws {
        let exchange = MemoryBroker.Exchange()
        let brokers = ["a", "b", "c"].compactMap { NodeName($0) }.map { MemoryBroker(node: $0, exchange: exchange) }
        try await Self.app.running { target in
            try await RunningGateway.running(target, broker: brokers[0]) { a in
                try await RunningGateway.running(target, broker: brokers[1]) { b in
                    try await RunningGateway.running(target, broker: brokers[2]) { c in try await body([a, b, c]) }
                }
            }
        }
    }

    /// A client on these channels, with a plus between.
    @discardableResult
    private func join(_ node: RunningGateway, _ channels: String) async throws -> WebSocketProbe {
        let probe = try await WebSocketProbe.connect(port: node.port, path: "/?\(channels)")
        try await eventually("the client is in") { probe.head != nil }
        return probe
    }

    private func get(_ node: RunningGateway, _ path: String) async throws -> (Int, JSONValue) {
        let (status, body) = try await HTTP.request("GET", port: node.control, path)
        return (status, try JSONReader.parse(ByteBuffer(bytes: body)))
    }

    @discardableResult
    private func post(_ node: RunningGateway, _ path: String, _ body: String, contentType: String? = nil) async throws -> JSONValue {
        let (_, answer) = try await HTTP.request("POST", port: node.control, path, contentType: contentType, body: body)
        return try JSONReader.parse(ByteBuffer(bytes: answer))
    }

    /// All pages, one after the other.
    private func pages(_ node: RunningGateway, _ path: String, _ key: String, _ read: (JSONValue) -> String?) async throws -> [String] {
        var all: [String] = []
        var cursor = ""
        for _ in 0..<100 {
            let (_, page) = try await get(node, path + cursor)
            all += page[key]?.array?.compactMap(read) ?? []
            guard let next = page["next"]?.string else { return all }
            cursor = "&after=\(next.replacing("/", with: "%2F"))"
        }
        return all
    }
}
