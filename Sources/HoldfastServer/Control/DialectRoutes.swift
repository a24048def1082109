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
        let places: [(HTTPRequest.Method, RouterPath)] = [(.get, "/"), (.get, "/**"), (.put, "/**"), (.delete, "/**"), (.post, "/**")]
        for (method, path) in places {
            router.on(path, method: method) { request, _ in
                let body = try await request.wholeBody(limit: hub.configuration.maxActionBytes)
                let command = ControlRequest(
                    method: request.method.rawValue, path: request.uri.path.removingPercentEncoding ?? request.uri.path,
                    query: request.uri.query ?? "", contentType: request.headers[.contentType], accept: request.headers[.accept], body: body)
                for dialect in dialects {
                    guard let answer = dialect.command(from: command) else { continue }
                    let reply = answer.reply(await hub.perform(answer.actions))
                    var headers: HTTPFields = [.contentType: reply.contentType]
                    for field in reply.headers {
                        if let name = HTTPField.Name(field.name) { headers.append(HTTPField(name: name, value: field.value)) }
                    }
                    return Response(
                        status: .init(code: reply.status), headers: headers, body: .init(byteBuffer: ByteBuffer(string: reply.body)))
                }
                throw HTTPError(.notFound)
            }
        }
    }
}
