// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore
import Testing

@testable import HoldfastServer

@Suite struct WebhookEncoderTests {
    private static let target = TargetURL("http://app.test:3000/hook?key=1")
    private let trace: TraceContext
    private static let secret = WebhookSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    init() throws { trace = try #require(TraceContext(traceparent: "00-00000000000000010000000000000002-00000000000000ff-00")) }

    @Test func postsToTheTargetWithTheTraceAndTheLength() throws {
        let encoder = WebhookEncoder(target: try #require(Self.target), secrets: [])
        let bytes = encoder.encode(
            WebhookRequest(body: ByteBuffer(string: "{}")), proof: nil, id: "unused", trace: trace, span: 3, time: 0)
        #expect(
            String(buffer: bytes) == """
                POST /hook?key=1 HTTP/1.1\r
                host: app.test:3000\r
                user-agent: holdfast/\(Version.number)\r
                accept: application/json\r
                content-type: application/json\r
                traceparent: 00-00000000000000010000000000000002-0000000000000003-00\r
                content-length: 2\r
                \r
                {}
                """)
    }

    @Test(arguments: ["application/json", "application/websocket-events"])
    func theContentTypeIsTheRequestsWhateverIsUsual(_ usual: String) throws {
        let encoder = WebhookEncoder(target: try #require(Self.target), secrets: [], contentType: usual)
        for type in ["application/json", "application/websocket-events", "text/plain"] {
            let request = WebhookRequest(contentType: type, body: ByteBuffer(string: "{}"))
            let text = String(buffer: encoder.encode(request, proof: nil, id: "unused", trace: trace, span: 3, time: 0))
            #expect(text.contains("\r\ncontent-type: \(type)\r\n"))
        }
    }

    @Test func saysWhoSends() throws {
        let encoder = WebhookEncoder(target: try #require(Self.target), secrets: [])
        let proof = OpeningRequest.Field(name: "authorization", value: "Bearer abc")
        let text = String(
            buffer: encoder.encode(WebhookRequest(body: ByteBuffer()), proof: proof, id: "unused", trace: trace, span: 3, time: 0))
        #expect(text.contains("\r\nauthorization: Bearer abc\r\n"))
    }

    @Test func addsTheDialectsPathAndHeadersInFrontOfTheQuery() throws {
        let encoder = WebhookEncoder(target: try #require(Self.target), secrets: [])
        let request = WebhookRequest(
            method: .put, pathSuffix: "/n1.0.x", headers: [.init(name: "authorization", value: "None")], contentType: "text/plain",
            body: ByteBuffer(string: "hi"))
        let text = String(buffer: encoder.encode(request, proof: nil, id: "unused", trace: trace, span: 3, time: 0))
        #expect(text.hasPrefix("PUT /hook/n1.0.x?key=1 HTTP/1.1\r\n"))
        #expect(text.contains("\r\nauthorization: None\r\n"))
        #expect(text.contains("\r\ncontent-type: text/plain\r\n"))
    }

    @Test func signsWithEverySecret() throws {
        let secret = try #require(Self.secret)
        let encoder = WebhookEncoder(target: try #require(Self.target), secrets: [secret, secret])
        let body = ByteBuffer(string: "{\"test\": 2432232314}")
        let text = String(
            buffer: encoder.encode(
                WebhookRequest(body: body), proof: nil, id: "msg_p5jXN8AQM9LWM0D4loKWxJek", trace: trace, span: 3,
                time: 1_614_265_330))
        let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        #expect(text.contains("\r\nwebhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek\r\n"))
        #expect(text.contains("\r\nwebhook-timestamp: 1614265330\r\n"))
        #expect(text.contains("\r\nwebhook-signature: \(signature) \(signature)\r\n"))
    }
}
