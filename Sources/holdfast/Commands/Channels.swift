// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import HoldfastWire

struct Channels: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List channels with their numbers of subscribers.")

    @Option(help: "Only what this node of the cluster holds.") var node: String?
    @OptionGroup var options: ControlOptions

    func run() async throws {
        let query = "/v1/channels?limit=1000" + (node.map { "&node=\(ControlClient.segment($0))" } ?? "")
        var cursor: String?
        var silent: Set<String> = []
        repeat {
            let page = try await options.client().call(.get, query + (cursor.map { "&after=\(ControlClient.segment($0))" } ?? ""))
            for entry in page?["channels"]?.array ?? [] {
                Console.say("\(entry["name"]?.string ?? "")\t\(entry["subscribers"]?.integer ?? 0)")
            }
            for node in page?["unreachable"]?.array?.compactMap(\.string) ?? [] { silent.insert(node) }
            cursor = page?["next"]?.string
        } while cursor != nil
        for node in silent.sorted() { Console.complain("warning: the node \(node) does not answer, and what it holds is missing") }
    }
}
