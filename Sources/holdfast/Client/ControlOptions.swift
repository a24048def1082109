// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

/// Which gateway a command talks to.
struct ControlOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The gateway's control API. Default 127.0.0.1:8081, or HOLDFAST_CONTROL.", valueName: "host:port"))
    var control: String?

    @Option(help: ArgumentHelp("Its token, or HOLDFAST_CONTROL_TOKEN.", valueName: "token"))
    var controlToken: String?

    var client: ControlClient {
        let environment = ProcessInfo.processInfo.environment
        var address = control ?? environment["HOLDFAST_CONTROL"] ?? "127.0.0.1:8081"
        if !address.contains("://") { address = "http://\(address.hasPrefix(":") ? "127.0.0.1" : "")\(address)" }
        while address.hasSuffix("/") { address.removeLast() }
        return ControlClient(base: address, token: controlToken ?? environment["HOLDFAST_CONTROL_TOKEN"])
    }
}
