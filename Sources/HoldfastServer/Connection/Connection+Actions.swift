// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire

/// Carrying out the actions that concern one connection.
extension Connection {
    /// - Returns: what became of it. Limits are checked here too: an action may come from the control API, or from another connection's answer.
    func perform(_ action: Action) -> ActionResult {
        switch action {
        case .send(let payload, to: _):
            var message = OutgoingMessage(payload)
            switch send(&message) {
            case .taken: return .done(delivered: 1)
            case .full: return .full
            case .gone: return .notFound
            }
        case .close(let code, let reason, to: _):
            guard isReachable else { return .notFound }
            close(code, reason: reason)
            return .done(delivered: 1)
        case .subscribe(let channel, to: _): return subscribe(channel)
        case .unsubscribe(let channel, to: _):
            guard isReachable else { return .notFound }
            if let place = channels.firstIndex(of: channel) {
                channels.remove(at: place)
                shard.records?.channelsChanged(of: self)
                shard.unsubscribe(self, from: channel)
            }
            return .done(delivered: 1)
        case .setState(let patch, to: _):
            guard isReachable else { return .notFound }
            let merged = state.merging(patch)
            guard merged.size <= limits.maxStateBytes else { return .refused("the state would be larger than \(limits.maxStateBytes) bytes") }
            state = merged
            shard.records?.changed(self)
            return .done(delivered: 1)
        case .control(let control, to: _): return perform(control)
        case .accept, .reject, .publish, .closeChannel, .dial, .askAgain, .took: return .notFound
        }
    }

    private func subscribe(_ channel: ChannelName) -> ActionResult {
        guard isReachable else { return .notFound }
        guard !channels.contains(channel) else { return .done(delivered: 1) }
        guard channels.count < limits.maxChannels else { return .refused("the connection is on \(limits.maxChannels) channels already") }
        channels.append(channel)
        shard.records?.channelsChanged(of: self)
        shard.subscribe(self, to: channel)
        return .done(delivered: 1)
    }
}
