// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Hold WebSockets for an app.",
        discussion: """
            With a URL there is one route, for every path, and the app there is asked. With a file (-c) there are as many as it lists.

            Each flag is also a variable (HOLDFAST_LISTEN, HOLDFAST_WEBHOOK_TIMEOUT, …) and a key of the file; flags win over variables, variables over
            the file, and a route's own setting over all of them. Times are written 250ms, 10s, 2m; sizes 512, 16KiB, 1MiB.
            """)

    @Argument(help: ArgumentHelp("Where your app is called, such as http://localhost:3000/hook.", valueName: "url"))
    var target: String?

    @OptionGroup var options: ServingOptions

    func run() async throws {
        try await Console.explaining { try await GatewayRunner.run(try ServingPlan.make(options, target: target)) }
    }
}
