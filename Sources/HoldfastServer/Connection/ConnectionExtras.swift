// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore

/// What only connections of some apps need: made when it is first set, so that others do not pay for it.
final class ConnectionExtras {
    /// What a GRIP app has set up, where there are filters in it.
    var grip: GripSession?
    /// The app is called when it has not been for this long.
    var pollInterval: Duration?
    var pollAt: MonotonicTime?
    /// What is sent again and again.
    var keepAlive: TimedMessage?
    var keepAliveAt: MonotonicTime?
    /// What is sent once.
    var later: TimedMessage?
    var laterAt: MonotonicTime?
    /// The reminder that is under way, so that there is one at a time, however often the clocks are set.
    var remindedAt: MonotonicTime?
    /// The id of the last publication of each channel of which none may be missed.
    var followed: [ChannelName: String] = [:]
    /// Followed channels of which publications are missing: the app is asked about them, and they are silent until it has answered.
    var gaps: Set<ChannelName> = []
    /// Those that the webhook in flight asks about.
    var askedGaps: [ChannelGap] = []
    /// Messages that the app is not told of (`unsocket`).
    var excluded: TextFilter?
    /// Whether the app hears of the connection no more.
    var isDetached = false
    /// Whether another node has told the app of its end.
    var isTakenOver = false
    /// Whether the end is known.
    var hasEnded = false

    /// When the next of its clocks is due.
    var dueAt: MonotonicTime? { [pollAt, keepAliveAt, laterAt].compactMap(\.self).min() }

    /// Whether publications must be looked at before this connection gets them.
    var isChoosy: Bool { !followed.isEmpty || grip?.hasFilters == true }

    /// Whether something must be done for each message that this connection gets.
    var isWatchful: Bool { isChoosy || keepAlive != nil }
}
