// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastTesting
import HoldfastWire
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import HoldfastServer

/// In every dialect an app hears from another node what the connection's own node would have said of a lost socket, byte for byte but for the number,
/// the error and the span.
@Suite struct SameClosingTests {
    private struct Request: Equatable, Sendable {
        let line: String
        let fields: [String]
        let body: String
    }

    /// What may differ is taken out.
    private static func request(_ head: HTTPRequestHead, _ body: String) -> Request {
        let differing = ["traceparent", "content-length", "webhook-id", "webhook-timestamp", "webhook-signature"]
        let fields = head.headers.filter { !differing.contains($0.name.lowercased()) }.map { "\($0.name): \($0.value)" }
        let text = body.replacing(/"seq":\d+/, with: "\"seq\":0").replacing(/,"error":"[^"]*"/, with: "")
        return Request(line: "\(head.method) \(head.uri)", fields: fields, body: text)
    }

    private static func connectionID(in body: String) -> String {
        (try? JSONReader.parse(ByteBuffer(string: body)))?["connectionId"]?.string ?? ""
    }

    /// An app's answer that lets the client in, and sets up what the dialect can.
    private static func yes(_ dialect: DialectName, to body: String) -> String {
        switch dialect {
        case .json:
            "{\"actions\":[{\"type\":\"setState\",\"state\":{\"user\":\"a\"}},{\"type\":\"subscribe\",\"channel\":\"c\"}]}"
        case .grip: "OPEN\r\n"
        case .slip: "{\"events\":[{\"type\":\"ACCEPT\",\"connectionId\":\"\(connectionID(in: body))\"}]}"
        case .wsaas, .wsify, .unsocket: ""
        }
    }

    @Test(arguments: [DialectName.json, .wsaas, .grip, .slip, .wsify])
    func itIsTheSame(dialect: DialectName) async throws {
        let requests = Mutex<[Request]>([])
        let app = ScriptedApp { exchange in
            let body = try await exchange.body()
            let isOpening = requests.withLock { requests in
                requests.append(Self.request(exchange.head, body))
                return requests.count == 1
            }
            let fields = ["content-type: application/websocket-events", "sec-websocket-extensions: grip", "set-meta-user: alice"]
            try await exchange.answer("200 OK", dialect == .grip ? fields : [], isOpening ? Self.yes(dialect, to: body) : "")
        }
        let (first, second) = (KeepingBroker(node: "web-1"), KeepingBroker(node: "web-2", others: ["web-1"]))
        let adjust: @Sendable (inout GatewayConfiguration) -> Void = {
            $0.routes[0].dialect = dialect
            $0.routes[0].wsify.disconnect = true
            $0.routes[0].wsify.identity = true
            $0.routes[0].forwardHeaders = dialect == .json ? ["host"] : []
        }
        try await app.running { url in
            try await RunningGateway.running("\(url)/hook", broker: second, adjust: adjust) { _ in
                try await RunningGateway.running("\(url)/hook", broker: first, adjust: adjust) { gateway in
                    let probe = try await WebSocketProbe.connect(port: gateway.port, path: "/room/7?user=4%202&key=k")
                    try await eventually("it is in") { probe.head?.contains("101") == true }
                    try await eventually("it is kept") { first.kept.count == 1 }
                    second.inbox?.lost(Array(first.kept.values), of: first.node)
                    try await eventually("the other node tells") { requests.withLock { $0.count } == 2 }
                    try await probe.drop()
                    try await eventually("its own node tells") { requests.withLock { $0.count } == 3 }
                }
            }
        }
        let all = requests.withLock { $0 }
        #expect(all.count == 3 && all[1] == all[2])
    }
}
