// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// What an item is for WebSockets.
struct GripWebSocketFormat {
    let form: PublicationDetails.WebSocketForm
    /// Empty where the form has its own content, or none.
    var payload = Payload.text(ByteBuffer())
    var filters: [String]?
}
