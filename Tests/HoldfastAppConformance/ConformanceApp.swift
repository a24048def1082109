// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import HoldfastApp
import Hummingbird
import Logging
import NIOCore

/// The app that Tests/EndToEnd/test_clients.py plays its script with, the same in each language that has a library.
///
/// Reads its settings from the environment: `PORT`, `DIALECT`, `SECRETS`, `CONTROL`, `CONTROL_TOKEN`, `CONTROL_SECRET`.
@main struct ConformanceApp {
    typealias Handle = @Sendable (HTTPRequest, ByteBufferView) async -> WebhookResponse

    static func main() async throws {
        let environment = Environment()
        guard let port = environment.get("PORT", as: Int.self) else { throw Mistake("PORT: expected a number") }
        let handle = try handler(environment)

        let router = Router()
        for method in [HTTPRequest.Method.get, .post] {
            router.on("**", method: method) { request, _ in
                let body = try await request.body.collect(upTo: 16 << 20)
                let answer = await handle(request.head, body.readableBytesView)
                return Response(status: answer.status, headers: answer.headers, body: .init(byteBuffer: ByteBuffer(bytes: answer.body)))
            }
        }
        let app = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: port)), logger: Logger(label: "conformance"))
        try await app.runService()
    }

    private static func handler(_ environment: Environment) throws -> Handle {
        let secrets = (environment.get("SECRETS") ?? "").split(separator: " ").map(String.init)
        let url = environment.get("CONTROL") ?? "http://127.0.0.1:8081"
        switch environment.get("DIALECT") {
        case "json":
            let token = environment.get("CONTROL_TOKEN").flatMap { $0.isEmpty ? nil : $0 }
            let script = JSONScript(control: try Control(url: url, token: token), stranger: try Control(url: url, token: "wrong"))
            let verifier = try secrets.isEmpty ? WebhookVerifier.unverified : WebhookVerifier(secrets: secrets)
            let handler = WebhookHandler(verifying: verifier, respond: script.respond)
            return { await handler.respond(to: $0, body: $1) }
        case "slip":
            let secret = environment.get("CONTROL_SECRET") ?? ""
            let script = SlipScript(
                control: secret.isEmpty ? nil : try SlipControl(url: url, secret: secret), stranger: try SlipControl(url: url, secret: "wrong"))
            let verifier = try secrets.isEmpty ? SlipVerifier.unverified : SlipVerifier(secrets: secrets)
            let handler = SlipHandler(verifying: verifier, respond: script.respond)
            return { await handler.respond(to: $0, body: $1) }
        case let other: throw Mistake("DIALECT: expected json or slip, found \(other ?? "nothing")")
        }
    }
}

/// Something that the script asks for and that cannot be done.
struct Mistake: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
