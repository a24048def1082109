// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

// The program of clients/swift/README.md, word for word from here on; ExampleTests.swift compares them and plays it.
import HoldfastApp
import Hummingbird
import NIOCore

func chat(secret: String) throws -> WebhookHandler {
    WebhookHandler(verifying: try WebhookVerifier(secrets: [secret])) { event, answer in
        let name = answer.connection.state["name"] ?? "guest"
        switch event.kind {
        case .open:
            let name = answer.connection.queryValue("name") ?? "guest"
            try answer.setState(["name": name])
            try answer.subscribe("lobby")
            try answer.publish("\(name) joined", channel: "lobby")
        case .message(.text(let text)):
            try answer.publish(.json(["from": name, "text": text]), channel: "lobby")
        case .message(let binary):
            try answer.send(binary)
        case .close:
            try answer.publish("\(name) left", channel: "lobby")
        case .ping, .pong, .unknown:
            break
        }
    }
}

func routes(_ handler: WebhookHandler) -> Router<BasicRequestContext> {
    let router = Router()
    router.post("/hook") { request, _ in
        let body = try await request.body.collect(upTo: handler.maxBodyBytes)
        let answer = await handler.respond(to: request.head, body: body.readableBytesView)
        return Response(
            status: answer.status, headers: answer.headers, body: .init(byteBuffer: ByteBuffer(bytes: answer.body)))
    }
    return router
}
