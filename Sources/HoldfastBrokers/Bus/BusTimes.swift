// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// How long a bus waits for what. Tests have less patience.
struct BusTimes: Sendable {
    /// For a connection to come about.
    var connect = Duration.seconds(2)
    /// For the engine to accept a connection that stands.
    var greeting = Duration.seconds(5)
    /// Between two looks at whether the server says anything; it is asked for a sign of life each time that it has not.
    var silence = Duration.seconds(2)
    /// How often the server may leave that unanswered.
    var unanswered = 2
    /// After this long what was published is to be confirmed, where the engine does not do so unasked.
    var mark = Duration.milliseconds(50)
    /// For what waits, when the bus stops.
    var stop = Duration.seconds(1)
    /// Until the next try where the engine has refused this node.
    var refused = Duration.seconds(10)
    /// A connection that was up for so long is a good one: after it, waiting times begin anew.
    var good = Duration.seconds(5)
    /// Between two log lines about the same trouble.
    var log = Duration.seconds(60)
}
