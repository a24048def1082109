// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// Turns an app's answer into actions.
struct SlipAnswerReader {
    /// What a connection of the route may have.
    let limits: ConnectionLimits

    func actions(
        from response: HTTPResponseMessage, to events: [SequencedEvent], in session: SessionView
    ) throws(DialectError) -> [Action] {
        let status = response.head.status
        guard case .open(let request) = events.first?.event else {
            guard (200..<300).contains(status) else { throw .status(status) }
            return try checked(status == 204 ? [] : SlipOrderReader.read(response.body, from: .answer), session)
        }
        if (300..<500).contains(status) { return [.reject(refusal(response))] }
        guard (200..<300).contains(status) else { throw .status(status) }
        do throws(DialectError) {
            return try verdict(status == 204 ? [] : SlipOrderReader.read(response.body, from: .opening), request, session)
        } catch {
            // The convention's own answer to a list that it does not understand, where other failures of the app say that it failed.
            let why = "the client is refused with 400: \(error)"
            return [
                .reject(Refusal(status: 400, body: "the app behind this gateway did not accept this connection\n")), .control(.warn(why), to: nil),
            ]
        }
    }

    /// A plain 3xx or 4xx answer to the opening event reaches the client as it is, with the headers that give it its meaning.
    private func refusal(_ response: HTTPResponseMessage) -> Refusal {
        let passed = ["content-type", "location", "www-authenticate", "retry-after"]
        var headers: [OpeningRequest.Field] = []
        response.head.forEach { name, value in
            if passed.contains(name) { headers.append(OpeningRequest.Field(name: name, value: value)) }
        }
        return Refusal(status: response.head.status, headers: headers, bytes: response.body)
    }

    /// Let in is who is accepted, before any metadata is set; who is closed instead is refused.
    private func verdict(_ orders: [SlipOrder], _ request: OpeningRequest, _ session: SessionView) throws(DialectError) -> [Action] {
        let id = session.facts.id
        var chosen: String?
        var acceptedAt: Int?
        var metadataAt: Int?
        var closing: SlipOrder?
        for (index, order) in orders.enumerated() where order.isFor(id) {
            switch order {
            case .accept(_, let name) where acceptedAt == nil: (acceptedAt, chosen) = (index, name)
            case .setMetadata where metadataAt == nil: metadataAt = index
            case .close where closing == nil: closing = order
            default: break
            }
        }
        guard let acceptedAt else {
            guard case .close(_, _, let reason, let status) = closing else {
                throw .notUnderstood("events: no ACCEPT for \(id), and no CLOSE")
            }
            let others = orders.filter { !$0.isFor(id) }.compactMap(\.action)
            return [.reject(Refusal(status: status ?? 403, body: reason.isEmpty ? "" : "\(reason)\n"))] + others
        }
        if let metadataAt, metadataAt < acceptedAt {
            throw .notUnderstood("events[\(metadataAt)]: SET_METADATA before the ACCEPT (events[\(acceptedAt)])")
        }
        if case .close(_, _, _, .some) = closing { throw .notUnderstood("events: a CLOSE with a status beside an ACCEPT") }
        // As bytes: Swift's strings are also equal where only a reader would take them for the same.
        if let chosen, !request.protocols.contains(where: { $0.utf8.elementsEqual(chosen.utf8) }) {
            let list = request.protocols.isEmpty ? "none" : request.protocols.joined(separator: ", ")
            throw .notUnderstood("events[\(acceptedAt)].subprotocol: \"\(chosen)\" was not offered by the client (offered: \(list))")
        }
        return [.accept(protocol: chosen, headers: [])] + (try checked(orders, session))
    }

    /// The actions, once it is clear that the connection answered for stays within its limits.
    private func checked(_ orders: [SlipOrder], _ session: SessionView) throws(DialectError) -> [Action] {
        var channels = Set(session.channels)
        var state = session.state
        for (index, order) in orders.enumerated() where order.isFor(session.facts.id) {
            switch order {
            case .subscribe(_, let channel):
                channels.insert(channel)
                guard channels.count <= limits.maxChannels else {
                    throw .notUnderstood("events[\(index)].channel: more than \(limits.maxChannels) channels on one connection (maxChannels)")
                }
            case .unsubscribe(_, let channel): channels.remove(channel)
            case .setMetadata(_, let text):
                state = state.merging(SlipMetadata.patch(text))
                guard state.size <= limits.maxStateBytes else {
                    throw .notUnderstood("events[\(index)].metadata: larger than \(limits.maxStateBytes) bytes (maxStateBytes)")
                }
            case .accept, .close, .send, .publish, .closeChannel, .poll: break
            }
        }
        return orders.compactMap(\.action)
    }
}
