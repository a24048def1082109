// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore

/// Who hears what is published on a channel without being a connection: a request that is held.
protocol ChannelListener: AnyObject {
    /// Something was published that has a form for held requests. Called on the shard's loop.
    ///
    /// - Returns: whether it was for this listener.
    func heard(_ publication: Publication, _ details: PublicationDetails) -> Bool
}
