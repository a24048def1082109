// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import HoldfastWire

struct Connections: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List open connections: id, route, address, age, channels.")

    @Option(help: "Only those of this route.") var route: String?
    @Option(help: "Only subscribers of this channel.") var channel: String?
    @Option(help: "Only what this node of the cluster holds.") var node: String?
    @OptionGroup var options: ControlOptions

    func run() async throws {
        var query = "?limit=1000"
        if let route { query += "&route=\(ControlClient.segment(route))" }
        if let channel { query += "&channel=\(ControlClient.segment(channel))" }
        if let node { query += "&node=\(ControlClient.segment(node))" }
        var cursor: String?
        var silent: Set<String> = []
        repeat {
            let page = try await options.client().call(.get, "/v1/connections\(query)" + (cursor.map { "&after=\($0)" } ?? ""))
            for entry in page?["connections"]?.array ?? [] {
                let channels = entry["channels"]?.array?.compactMap(\.string).joined(separator: ",") ?? ""
                let facts = [
                    entry["id"]?.string, entry["route"]?.string, entry["remoteAddress"]?.string, entry["ageSeconds"]?.integer.map { "\($0)s" },
                ]
                Console.say((facts.compactMap(\.self) + [channels]).joined(separator: "\t"))
            }
            for node in page?["unreachable"]?.array?.compactMap(\.string) ?? [] { silent.insert(node) }
            cursor = page?["next"]?.string
        } while cursor != nil
        for node in silent.sorted() { Console.complain("warning: the node \(node) does not answer, and what it holds is missing") }
    }
}
