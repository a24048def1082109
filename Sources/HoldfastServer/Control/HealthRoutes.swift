// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import Hummingbird
import NIOCore

/// What load balancers and people ask first. No token: the answers tell nothing.
struct HealthRoutes {
    static let paths: Set<String> = ["/health", "/ready", "/openapi.yaml"]

    let hub: Hub
    let admission: NodeAdmission

    func add(to router: some RouterMethods<BasicRequestContext>) {
        router.get("/health") { _, _ in
            Response.json(.ok) { json in
                json.key("status")
                json.string("ok")
            }
        }
        router.get("/ready") { _, _ in
            let isDraining = admission.isDraining
            return Response.json(isDraining ? .serviceUnavailable : .ok) { json in
                json.key("status")
                json.string(isDraining ? "draining" : "ready")
            }
        }
        router.get("/openapi.yaml") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "application/yaml"],
                body: .init(byteBuffer: ByteBuffer(bytes: PackageResources.openapi_yaml)))
        }
    }
}
