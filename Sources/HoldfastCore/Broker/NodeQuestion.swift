// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// What one node may ask another about what it holds.
package enum NodeQuestion: Equatable, Sendable {
    /// One connection, if it is open.
    case connection(ConnectionID)
    /// Open connections in a stable order, behind a cursor.
    case connections(after: ConnectionID?, limit: Int, route: String?, channel: ChannelName?)
    /// Channels with subscribers, by name, behind a name.
    case channels(after: ChannelName?, limit: Int)
    /// How many subscribers a channel has.
    case subscriberCount(ChannelName)
}

/// What a node answers.
package enum NodeAnswer: Equatable, Sendable {
    /// Connections as the control API shows them: JSON objects.
    case connections([ShownConnection])
    case channels([ChannelCount])
    case count(Int)
}

/// A connection as the control API shows it.
package struct ShownConnection: Equatable, Sendable {
    package let id: ConnectionID
    /// A JSON object.
    package let json: ByteBuffer

    package init(id: ConnectionID, json: ByteBuffer) {
        self.id = id
        self.json = json
    }
}

/// A channel and its subscribers.
package struct ChannelCount: Equatable, Sendable {
    package let name: ChannelName
    package let subscribers: Int

    package init(name: ChannelName, subscribers: Int) {
        self.name = name
        self.subscribers = subscribers
    }
}
