// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

struct Send: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Send a text to one connection.")

    @Argument(help: "The connection's id.") var id: String
    @Argument(help: "The text.") var text: String
    @OptionGroup var options: ControlOptions

    func run() async throws {
        try await options.client().call(.post, "/v1/connections/\(ControlClient.segment(id))/messages", body: text)
        Console.say("sent")
    }
}
