// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// One reader of what strangers send, and what must hold of it whatever they send.
struct FuzzTarget: Sendable {
    let name: String
    /// Longer inputs find no more, and take longer.
    let maxLength: Int
    /// Ends the process when something does not hold.
    let run: @Sendable (FuzzInput) -> Void

    static let all = [
        Handshake.target, ClientHandshake.target, Extensions.target, Frames.target, Messages.target, Inflate.target, UTF8.target,
        HTTPResponse.target, JSON.target, JSONAnswer.target, WsaasAnswer.target, SlipAnswer.target, UnsocketAnswer.target, TextPatterns.target,
        Wsify.target, WebSocketEvents.target, Grip.target, Holds.target,
        Patches.target, Settings.target, Configuration.target, NodeMessages.target, SessionRecords.target, NATS.target, RESP.target,
    ]
}

/// Ends the process, so that libFuzzer keeps the input, unless a claim about the code under test holds.
func claim(_ holds: Bool, _ otherwise: @autoclosure () -> String) {
    if !holds { fatalError(otherwise()) }
}
