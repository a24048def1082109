// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Hummingbird

/// Has those wait who come before the node has joined its cluster: what they ask for would reach nobody.
struct OpenMiddleware<Context: RequestContext>: RouterMiddleware {
    let hub: Hub

    func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws -> Response {
        guard hub.isOpen else { throw Problem.starting }
        return try await next(request, context)
    }
}
