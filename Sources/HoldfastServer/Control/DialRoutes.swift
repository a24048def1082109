// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import Hummingbird

/// `POST /v1/dial`: opens an outbound connection.
struct DialRoutes {
    let hub: Hub

    func add(to router: some RouterMethods<BasicRequestContext>) {
        router.post("/v1/dial") { request, _ in
            guard request.mediaType == "application/json" else {
                throw Problem(status: .unsupportedMediaType, detail: "expected content-type: application/json")
            }
            let body = try await request.wholeBody(limit: hub.configuration.maxActionBytes)
            let action: Action
            do throws(DialectError) {
                action = try JSONDialReader.read(body)
            } catch {
                throw Problem.badRequest(error.description)
            }
            switch await hub.perform([action]).first {
            case .dialling(let id):
                return Response.json(.accepted) { json in
                    json.key("connection")
                    json.string(id.description)
                }
            case .refused(let why): throw Problem(status: .conflict, detail: why)
            default: throw Problem(status: .serviceUnavailable, detail: "nothing was dialled")
            }
        }
    }
}
