// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import HoldfastCore
import HoldfastServer

/// What people see: answers on standard output, faults on standard error.
enum Console {
    static func say(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }

    /// Prints text that has its line ends.
    static func print(_ text: String) { FileHandle.standardOutput.write(Data(text.utf8)) }

    static func complain(_ line: String) {
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }

    /// Ends the command with a sentence for each fault and exit code 1; errors that carry no sentence of ours pass through.
    static func explaining<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let faults as ConfigurationFaults {
            for problem in faults.problems { complain("holdfast: \(problem)") }
            throw ExitCode(1)
        } catch let error as GatewayError {
            complain("holdfast: \(error)")
            throw ExitCode(1)
        } catch let error as BrokerError {
            complain("holdfast: \(error)")
            throw ExitCode(1)
        }
    }
}
