// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import Hummingbird

/// `GET /v1/nodes`: who belongs to the cluster, as this node knows it.
struct NodeRoutes {
    let hub: Hub
    let admission: NodeAdmission

    func add(to router: some RouterMethods<BasicRequestContext>) {
        router.get("/v1/nodes") { _, _ in
            let own = NodeMember(
                name: hub.broker.node, instance: 0, version: Version.number, connections: await hub.connectionCount(),
                isDraining: admission.isDraining)
            let nodes = (hub.broker.members + [own]).sorted { $0.name.description < $1.name.description }
            return Response.json(.ok) { json in
                json.key("nodes")
                json.beginArray()
                for node in nodes { Self.write(node, isSelf: node.name == own.name, into: &json) }
                json.endArray()
                json.key("broker")
                hub.broker.write(into: &json, absence: hub.watch.absence(at: .current))
            }
        }
    }

    private static func write(_ node: NodeMember, isSelf: Bool, into json: inout JSONWriter) {
        json.beginObject()
        json.key("name")
        json.string(node.name.description)
        if isSelf {
            json.key("self")
            json.bool(true)
        }
        json.key("version")
        json.string(node.version)
        json.key("connections")
        json.integer(node.connections)
        json.key("draining")
        json.bool(node.isDraining)
        json.endObject()
    }
}

extension Broker {
    /// How it does, as an object.
    ///
    /// - Parameter absence: how long it has been away.
    func write(into json: inout JSONWriter, absence: Duration?) {
        let status = status
        json.beginObject()
        json.key("name")
        json.string(name)
        json.key("up")
        json.bool(status.isUp)
        if let server = status.server {
            json.key("server")
            json.string(server)
        }
        if let problem = status.problem {
            json.key("problem")
            json.string(problem)
        }
        if !status.isUp, let absence {
            json.key("awaySeconds")
            json.integer(Int(absence.inSeconds))
        }
        json.endObject()
    }
}
