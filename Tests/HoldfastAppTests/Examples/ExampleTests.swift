// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import Hummingbird
import Testing

@testable import HoldfastApp

/// The README's program is this target's, and does what it says.
@Suite struct ExampleTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()

    @Test func readmeHasTheProgram() throws {
        let source = try String(contentsOf: Self.folder.appending(path: "HummingbirdChat.swift"), encoding: .utf8)
        let readme = try String(contentsOf: Self.folder.appending(path: "../../../clients/swift/README.md"), encoding: .utf8)
        let program = try #require(source.components(separatedBy: "plays it.\n").last).trimmingCharacters(in: .newlines)
        #expect(readme.contains("```swift\n\(program)\n```\n"))
    }

    @Test func chat() async throws {
        let handler = try HoldfastAppTests.chat(secret: Samples.secret)
        let now = WebhookVerifier.systemClock()
        func answer(_ events: String, state: String = #"{"name":"ann"}"#) async -> String {
            let body = #"{"connection":{"id":"c1","query":"name=ann","state":\#(state)},"events":[\#(events)]}"#
            let request = HTTPRequest(
                method: .post, scheme: nil, authority: nil, path: "/hook", headerFields: Samples.signed(body, at: now))
            return await handler.respond(to: request, body: body.utf8).text
        }
        #expect(
            await answer(#"{"seq":1,"type":"open"}"#, state: "{}")
                == #"{"actions":[{"type":"setState","state":{"name":"ann"}},{"type":"subscribe","channel":"lobby"},"#
                + #"{"type":"publish","channel":"lobby","text":"ann joined"}]}"#)
        #expect(await answer(#"{"seq":2,"type":"message","base64":"AA=="}"#) == #"{"actions":[{"type":"send","base64":"AA=="}]}"#)
        #expect(await answer(#"{"seq":3,"type":"close","code":1000}"#) == #"{"actions":[{"type":"publish","channel":"lobby","text":"ann left"}]}"#)
        #expect(await answer(#"{"seq":4,"type":"later"}"#) == #"{"actions":[]}"#)
    }

    @Test func routesAreThose() throws {
        let routes = HoldfastAppTests.routes(try HoldfastAppTests.chat(secret: Samples.secret)).routes
        #expect(routes.map { "\($0.method) \($0.path)" } == ["POST /hook"])
    }
}
