// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import HoldfastCore

struct Wsaas: DropInCommand {
    static let configuration = CommandConfiguration(
        abstract: "Stand in for wsaas: the same variables, the same webhooks, the same ws_uri.",
        discussion: """
            Variables, with their defaults:
              TARGET_ADDRESS  http://localhost:3000/websocket   where the app is called; /<id> is added (older name: API_URI)
              LOCAL_ADDRESS   http://localhost:8081             prefix of every ws_uri (older name: WS_HOSTNAME)
              WS_PORT         8080                              where clients connect, on 127.0.0.1 unless --listen says otherwise
              HTTP_PORT       8081                              where the app pushes, on 127.0.0.1 unless --control says otherwise
              WS_TIMEOUT      30000                             a client silent for so many milliseconds is gone
              MAX_PAGE        4                                 messages are shorter than so many times 32 KiB
              LOG_LEVEL       info                              error, warn, info, debug, trace
              LOG_STYLE       auto                              colours: always, auto, never
            """)

    @OptionGroup var options: ServingOptions

    func plan() throws -> ServingPlan {
        var variables = WsaasVariables(environment: ProcessInfo.processInfo.environment)
        var plan = try ServingPlan.make(options) { try variables.apply(to: &$0) }
        plan.warnings += variables.warnings
        return plan
    }
}
