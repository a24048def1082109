// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import HoldfastCore
import HoldfastServer

struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a gateway with an example chat app and its page: nothing else is needed.",
        discussion: """
            The app is a stateless HTTP handler; the gateway calls it at its own port, as it would call yours. Its twins in Python and JavaScript are in
            Examples/chat.
            """)

    @Option(help: ArgumentHelp("Where clients connect. Default 127.0.0.1:8080.", valueName: "host:port")) var listen = "127.0.0.1:8080"
    @Option(help: ArgumentHelp("Where the control API listens. Default 127.0.0.1:8081.", valueName: "host:port")) var control = "127.0.0.1:8081"
    @Option(help: ArgumentHelp("Where the example app listens. Default 127.0.0.1:3000.", valueName: "host:port")) var app = "127.0.0.1:3000"

    func run() async throws {
        guard let address = HostPort(app) else { throw ValidationError("--app: \(HostPort.rule)") }
        try await Console.explaining {
            let chat = ChatApp(address: address)
            // The app's port may be chosen by the system, so the app is started first and the gateway told where it is.
            try await chat.running { bound in
                var options = try ServingOptions.parse(["--listen", listen, "--control", control])
                options.logLevel = "notice"
                let plan = try ServingPlan.make(options, target: "http://\(bound)/hook")
                try await GatewayRunner.run(plan) { _, addresses in
                    let gateway = GatewayRunner.shown(addresses.listen[0])
                    Console.say("The gateway listens  \(gateway)/chat")
                    Console.say("Control API          http://\(addresses.control)")
                    Console.say("The example app      http://\(bound)/hook")
                    Console.say("Open http://\(bound)/?gateway=\(gateway) in two tabs and chat. Ctrl-C ends it.")
                }
            }
        }
    }
}
