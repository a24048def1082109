// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization
import Testing

/// A control API whose answers a test decides, on a loopback port.
final class StubServer: Sendable {
    struct Received: Sendable {
        let head: HTTPRequest
        let body: String
    }

    /// Every request so far, in order of arrival.
    var received: [Received] { requests.withLock { $0 } }

    private let requests = Mutex<[Received]>([])
    private let respond: @Sendable (_ count: Int, _ request: Received) async throws -> Response

    /// - Parameter respond: makes the answer; `count` is 1 for the first request.
    init(_ respond: @escaping @Sendable (_ count: Int, _ request: Received) async throws -> Response) { self.respond = respond }

    /// Serves while `body` runs.
    ///
    /// - Parameter body: is given the server's URL.
    func running(_ body: @escaping @Sendable (String) async throws -> Void) async throws {
        let (ports, announce) = AsyncStream.makeStream(of: Int.self)
        let router = Router()
        for method in [HTTPRequest.Method.get, .post] {
            for path in ["/", "**"] as [RouterPath] {
                router.on(path, method: method) { request, _ in
                    let body = String(buffer: try await request.body.collect(upTo: 1 << 20))
                    let received = Received(head: request.head, body: body)
                    let count = self.requests.withLock { requests in
                        requests.append(received)
                        return requests.count
                    }
                    return try await self.respond(count, received)
                }
            }
        }
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { announce.yield($0.localAddress?.port ?? 0) }, logger: Logger(label: "stub", factory: { _ in SwiftLogNoOpLogHandler() })
        )
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await application.run()
                return false
            }
            group.addTask {
                for await port in ports {
                    try await body("http://127.0.0.1:\(port)")
                    return true
                }
                return false
            }
            defer { group.cancelAll() }
            while let isDone = try await group.next() { if isDone { return } }
            Issue.record("the stub ended before its time")
        }
    }

    static func json(_ text: String, status: HTTPResponse.Status = .ok) -> Response {
        Response(status: status, headers: [.contentType: "application/json"], body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}
