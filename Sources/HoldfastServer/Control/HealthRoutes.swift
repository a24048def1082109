// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
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
            let absence = hub.watch.absence(at: .current)
            let readiness = Readiness(
                isDraining: admission.isDraining, isOpen: hub.isOpen, absence: absence, cluster: hub.configuration.cluster)
            return Response.json(readiness == .ready ? .ok : .serviceUnavailable) { json in
                json.key("status")
                json.string(readiness.rawValue)
                guard !hub.configuration.cluster.isAlone else { return }
                json.key("broker")
                hub.broker.write(into: &json, absence: absence)
            }
        }
        router.get("/openapi.yaml") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "application/yaml"],
                body: .init(byteBuffer: ByteBuffer(bytes: PackageResources.openapi_yaml)))
        }
    }
}
