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
        let count = answer?["delivered"]?.integer ?? 0
        let isRepeated = answer?["duplicate"]?.bool ?? false
        Console.say(isRepeated ? "not delivered: this id was published before" : "delivered to \(count) connection\(count == 1 ? "" : "s")")
    }
}
