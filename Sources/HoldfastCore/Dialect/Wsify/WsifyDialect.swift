// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import HoldfastWire
import NIOCore

/// The convention of wsify, versions 3 and 2: clients send commands, and an authorizer allows or refuses each of them.
///
/// A frame is understood here before the app is asked, so that the app is asked about what will be done and nothing else; what is no command is
/// not brought before it. Where its documents and its program differ, see docs/dialects/wsify.md.
package struct WsifyDialect: Dialect {
    package let name = DialectName.wsify.rawValue
    package let traits: DialectTraits
    private let settings: WsifySettings
    private let isAsked: Bool
    private let maxChannels: Int
    private let publishing: WsifyPublishing

    /// - Parameters:
    ///   - isAsked: whether there is an authorizer; without one everything is allowed.
    ///   - maxChannels: of one connection.
    package init(settings: WsifySettings, isAsked: Bool = true, maxChannels: Int = ConnectionLimits().maxChannels) {
        self.settings = settings
        self.isAsked = isAsked
        self.maxChannels = maxChannels
        publishing = WsifyPublishing(settings: settings)
        // An authorizer that fails closes the connection in the plain way, and what the client has sent behind is not done.
        traits = DialectTraits(
            batches: false, isRepeatable: false, isSigned: false, failureCode: settings.version == .v3 ? .normal : .internalError,
            isAbandonedWhole: true, answersSome: true)
    }

    // MARK: The app

    package func request(for events: [SequencedEvent], in session: SessionView) -> WebhookRequest {
        let webhook = WsifyWebhook(settings: settings, session: session)
        switch events.first?.event {
        case .open(let request): return WebhookRequest(body: settings.version == .v3 ? webhook.connect(request) : webhook.body("connect"))
        case .end(let ending): return WebhookRequest(body: webhook.disconnect(ending))
        case .message(let payload):
            if let command = try? WsifyCommand.read(payload.bytes, settings.version) { return WebhookRequest(body: webhook.command(command)) }
        case .ready, .ping, .pong, .refresh, nil: break
        }
        // Of these the app is never asked.
        return WebhookRequest(body: webhook.body(""))
    }

    package func actions(
        from response: HTTPResponseMessage, to events: [SequencedEvent], in session: SessionView
    ) throws(DialectError) -> [Action] {
        let status = response.head.status
        switch events.first?.event {
        case .open(let request): return allows(status) ? accept(request) : [.reject(refusal)]
        case .message(let payload):
            guard let command = try? WsifyCommand.read(payload.bytes, settings.version) else { return [] }
            if allows(status) { return run(command, in: session) }
            // "The authorizer is down, please close the current connection": v2 knows no such thing.
            if settings.version == .v3, status >= 500 { throw .status(status) }
            return refuse(command)
        case .end:
            // Told again until the app has heard it.
            if status >= 500 { throw .status(status) }
            return []
        case .ready, .ping, .pong, .refresh, nil: return []
        }
    }

    package func unasked(_ events: [SequencedEvent], in session: SessionView) -> [Action]? {
        switch events.first?.event {
        case .open(let request): return asks(.connect) ? nil : accept(request)
        case .end: return asks(.disconnect) ? nil : []
        case .message(let payload):
            do throws(WsifyFault) {
                let command = try WsifyCommand.read(payload.bytes, settings.version)
                return asks(about: command) ? nil : run(command, in: session)
            } catch {
                return WsifyFrames(settings: settings).fault(error)
            }
        case .ready, .ping, .pong, .refresh, nil: return []
        }
    }

    private func asks(_ event: WsifySettings.EventName) -> Bool {
        guard isAsked else { return false }
        guard settings.version == .v3 else { return settings.events.contains(event) }
        return event != .disconnect || settings.disconnect
    }

    private func asks(about command: WsifyCommand) -> Bool {
        switch command.kind {
        case .join: asks(.subscribe)
        case .leave: asks(.unsubscribe)
        case .broadcast: isAsked
        }
    }

    /// v3 wants 200 and nothing else; v2 takes what is not above it.
    private func allows(_ status: Int) -> Bool { settings.version == .v3 ? status == 200 : status <= 200 }

    // MARK: What is done

    /// The first sub-protocol that the client offers is agreed on: most clients need one of theirs.
    private func accept(_ request: OpeningRequest) -> [Action] { [.accept(protocol: request.protocols.first, headers: [])] }

    private var refusal: Refusal {
        guard settings.version == .v2 else { return Refusal() }
        let json = [OpeningRequest.Field(name: "content-type", value: "application/json; charset=UTF-8")]
        return Refusal(headers: json, body: "\"You aren't allowed to access this resource\"")
    }

    private func refuse(_ command: WsifyCommand) -> [Action] {
        let frames = WsifyFrames(settings: settings)
        guard settings.version == .v2 else { return frames.refused(command, "refused") }
        return [.send(.text(ByteBuffer(string: "{\"error\":\"You aren't allowed to access the requested resource\"}")), to: nil)]
    }

    private func run(_ command: WsifyCommand, in session: SessionView) -> [Action] {
        let frames = WsifyFrames(settings: settings)
        let channels = channels(of: command, in: session)
        switch command.kind {
        case .join:
            let new = channels.filter { !session.channels.contains($0) }
            guard session.channels.count + new.count <= maxChannels else {
                return frames.refused(command, "limit", detail: "no more than \(maxChannels) channels for one connection (maxChannels)")
            }
            return channels.map { .subscribe($0, to: nil) } + frames.done(command)
        case .leave: return channels.map { .unsubscribe($0, to: nil) } + frames.done(command)
        case .broadcast: return [.publish(Publication(channel: command.channel, payload: .text(command.content)))] + frames.done(command)
        }
    }

    /// v2 can publish to single keys: each subscription has a second one for that.
    private func channels(of command: WsifyCommand, in session: SessionView) -> [ChannelName] {
        guard settings.version == .v2 else { return [command.channel] }
        return [command.channel, WsifyChannel.target(command.channel, key: WsifyWebhook.key(of: session.facts))]
    }

    // MARK: Publishing

    package func refusal(ofHead request: ControlRequest) -> ControlReply? { publishing.refusal(ofHead: request) }

    package func command(from request: ControlRequest) -> ControlCommand? { publishing.command(from: request) }
}
