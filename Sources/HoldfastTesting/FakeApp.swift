// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastWire
import Hummingbird
import Logging
import NIOCore
import Synchronization

/// An app whose answers a test decides: a real HTTP server on a loopback port.
package final class FakeApp: Sendable {
    /// Every webhook so far, in order of arrival.
    package var webhooks: [JSONValue] { received.withLock { $0 } }

    private let received = Mutex<[JSONValue]>([])
    private let respond: @Sendable (JSONValue) -> String

    /// - Parameter respond: makes the body of the answer, which has status 200.
    package init(_ respond: @escaping @Sendable (JSONValue) -> String = { _ in "{}" }) {
        self.respond = respond
    }

    /// Serves while `body` runs.
    ///
    /// - Parameter body: is given the URL at which the app is called.
    package func running<Value: Sendable>(_ body: @escaping @Sendable (String) async throws -> Value) async throws -> Value {
        let (ports, announce) = AsyncStream.makeStream(of: Int.self)
        let router = Router(context: BasicRequestContext.self)
        router.post("/hook") { request, _ in
            let webhook = try JSONReader.parse(try await request.body.collect(upTo: 16 << 20))
            self.received.withLock { $0.append(webhook) }
            return Response(
                status: .ok, headers: [.contentType: "application/json"], body: .init(byteBuffer: ByteBuffer(string: self.respond(webhook))))
        }
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { announce.yield($0.localAddress?.port ?? 0) }, logger: Logger(label: "app", factory: { _ in SwiftLogNoOpLogHandler() }))
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask {
                try await application.run()
                return nil
            }
            group.addTask {
                for await port in ports { return try await body("http://127.0.0.1:\(port)/hook") }
                return nil
            }
            defer { group.cancelAll() }
            while let value = try await group.next() { if let value { return value } }
            throw Overdue(what: "the fake app serves")
        }
    }
}
