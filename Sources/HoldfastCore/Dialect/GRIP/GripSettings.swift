// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// What only the `grip` dialect needs to know of a route.
package struct GripSettings: Equatable, Sendable {
    /// The `iss` claim of `Grip-Sig`. Default `pushpin`.
    package var sigIss = "pushpin"
    /// What `Grip-Sig` is signed with; `nil` for requests without it.
    package var sigKey: GripKey?
    /// What the `Grip-Sig` of a GRIP proxy before this one is verified with: its requests are trusted, and passed on as they are.
    package var upstreamKey: GripKey?
    /// Stands in front of each channel's name that the app says in its answers.
    package var channelPrefix = ""
    /// Replaces the fixed part of the route's own path towards the app; `nil` leaves paths as they are.
    package var replacePrefix: String?
    /// The `Host` header towards the app; `nil` for the client's own, as Pushpin has it.
    package var host: String?
    /// Headers set towards the app, in lower case; an empty value takes the client's away.
    package var setHeaders: [OpeningRequest.Field] = []
    /// How `X-Forwarded-For` is made (Pushpin's rule: `truncate:N`, `append`, or both); empty leaves the client's alone.
    package var xForwardedFor = ""
    /// Whether `X-Forwarded-Proto` is set towards the app.
    package var xForwardedProto = true
    /// Whether a client's own `X-Forwarded-Proto` is believed.
    package var acceptXForwardedProto = false
    /// The token in `CDN-Loop`; empty for none.
    package var cdnLoop = ""
    /// Whether the app gets the client's headers as they came, hop-by-hop ones excepted: for apps that are proxies themselves.
    package var originHeaders = false
    /// Channels that each connection and each held request is on unasked.
    package var subscribe: [ChannelName] = []
    /// Whether the app's GRIP instructions are ignored: requests are only passed on.
    package var noGrip = false
    /// Whether a refusal of the gateway tells its cause to the client.
    package var debug = false
    /// Whether answers allow pages of any origin to read them.
    package var crossOrigin = false
    /// How long a publication waits for the one before it. Default 5 s.
    package var messageWait = Duration.seconds(5)

    package init() {}
}
