// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// How many requests one loop has under way to an app: few while the app is fast, and as many as it may while the app is slow.
///
/// A busy loop serves a fast app at less cost over few connections, whose sockets stay in the processor's cache, and at no loss: more would only wait
/// in the app. A slow app needs many. So a pool starts with ``start`` places. While requests wait for one, it takes a look each ``interval``: twice as
/// many as were under way all the time since the last look are added to the first ones. And a loop with time to spare gains nothing by
/// having requests wait, so that doubles its places.
package struct PoolGrowth: Equatable, Sendable {
    /// Places at first.
    package static let start = 32
    /// The least time from look to look. An answer that takes longer than this is a slow one.
    package static let interval = Duration.milliseconds(3)

    /// When a request was sent, as far as is of interest: between which looks.
    package struct Sent: Equatable, Sendable {
        fileprivate var look = 0

        package init() {}

        fileprivate init(look: Int) { self.look = look }
    }

    /// Places that requests may take now.
    package private(set) var places: Int
    private let limit: Int
    /// The number of the last look.
    private var look = 0
    /// Requests sent since the last look.
    private var fresh = 0
    /// Requests sent before it.
    private var slow = 0

    /// - Parameter limit: places that there may ever be.
    package init(limit: Int) {
        self.limit = limit
        places = min(limit, Self.start)
    }

    /// Requests under way.
    package var inFlight: Int { fresh + slow }

    /// Whether one more request may go out.
    package var hasPlace: Bool { inFlight < places }

    /// Whether there are more places than at first: then a look may show that they are not needed any more.
    package var hasGrown: Bool { places > min(limit, Self.start) }

    package var canGrow: Bool { places < limit }

    package mutating func sent() -> Sent {
        fresh += 1
        return Sent(look: look)
    }

    /// A request has been answered, or has failed.
    package mutating func ended(_ request: Sent) {
        if request.look == look { fresh -= 1 } else { slow -= 1 }
    }

    /// Watches what is under way now: the next look is at how much of that is still.
    package mutating func watch() {
        look += 1
        slow += fresh
        fresh = 0
    }

    /// Takes a look, an ``interval`` after ``watch()`` or later.
    ///
    /// - Parameters:
    ///   - isBusy: whether the loop has had little time to spare since.
    ///   - isWanting: whether requests wait for a place.
    package mutating func look(isBusy: Bool, isWanting: Bool) {
        let needed = min(limit, Self.start + 2 * min(slow, limit))
        if needed >= places {
            places = needed
        } else if isBusy {
            // Step by step: slow answers often come all at once.
            places = max(needed, places - max(1, places / 4))
        }
        if !isBusy, isWanting { places = min(limit, 2 * places) }
    }
}
