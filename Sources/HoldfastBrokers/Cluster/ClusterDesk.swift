// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore

/// What threads leave for the broker's loop, and what they may know of it. Behind a lock that is held for moments.
struct ClusterDesk: Sendable {
    enum State: Equatable, Sendable {
        case outside
        case joining
        case joined
        /// Another node has this one's name, and had it first.
        case clashing
        case left

        /// What stands in the way of being up, in one sentence.
        func problem(of node: NodeName) -> String? {
            switch self {
            case .outside, .joining: "this node has not joined its cluster yet"
            case .joined: nil
            case .clashing: "another node is named \(node) and was here first; give this one a name of its own (node, --node)"
            case .left: "this node has left its cluster"
            }
        }
    }

    enum Item: Sendable {
        case message(BusMessage)
        case request(Request, BusMessage)
        case began(ChannelName)
        case ended(ChannelName)
        case keep([RecordChange])
    }

    struct Request: Sendable {
        let number: UInt64
        let waiting: ClusterWaiting
        let node: NodeName
    }

    struct Counts: Sendable {
        var sent = 0
        /// For want of room on the desk.
        var dropped = 0
        var received = 0
        var repeated = 0
        var notUnderstood = 0
        var channels = 0
    }

    var state = State.outside
    var loop: (any EventLoop)?
    var worker: NIOLoopBound<ClusterWorker>?
    private(set) var items: [Item] = []
    /// Of the messages among them.
    private var bytes = 0
    /// How many may lie here before the worker comes for them; beyond it they are dropped.
    private let maxBytes: Int
    /// Whether the worker has been told to come.
    var isAwaited = false
    var members: [NodeMember] = []
    /// Of the members.
    var names: Set<NodeName> = []
    /// Whether what is for other nodes waits until they can hear it.
    var isHeld = false
    var counts = Counts()
    /// Of the message that was left last.
    private var number: UInt64 = 0

    init(maxBytes: Int) { self.maxBytes = maxBytes }

    mutating func add(_ item: Item) -> Bool {
        items.append(item)
        return true
    }

    /// Leaves a message, and numbers it: from here on its place among all others is fixed. One that is urgent has no number, and no place.
    ///
    /// - Parameter bytes: changed where they are.
    /// - Returns: whether there was room for it.
    mutating func add(
        _ bytes: inout ByteBuffer, to subject: String, _ writer: NodeMessageWriter, isFleeting: Bool = false, isUrgent: Bool = false,
        for request: Request? = nil
    ) -> Bool {
        guard state != .outside, state != .left else { return false }
        guard self.bytes + bytes.readableBytes <= maxBytes || items.isEmpty else {
            counts.dropped += 1
            return false
        }
        self.bytes += bytes.readableBytes
        counts.sent += 1
        if !isUrgent {
            number += 1
            writer.number(number, in: &bytes)
        }
        let message = BusMessage(subject: subject, bytes: bytes, isFleeting: isFleeting, isUrgent: isUrgent)
        items.append(request.map { .request($0, message) } ?? .message(message))
        return true
    }

    /// Takes what lies here.
    ///
    /// - Parameter room: the memory of an earlier list, empty.
    mutating func take(keeping room: inout [Item]) {
        isAwaited = false
        bytes = 0
        swap(&items, &room)
    }

    /// Ends it all, but for what is counted.
    mutating func close() {
        let counts = counts
        self = ClusterDesk(maxBytes: maxBytes)
        self.counts = counts
        state = .left
    }
}

/// Who waits for another node's answer.
enum ClusterWaiting: Sendable {
    case results(count: Int, @Sendable ([ActionResult]) -> Void)
    /// With what has come of the answer.
    case answer(NodeAnswer?, @Sendable (NodeAnswer?) -> Void)

    /// No answer will come.
    func giveUp() {
        switch self {
        case .results(let count, let answer): answer(Array(repeating: .unreachable, count: count))
        case .answer(_, let answer): answer(nil)
        }
    }

    /// The request cannot be made.
    func refuse(_ why: String) {
        switch self {
        case .results(let count, let answer): answer(Array(repeating: .refused(why), count: count))
        case .answer(_, let answer): answer(nil)
        }
    }
}
