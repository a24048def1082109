// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// A command that stands in for another program: it takes that program's own flags and variables.
///
/// What it makes of them is said once, in ``plan()``; `holdfast NAME` runs that, and `holdfast convert NAME` prints it as a file.
protocol DropInCommand: AsyncParsableCommand {
    /// Reads flags, variables and files.
    ///
    /// - Throws: ``ConfigurationFaults``, or a validation error where flags contradict each other.
    func plan() throws -> ServingPlan
}

extension DropInCommand {
    func run() async throws {
        try await Console.explaining { try await GatewayRunner.run(try plan()) }
    }
}
