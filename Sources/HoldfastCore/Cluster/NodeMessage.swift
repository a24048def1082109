// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// What nodes tell each other.
package enum NodeMessage: Equatable, Sendable {
    /// For subscribers of channels.
    case broadcasts([Broadcast])
    /// Actions on connections of the node that gets it. Request 0 wants no results.
    case actions(request: UInt64, [Action])
    case results(to: NodeRequest, [ActionResult])
    case question(request: UInt64, NodeQuestion)
    /// An answer, or a part of it: more follow until the last.
    case answer(to: NodeRequest, NodeAnswer, isLast: Bool)
    case announcement(NodeAnnouncement)
    /// The name of this instance, which wants to join, is taken.
    case objection(instance: UInt64)
    /// The sender leaves: nothing of it is lost.
    case farewell
    /// What the sender wants kept.
    case records(RecordBatch)
    /// What the sender had kept up to this listing is to be forgotten: another node keeps it.
    case forgetRecords(listing: UInt64)
    /// The sender keeps records of this instance and misses some: it is to send them all again.
    case wantsRecords(instance: UInt64)
    /// Records of a lost node, for the one that is to report them.
    case handedOver(HandedOverRecords)
    /// The sender has reported the records of a lost node: whoever keeps some may forget them.
    case reported(NodeInstance)
    /// The sender has reported these connections of this instance, which was taken for lost.
    case buried(instance: UInt64, [ConnectionID])
}

/// A question or an order that was sent, as its answer names it.
package struct NodeRequest: Hashable, Sendable {
    /// Of the node that asked: another of the same name takes no notice.
    package let instance: UInt64
    package let number: UInt64

    package init(instance: UInt64, number: UInt64) {
        self.instance = instance
        self.number = number
    }
}

/// What a node says of itself.
package struct NodeAnnouncement: Equatable, Sendable {
    /// Leases that are believed: one that never ends would keep a lost node for ever.
    package static let leases = Duration.milliseconds(100)...Duration.seconds(3600)

    /// When the node was started, in milliseconds since 1970: of two nodes of one name, the later one is in the wrong.
    package var started: UInt64
    /// How long others wait for a sign of it before they take it for lost.
    package var lease: Duration
    package var version: String
    package var connections: Int
    package var isDraining: Bool
    /// Whether it asks if its name is free. It is no member yet.
    package var isJoining: Bool
    /// Whether it asks every node to say at once that it is there.
    package var asks: Bool

    package init(
        started: UInt64, lease: Duration, version: String, connections: Int = 0, isDraining: Bool = false, isJoining: Bool = false,
        asks: Bool = false
    ) {
        self.started = started
        self.lease = lease
        self.version = version
        self.connections = connections
        self.isDraining = isDraining
        self.isJoining = isJoining
        self.asks = asks
    }
}

/// A piece of what a node has its guardian keep.
package struct RecordBatch: Equatable, Sendable {
    /// Which list it belongs to: with each new guardian, and when a guardian asks, a node begins a new one, numbered one higher.
    package var listing: UInt64
    /// Its place in the list, from 0, so that a gap is seen.
    package var index: UInt64
    /// Whether the guardian has all of the node's records now, and from here on.
    package var isComplete: Bool
    package var changes: [RecordChange]

    package init(listing: UInt64, index: UInt64, isComplete: Bool, changes: [RecordChange]) {
        self.listing = listing
        self.index = index
        self.isComplete = isComplete
        self.changes = changes
    }
}

/// Records of a lost node on their way to the one that reports them.
package struct HandedOverRecords: Equatable, Sendable {
    package var lost: NodeInstance
    /// The list that they are from.
    package var listing: UInt64
    /// Whether the list was complete.
    package var isComplete: Bool
    /// Whether these are the last of them.
    package var isLast: Bool
    package var records: [ConnectionRecord]

    package init(lost: NodeInstance, listing: UInt64, isComplete: Bool, isLast: Bool, records: [ConnectionRecord]) {
        self.lost = lost
        self.listing = listing
        self.isComplete = isComplete
        self.isLast = isLast
        self.records = records
    }
}
