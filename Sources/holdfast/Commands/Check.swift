// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import HoldfastCore
import HoldfastServer
import Logging

struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show all faults of a configuration, or the whole of it as it is in force.",
        discussion: "Takes the same flags and variables as serve. Exit code 0 when all is well, 1 otherwise.")

    @Argument(help: ArgumentHelp("As for serve.", valueName: "url"))
    var target: String?

    @OptionGroup var options: ServingOptions

    func run() async throws {
        try await Console.explaining {
            let plan = try ServingPlan.make(options, target: target)
            _ = try Certificates(plan.configuration, logger: Logger(label: "check", factory: { _ in SwiftLogNoOpLogHandler() }))
            for warning in plan.warnings { Console.complain("warning: \(warning)") }
            Console.say(plan.configuration.effective + "# no faults")
        }
    }
}
