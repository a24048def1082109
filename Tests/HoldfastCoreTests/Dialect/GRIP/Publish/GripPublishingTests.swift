// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore
import Testing

struct GripPublishingTests {
    @Test("Publisher and gateway say what the transcript has", arguments: try Transcript.all(of: "grip-publish"))
    func transcript(_ transcript: Transcript) throws {
        try GripPublishTranscript.play(transcript)
    }

    private let publishing = GripPublishing(maxMessageBytes: 1 << 20)

    private func post(_ body: String, accept: String? = nil) -> ControlCommand? {
        publishing.command(from: ControlRequest(method: "POST", path: "/publish/", accept: accept, body: ByteBuffer(string: body)))
    }

    @Test("Each item becomes one action, so that results have their places")
    func actions() throws {
        let body = #"{"items":[{"channel":"a","ws-message":{"content":"1"}},{"channel":"b","http-stream":{"action":"hint"}}]}"#
        let command = try #require(post(body))
        #expect(
            command.actions == [
                .publish(Publication(channel: .sample("a"), payload: .sample("1"))),
                .publish(
                    Publication(
                        channel: .sample("b"), payload: .sample(""),
                        details: PublicationDetails(webSocket: .none, stream: HeldStreamContent(action: .hint)))),
            ])
    }

    @Test("One bad item keeps the others back", arguments: [0, 1, 2])
    func batch(_ bad: Int) throws {
        var items = Array(repeating: #"{"channel":"a","ws-message":{"content":"x"}}"#, count: 3)
        items[bad] = #"{"channel":"a"}"#
        let command = try #require(post("{\"items\":[\(items.joined(separator: ","))]}"))
        #expect(command.actions.isEmpty)
        #expect(command.reply([]) == GripPublishReply.invalid(GripPublishError.noFormats))
    }

    @Test("Results are told in order and escaped")
    func results() throws {
        let command = try #require(post(#"{"items":[]}"#, accept: "application/json"))
        let reply = command.reply([.refused("a \"b\"\n"), .done(delivered: 0)])
        #expect(reply.body == #"{"message":"Published","items":[{"refused":"a \"b\"\n"},{"delivered":0}]}"# + "\n")
    }

    @Test("The answer to a body over the port's limit is as in Pushpin")
    func tooLarge() {
        #expect(GripPublishReply.bodyTooLarge.status == 400)
        #expect(GripPublishReply.bodyTooLarge.body == "Request body too large.\n")
        #expect(GripPublishReply.notFound.status == 404)
        #expect(GripPublishReply.notFound.body == "Not Found\n")
    }
}

extension GripPublishError {
    fileprivate static var noFormats: GripPublishError {
        do throws(GripPublishError) {
            _ = try GripPublishReader.read(ByteBuffer(string: #"{"items":[{"channel":"a"}]}"#), maxMessageBytes: 1)
        } catch {
            return error
        }
        preconditionFailure("an item without formats is refused")
    }
}
