// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// What an app wants done with a request, by the headers `Grip-…` of its response or by a response of the type `application/grip-instruct`.
package struct HoldInstruction: Equatable, Sendable {
    package enum Mode: Equatable, Sendable {
        /// The response goes out now. With a ``HoldInstruction/nextLink`` it goes on with what is found there.
        case none
        /// The response waits for a publication, which answers in its place.
        case response
        /// The response goes out now and stays open; publications are appended.
        case stream
    }

    package struct Channel: Equatable, Sendable {
        /// As subscribed to: with the route's prefix.
        package let channel: ChannelName
        /// As the app says it: without the route's prefix.
        package let name: ChannelName
        /// The id of the last publication that the response takes into account; `nil` where the app does not care.
        package var previousID: String?
        /// In order, as the app says them; unknown ones have no effect. At most ``GripFilter/maxPerSubscription``.
        package let filters: [String]

        package init(channel: ChannelName, name: ChannelName, previousID: String? = nil, filters: [String] = []) {
            self.channel = channel
            self.name = name
            self.previousID = previousID
            self.filters = filters
        }
    }

    /// What a stream gets now and then, so that nobody on the way takes it for dead.
    package struct KeepAlive: Equatable, Sendable {
        package enum Mode: Equatable, Sendable {
            /// When nothing was sent for so long.
            case idle
            /// Whatever else is sent.
            case interval

            /// - Parameter name: as the app says it; `nil` and empty for the default. `nil` for an unknown one.
            init?(_ name: String?) {
                switch name ?? "" {
                case "", "idle": self = .idle
                case "interval": self = .interval
                default: return nil
                }
            }
        }

        package static let usualTimeout = Duration.seconds(55)

        /// Not empty.
        package let content: ByteBuffer
        /// At least 1 s. Default 55 s.
        package let timeout: Duration
        package let mode: Mode

        package init(content: ByteBuffer, timeout: Duration = KeepAlive.usualTimeout, mode: Mode = .idle) {
            self.content = content
            self.timeout = timeout
            self.mode = mode
        }
    }

    /// Where a response goes on.
    package struct NextLink: Equatable, Sendable {
        package static let usualTimeout = Duration.seconds(120)

        /// A URI or a reference relative to the request's own.
        package let uri: String
        /// After how long without news on some channel the link is fetched. At least 1 s. Default 120 s.
        package let timeout: Duration

        package init(uri: String, timeout: Duration = NextLink.usualTimeout) {
            self.uri = uri
            self.timeout = timeout
        }
    }

    package var mode: Mode
    /// In order; no channel twice.
    package var channels: [Channel]
    /// The shortest that a response can be held, in seconds.
    package static let leastTimeout = 5
    package static let usualTimeout = Duration.seconds(55)

    /// How long a response is held. At least 5 s. Default 55 s.
    package var timeout: Duration
    /// `nil` for none.
    package var keepAlive: KeepAlive?
    package var nextLink: NextLink?
    /// What is posted to when the request is over: a URI or a reference relative to the request's own.
    package var goneLink: String?
    /// Facts for filters, such as `user`.
    package var meta: [String: String]
    /// The response to hold or to begin with. With headers as instruction its body is what was given to the reader.
    package var response: HeldResponse

    package init(
        mode: Mode, channels: [Channel] = [], timeout: Duration = usualTimeout, keepAlive: KeepAlive? = nil, nextLink: NextLink? = nil,
        goneLink: String? = nil, meta: [String: String] = [:], response: HeldResponse = HeldResponse()
    ) {
        self.mode = mode
        self.channels = channels
        self.timeout = timeout
        self.keepAlive = keepAlive
        self.nextLink = nextLink
        self.goneLink = goneLink
        self.meta = meta
        self.response = response
    }
}
