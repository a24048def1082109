// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import HoldfastWire
import NIOCore

struct Tail: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print what is published to a channel, as it comes.")

    @Argument(help: "The channel's name.") var channel: String
    @OptionGroup var options: ControlOptions

    func run() async throws {
        try await options.client().events("/v1/channels/\(ControlClient.segment(channel))/messages") { data in
            let event = try? JSONReader.parse(ByteBuffer(string: data))
            Console.say(event?["text"]?.string ?? event?["base64"]?.string.map { "(binary) \($0)" } ?? data)
        }
    }
}
