// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Testing

@testable import HoldfastApp

@Suite struct WebhookHandlerTests {
    private struct Failure: Error {}

    private static let echo = WebhookHandler(verifying: .unverified) { event, answer in
        if case .message(let message) = event.kind { try answer.send(message) }
    }

    private static func post(_ headers: HTTPFields = [:]) -> HTTPRequest {
        HTTPRequest(method: .post, scheme: nil, authority: nil, path: "/hook", headerFields: headers)
    }

    @Test func answersEachEventInOrder() async {
        let answer = await Self.echo.respond(to: Self.post(), body: Samples.chat.utf8)
        #expect(answer.status == .ok)
        #expect(answer.headers[.contentType] == "application/json")
        #expect(answer.text == #"{"actions":[{"type":"send","text":"hällo \"du\""},{"type":"send","base64":"AAEC"}]}"#)
    }

    @Test func nothingToDo() async {
        #expect(await Self.echo.respond(to: Self.post(), body: Samples.opening.utf8).text == #"{"actions":[]}"#)
    }

    /// The next event of a batch sees what was said for the one before.
    @Test func connectionFollowsTheAnswer() async throws {
        let handler = WebhookHandler(verifying: .unverified) { event, answer in
            if event.seq == 2 {
                try answer.setState(["user": nil, "name": "Jo"])
                try answer.setState(["elsewhere": "1"], to: "c2")
                try answer.subscribe("a")
                try answer.subscribe("a")
                try answer.unsubscribe("room-7")
                try answer.subscribe("b", to: "c2")
            } else {
                let connection = answer.connection
                #expect(connection.state == ["name": "Jo"])
                #expect(connection.channels == ["a"])
                #expect(answer.webhook.connection.state == ["user": "42"])
                throw Failure()
            }
        }
        #expect(await handler.respond(to: Self.post(), body: Samples.chat.utf8).status == .internalServerError)
    }

    @Test func refusals() async throws {
        let signed = WebhookHandler(verifying: try WebhookVerifier(secrets: [Samples.secret], clock: { Samples.now }), maxBodyBytes: 2000) { _, _ in
        }
        let unsigned = await signed.respond(to: Self.post(), body: Samples.chat.utf8)
        #expect(unsigned.status == .unauthorized)
        #expect(unsigned.headers[.contentType] == "text/plain; charset=utf-8")
        #expect(unsigned.text == "webhook-id: missing; the app expects signed webhooks\n")
        #expect(await signed.respond(to: Self.post(Samples.signed(Samples.chat)), body: Samples.chat.utf8).status == .ok)

        let get = await signed.respond(to: HTTPRequest(method: .get, scheme: nil, authority: nil, path: "/"), body: [])
        #expect(get.status == .methodNotAllowed)
        #expect(get.headers[.allow] == "POST")
        #expect(get.text == "expected POST, found GET\n")

        let large = await signed.respond(to: Self.post(), body: Array(repeating: UInt8(0x20), count: 2001))
        #expect(large.status == .contentTooLarge)
        #expect(large.text == "a body of 2001 bytes; at most 2000 are read\n")
        #expect(await Self.echo.respond(to: Self.post(), body: "{}".utf8).status == .badRequest)
    }

    /// Also an error that looks like the gateway's fault: it is the app that threw it.
    @Test(arguments: [Failure(), WebhookError(.signature, "x"), AnswerError("x"), CancellationError()] as [any Error])
    func whatTheAppThrowsIsItsOwn(_ error: any Error) async {
        let handler = WebhookHandler(verifying: .unverified) { _, answer in
            try answer.send("lost")
            throw error
        }
        let answer = await handler.respond(to: Self.post(), body: Samples.chat.utf8)
        #expect(answer.status == .internalServerError)
        #expect(answer.text == "the app failed\n")
    }

    @Test func otherFrameworks() async {
        let headers = Samples.signed(Samples.chat).map { (name: $0.name.rawName.uppercased(), value: $0.value) }
        let handler = WebhookHandler(
            verifying: (try? WebhookVerifier(secrets: [Samples.secret], clock: { Samples.now })) ?? .unverified
        ) { _, answer in
            #expect(answer.webhook.isVerified)
        }
        let answer = await handler.respond(method: "POST", headers: headers + [(name: "no name", value: "x")], body: Array(Samples.chat.utf8))
        #expect(answer.status == .ok)
        #expect(await handler.respond(method: "PUT", headers: headers, body: []).status == .methodNotAllowed)
        #expect(await handler.respond(method: "", headers: headers, body: []).status == .methodNotAllowed)
    }
}
