// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HoldfastCore
import HoldfastServer
import HoldfastWire
import Hummingbird
import Logging
import NIOCore

/// The example app: a chat room behind plain HTTP. It holds no socket and remembers nothing between two requests.
///
/// Nothing here knows the gateway's insides: what it reads and answers is the `json` dialect, as any app in any language would.
struct ChatApp: Sendable {
    let address: HostPort

    /// Serves the page and the webhook while `body` runs.
    ///
    /// - Parameter body: is given the address that was bound.
    func running(_ body: @escaping @Sendable (HostPort) async throws -> Void) async throws {
        let address = address
        let (bound, announce) = AsyncStream.makeStream(of: HostPort.self)
        var logger = Logger(label: "chat", factory: { _ in SwiftLogNoOpLogHandler() })
        logger.logLevel = .critical
        let application = Application(
            router: Self.router(),
            configuration: ApplicationConfiguration(address: .hostname(address.host, port: address.port), serverName: "chat"),
            onServerRunning: { channel in
                announce.yield(HostPort(host: channel.localAddress?.ipAddress ?? address.host, port: channel.localAddress?.port ?? address.port))
            },
            logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await application.run()
                } catch let error as IOError {
                    throw GatewayError.cannotListen(on: address, setting: "--app", because: error)
                }
            }
            group.addTask {
                for await address in bound { return try await body(address) }
            }
            _ = try await group.next()
            group.cancelAll()
        }
    }

    private static func router() -> Router<BasicRequestContext> {
        let router = Router(context: BasicRequestContext.self)
        router.get("/") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "text/html; charset=utf-8"],
                body: .init(byteBuffer: ByteBuffer(bytes: PackageResources.chat_html)))
        }
        router.post("/hook") { request, _ in
            let body = try await request.body.collect(upTo: 4 << 20)
            return Response(status: .ok, headers: [.contentType: "application/json"], body: .init(byteBuffer: try answer(to: body)))
        }
        return router
    }

    /// One webhook in, the actions out.
    static func answer(to body: ByteBuffer) throws -> ByteBuffer {
        let webhook = try JSONReader.parse(body)
        let name = webhook["connection"]?["state"]?["user"]?.string ?? nameAsked(webhook["connection"]?["query"]?.string ?? "")
        var json = JSONWriter()
        json.beginObject()
        json.key("actions")
        json.beginArray()
        for event in webhook["events"]?.array ?? [] {
            switch event["type"]?.string {
            case "open":
                json.action("setState") { json in
                    json.key("state")
                    json.beginObject()
                    json.key("user")
                    json.string(name)
                    json.endObject()
                }
                json.action("subscribe") { json in
                    json.key("channel")
                    json.string("lobby")
                }
                json.publish([("notice", "\(name) joined")])
            case "message":
                if let text = event["text"]?.string { json.publish([("from", name), ("text", text)]) }
            case "close": json.publish([("notice", "\(name) left")])
            default: break
            }
        }
        json.endArray()
        json.endObject()
        return json.buffer
    }

    private static func nameAsked(_ query: String) -> String {
        let value = query.split(separator: "&").first { $0.hasPrefix("name=") }?.dropFirst(5)
        let name = value.map { String($0).replacing("+", with: " ") }.flatMap(\.removingPercentEncoding) ?? ""
        return name.isEmpty ? "guest" : name
    }
}

extension JSONWriter {
    fileprivate mutating func action(_ type: String, _ fields: (inout JSONWriter) -> Void) {
        beginObject()
        key("type")
        string(type)
        fields(&self)
        endObject()
    }

    fileprivate mutating func publish(_ message: [(String, String)]) {
        action("publish") { json in
            json.key("channel")
            json.string("lobby")
            json.key("json")
            json.beginObject()
            for (name, value) in message {
                json.key(escaping: name)
                json.string(value)
            }
            json.endObject()
        }
    }
}
