// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

struct Convert: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the holdfast.yaml that stands for the flags and variables of a drop-in command.",
        discussion: """
            Takes what that command takes, and prints instead of running:

              holdfast convert wsify --authorizer-url http://localhost:8000 --broadcasting-key s3cret > holdfast.yaml
              holdfast check -c holdfast.yaml
              holdfast serve -c holdfast.yaml

            Secrets are printed as they are. Variables HOLDFAST_… that are set now become a part of the file.
            """,
        subcommands: [
            Conversion<Grip>.self, Conversion<Slip>.self, Conversion<Unsocket>.self, Conversion<Wsaas>.self, Conversion<Wsify>.self,
        ])
}

/// `holdfast convert NAME`: prints what `holdfast NAME` would run with.
struct Conversion<Command: DropInCommand>: AsyncParsableCommand {
    static var name: String { "\(Command.self)".lowercased() }

    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: name, abstract: "Print the holdfast.yaml that stands for holdfast \(name) with these flags and variables.",
            discussion: "Secrets are printed as they are. What the flags mean is told by holdfast \(name) --help.")
    }

    @OptionGroup var command: Command

    func run() async throws {
        try await Console.explaining {
            let plan = try command.plan()
            for warning in plan.warnings { Console.complain("warning: \(warning)") }
            Console.print(ConfigurationYAML.text(plan.root, title: "holdfast \(Self.name), as a file. Secrets stand here as they are."))
        }
    }
}
