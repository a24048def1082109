// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import HoldfastCore
import Hummingbird
import NIOCore

/// Requests in a dialect's own convention: whatever the paths above do not claim is offered to the dialects of the configured routes.
struct DialectRoutes {
    let hub: Hub

    func add(to router: some RouterMethods<BasicRequestContext>) {
        let dialects = hub.configuration.routes.map(\.speaker)
        for method in [HTTPRequest.Method.put, .delete, .post] {
            router.on("/**", method: method) { request, _ in
                let body = try await request.wholeBody(limit: hub.configuration.maxActionBytes)
                let command = ControlRequest(
                    method: request.method.rawValue, path: request.uri.path.removingPercentEncoding ?? request.uri.path,
                    contentType: request.headers[.contentType], body: body)
                for dialect in dialects {
                    guard let answer = dialect.command(from: command) else { continue }
                    let reply = answer.reply(await hub.perform(answer.actions))
                    return Response(
                        status: .init(code: reply.status), headers: [.contentType: reply.contentType],
                        body: .init(byteBuffer: ByteBuffer(string: reply.body)))
                }
                throw HTTPError(.notFound)
            }
        }
    }
}
