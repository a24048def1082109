// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import HoldfastWire

struct Channels: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List channels with their numbers of subscribers.")

    @OptionGroup var options: ControlOptions

    func run() async throws {
        var cursor: String?
        repeat {
            let page = try await options.client().call(.get, "/v1/channels?limit=1000" + (cursor.map { "&after=\(ControlClient.segment($0))" } ?? ""))
            for entry in page?["channels"]?.array ?? [] {
                Console.say("\(entry["name"]?.string ?? "")\t\(entry["subscribers"]?.integer ?? 0)")
            }
            cursor = page?["next"]?.string
        } while cursor != nil
    }
}
