// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import HoldfastCore

struct Unsocket: DropInCommand {
    static let configuration = CommandConfiguration(
        abstract: "Stand in for unsocket: connect to somebody's WebSocket server on your app's word.",
        discussion: """
            Your app is asked what to connect to, is told of each message from there, and answers with messages.

              at the start   POST URL  {"messages":[{"type":"ready"}]}
              your answer    {"messages":[{"type":"connect","url":"wss://a.example"}]}
              each message   POST URL  {"messages":[{"type":"text","text":"…"}]}
              your answer    {"messages":[{"type":"text","text":"…"}]}, or nothing
              at any time    curl -d hello http://127.0.0.1:8081/message

            What unsocket has, and where it is here:

              unsocket URL                  holdfast unsocket URL
              -v, --verbose                 the same (--log-level debug)
              JSON logs on standard error   the same (--log-format)
              exit 1 at the remote's close  --no-reconnect; else it connects again
              POST /message                 on the control API (--control)
              [{"init":true}]               --array; answers may have either form
            """)

    @Argument(help: ArgumentHelp("Where your app is called, such as http://localhost:3000/messages.", valueName: "url"))
    var url: String

    @Flag(name: .shortAndLong, help: "Log what happens in detail.")
    var verbose = false
    @Flag(help: "Refuse to connect to loopback, link-local and private addresses, as other commands do.")
    var denyPrivate = false
    @Flag(help: "End with exit code 1 when the remote closes, as unsocket does.")
    var noReconnect = false
    @Flag(help: "Tell the app of connections that opened and closed, and why.")
    var connectionLifecycle = false
    @Flag(help: "Write webhooks as lists, the form of unsocket's document.")
    var array = false
    @Flag(help: "Tell the app of binary messages as if they were text, as unsocket does.")
    var binaryAsText = false

    @OptionGroup var options: ServingOptions

    /// - Returns: the command's own settings over the defaults, under what every serving command takes.
    func plan(environment: [String: String]?) throws -> ServingPlan {
        var options = options
        if verbose, options.logLevel == nil { options.logLevel = "debug" }
        if denyPrivate, options.dialDenyPrivate == nil { options.dialDenyPrivate = "true" }
        let defaults = UnsocketDefaults(
            isArray: array, hasLifecycle: connectionLifecycle, reconnects: !noReconnect, binaryAsText: binaryAsText)
        guard let environment else { return try ServingPlan.make(options, target: url) { defaults.apply(to: &$0) } }
        return try ServingPlan.make(options, target: url, environment: environment) { defaults.apply(to: &$0) }
    }

    func plan() throws -> ServingPlan { try plan(environment: nil) }

    func run() async throws {
        try await Console.explaining { try await GatewayRunner.run(try plan(), endsWithDials: true) }
    }
}
