// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import HoldfastCore

struct Slip: DropInCommand {
    static let configuration = CommandConfiguration(
        abstract: "Stand in for slip-sockets: the same webhooks, tokens and control API, without AWS.",
        discussion: """
            Clients connect to port 8080. The app's controlApi is the control port: http://127.0.0.1:8081, at any path.

              JWT_SECRET=… holdfast slip http://localhost:3000/slip

            Variables:
              TARGET_URL    where the app is called, unless the command line or a file says it
              JWT_SECRET    what tokens are signed with, both ways; also the control token, unless there is another
              STACK_NAME    the route's name in logs and metrics
              DOMAIN_NAME   has no effect, and is told so: names and certificates are yours here

            What it is in a file: target, slip.jwtSecret, name. Of the stack's outputs, websocketUrl is where --listen is, controlApi where --control is.
            """)

    @Argument(help: ArgumentHelp("Where your app is called, such as http://localhost:3000/slip.", valueName: "url"))
    var target: String?

    @OptionGroup var options: ServingOptions

    func plan() throws -> ServingPlan {
        var variables = SlipVariables(environment: ProcessInfo.processInfo.environment, secret: options.jwtSecret)
        var plan = try ServingPlan.make(options, target: target) { try variables.apply(to: &$0) }
        plan.warnings += variables.notes
        return plan
    }
}
