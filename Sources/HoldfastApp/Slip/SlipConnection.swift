// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// A connection that the gateway holds, as a webhook of the `slip` dialect tells of it.
public struct SlipConnection: Sendable, Hashable {
    /// Its name, for actions. Take it as it is; what is inside may change.
    public let id: String
    /// What the app keeps with it, ``JSONValue/null`` for nothing. Until the app sets something of its own: the opening request's headers and
    /// address. In ``SlipAnswer/connection`` it follows the answer.
    public internal(set) var metadata: JSONValue
}
