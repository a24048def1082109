// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import HoldfastServer

@main
struct Holdfast: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "holdfast",
        abstract: "Holds WebSockets for apps that only speak HTTP.",
        discussion: """
            Clients connect to Holdfast. It tells your app about each event by an HTTP request, does what the answer says, and takes
            commands over HTTP at any time.

              holdfast demo                                   a chat room to try at once, nothing else needed
              holdfast serve http://localhost:3000/hook       your app, behind every path
              holdfast serve -c holdfast.yaml                 several apps, limits, secrets
              holdfast grip http://localhost:8000             in the place of Pushpin
              holdfast wsify --authorizer-url URL             in the place of wsify
              holdfast check -c holdfast.yaml                 all faults of a configuration
              holdfast publish lobby 'hello'                  to all subscribers of a channel
            """,
        version: Version.number,
        subcommands: [
            Serve.self, Grip.self, Slip.self, Wsaas.self, Wsify.self, Unsocket.self, Convert.self, Check.self, Demo.self, Publish.self, Send.self,
            Close.self, Connections.self, Channels.self, Tail.self,
        ])

    func run() async throws { throw CleanExit.helpRequest(self) }
}
