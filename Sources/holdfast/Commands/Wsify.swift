// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import HoldfastCore

struct Wsify: DropInCommand {
    static let configuration = CommandConfiguration(
        abstract: "Stand in for wsify: the same flags, the same commands of clients, the same POST /broadcast.",
        discussion: """
            Clients connect to ws://HOST:3000/ws, and publishers post to http://HOST:3000/broadcast. Your app is asked about each command.

              holdfast wsify --authorizer-url http://localhost:8000 --broadcasting-key s3cret

            What the flags set, as keys of a file (holdfast convert wsify … prints them as one):
              --authorizer-url     target: without it nobody is asked, and everything is allowed
              --listen-addr        listen
              --broadcasting-key   wsify.broadcastingKey: without it anyone who reaches the port may publish
              --broker-driver, --broker-dsn   broker
            Version 2, with --v2 or its own flags: clients connect to ws://HOST:4040/subscribe?key=…
              -webhook             target                    -listen   listen
              -events              wsify.events              -origin   origins
              -publish             wsify.broadcastPath       -debug    log.level
            The control API is at 127.0.0.1:8081 (--control). Logs are JSON (--log-format).
            """)

    @OptionGroup(title: "wsify") var flags: WsifyFlags
    @OptionGroup var options: ServingOptions

    func plan() throws -> ServingPlan {
        guard options.listen.isEmpty || (flags.listenAddr ?? flags.listen) == nil else {
            throw ValidationError("give either --listen or wsify's own flag for it, not both")
        }
        var warnings: [String] = []
        var plan = try ServingPlan.make(options) { warnings = try flags.apply(to: &$0) }
        plan.warnings += warnings
        return plan
    }
}
