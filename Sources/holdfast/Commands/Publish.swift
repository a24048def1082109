// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import HoldfastWire

struct Publish: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Send a text to all subscribers of a channel.")

    @Argument(help: "The channel's name.") var channel: String
    @Argument(help: "The text.") var text: String
    @Option(help: "A repeated id within 60 seconds is delivered once.") var id: String?
    @OptionGroup var options: ControlOptions

    func run() async throws {
        let query = id.map { "?id=\(ControlClient.segment($0))" } ?? ""
        let answer = try await options.client().call(.post, "/v1/channels/\(ControlClient.segment(channel))/messages\(query)", body: text)
        let isRepeated = answer?["duplicate"]?.bool ?? false
        let delivered = answer?["delivered"]?.integer ?? 0
        Console.say(isRepeated ? "not delivered: this id was published before" : Self.told(delivered: delivered, nodes: answer?["nodes"]?.integer))
    }

    /// What became of a publication.
    ///
    /// - Parameters:
    ///   - delivered: the connections of the node that was asked.
    ///   - nodes: how many it is carried to, with that one; `nil` where that one stands alone.
    static func told(delivered: Int, nodes: Int?) -> String {
        let here = "delivered to \(delivered) connection\(delivered == 1 ? "" : "s")"
        return switch nodes {
        case nil: here
        case let nodes? where nodes > 1: "\(here) here, carried to \(nodes - 1) other node\(nodes == 2 ? "" : "s")"
        // The answer does not say which of both it is.
        case _?: "\(here) here, carried to no other node: none is there, or the broker is away and it waits"
        }
    }
}
