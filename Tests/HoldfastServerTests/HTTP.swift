// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore
import NIOPosix

/// One HTTP request, for tests.
enum HTTP {
    static func request(
        _ method: String, port: Int, _ path: String, contentType: String? = nil, body: String = ""
    ) async throws -> (status: Int, body: [UInt8]) {
        let type = contentType.map { [("content-type", $0)] } ?? []
        let template = HTTPRequestTemplate(method: method, target: path, fields: [("host", "localhost"), ("connection", "close")] + type)
        let bytes = template.request(body: ByteBuffer(string: body)) { _ in }
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(host: "127.0.0.1", port: port) { channel in
            channel.eventLoop.makeCompletedFuture { try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel) }
        }
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(bytes)
            var reader = HTTPResponseReader(maxHeadBytes: 65536, maxBodyBytes: 1 << 24)
            for try await part in inbound {
                var part = part
                if let response = try reader.next(from: &part) { return (response.head.status, Array(response.body.readableBytesView)) }
            }
            guard let response = try reader.endOfStream() else { throw HTTPResponseError.truncated }
            return (response.head.status, Array(response.body.readableBytesView))
        }
    }
}
