// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastCore
package import HoldfastWire
import NIOCore

/// A connection as the control API shows it: a snapshot that may leave its event loop.
package struct ConnectionSummary: Sendable {
    package let session: SessionView
    package let dialect: String
    package let ageSeconds: Int
    /// Bytes that wait for the client.
    package let queuedBytes: Int

    package func write(into json: inout JSONWriter) {
        let facts = session.facts
        json.beginObject()
        json.key("id")
        json.string(facts.idText)
        json.key("direction")
        json.string(facts.direction.rawValue)
        json.key("route")
        json.string(facts.route)
        json.key("dialect")
        json.string(dialect)
        json.key("remoteAddress")
        json.string(facts.remoteAddress)
        json.key("path")
        json.string(facts.path)
        json.key("query")
        json.string(facts.query)
        if let chosen = session.chosenProtocol {
            json.key("protocol")
            json.string(chosen)
        }
        json.key("state")
        json.beginObject()
        for entry in session.state.entries {
            json.key(escaping: entry.key)
            json.string(entry.value)
        }
        json.endObject()
        json.key("channels")
        json.beginArray()
        for channel in session.channels { json.string(channel.description) }
        json.endArray()
        json.key("ageSeconds")
        json.integer(ageSeconds)
        json.key("queuedBytes")
        json.integer(queuedBytes)
        json.endObject()
    }
}

extension Connection {
    var summary: ConnectionSummary {
        ConnectionSummary(
            session: session, dialect: route.dialect.name, ageSeconds: Int(shard.now.since(openedAt).inSeconds), queuedBytes: queuedBytes)
    }
}
