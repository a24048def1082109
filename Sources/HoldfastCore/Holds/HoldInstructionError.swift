// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Why an app's response cannot be carried out as an instruction.
package struct HoldInstructionError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is wrong and where, and what is accepted: `Grip-Hold: expected response or stream, found "maybe"`, `hold.channels[0].name: …`.
    package let description: String

    package init(_ description: String) { self.description = description }
}
