// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

struct Close: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Close one connection.")

    @Argument(help: "The connection's id.") var id: String
    @Option(help: "1000, 1001, 1003, 1007 to 1014 or 3000 to 4999.") var code = 1000
    @Option(help: "At most 123 bytes.") var reason = ""
    @OptionGroup var options: ControlOptions

    func run() async throws {
        let query = "?code=\(code)&reason=\(ControlClient.segment(reason))"
        try await options.client().call(.delete, "/v1/connections/\(ControlClient.segment(id))\(query)")
        Console.say("closing")
    }
}
