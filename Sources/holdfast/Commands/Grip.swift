// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import HoldfastCore

struct Grip: DropInCommand {
    static let configuration = CommandConfiguration(
        abstract: "Stand in for Pushpin: WebSocket-over-HTTP, GRIP, and requests that are held.",
        discussion: """
            Clients connect to port 7999, and your app publishes to http://localhost:5561/, as with Pushpin. WebSockets are carried to your app as
            HTTP requests, other requests are passed on to it, and what its answers say of channels and holds is done.

              holdfast grip http://localhost:8000                      one app, behind every path
              holdfast grip --routes /etc/pushpin/routes               the routes of a Pushpin
              holdfast grip --pushpin-conf /etc/pushpin/pushpin.conf   its settings and its routes

            What is not carried over from Pushpin's files is listed at the start, a sentence each.
            """)

    @Argument(help: ArgumentHelp("Where your app is, such as http://localhost:8000.", valueName: "url"))
    var target: String?

    @Option(help: ArgumentHelp("Take the routes of a Pushpin.", valueName: "file"))
    var routes: String?
    @Option(help: ArgumentHelp("Take the settings of a Pushpin, and its routes unless --routes says others.", valueName: "file"))
    var pushpinConf: String?

    @OptionGroup var options: ServingOptions

    func plan() throws -> ServingPlan {
        if let target, let routes {
            throw ValidationError("give either the app's URL or a file with routes, not both (\(target); \(routes))")
        }
        let configured = options.config ?? ProcessInfo.processInfo.environment["HOLDFAST_CONFIG"]
        guard target != nil || routes != nil || pushpinConf != nil || configured != nil else {
            throw ValidationError("where is your app? Give its URL (holdfast grip http://localhost:8000), --routes, --pushpin-conf or -c")
        }
        var notes: [String] = []
        var plan = try ServingPlan.make(options, target: target) {
            notes = try PushpinImport.read(routes: routes, conf: pushpinConf, into: &$0)
        }
        plan.warnings += notes
        return plan
    }
}
