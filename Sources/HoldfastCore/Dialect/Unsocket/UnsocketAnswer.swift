// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire

/// What an app's list means as the answer to one webhook.
///
/// In the answer to the first question, entries are about the connect entry that they stand behind. In the answer to a question about one
/// connection that was lost, those about others are skipped: they were carried out when that one was dialled. In all other answers they are about
/// the connection whose event is answered. `connection` names another in each case.
struct UnsocketAnswer {
    /// A connect entry with all that belongs to it.
    private struct Dial {
        var request: DialRequest
        let name: String
        let isNamed: Bool
    }

    private let entries: [UnsocketEntry]
    private var dials: [Dial] = []
    /// For each entry, the connect entry that it stands behind.
    private var owners: [String?] = []

    /// - Throws: a ``DialectError`` where names or filters do not fit.
    init(_ entries: [UnsocketEntry]) throws(DialectError) {
        self.entries = entries
        for entry in entries {
            if case .connect(let request) = entry.content { try add(request, entry) }
            owners.append(dials.last?.name)
        }
        for (entry, owner) in zip(entries, owners) {
            if case .exclude(let pattern) = entry.content { try add(pattern, entry, owner) }
        }
    }

    private mutating func add(_ request: DialRequest, _ entry: UnsocketEntry) throws(DialectError) {
        let name = entry.connection ?? String(dials.count + 1)
        if dials.contains(where: { $0.name == name }) { throw entry.fault("\"\(name)\" is the name of another connect entry already") }
        dials.append(Dial(request: request, name: name, isNamed: entry.connection != nil))
    }

    private mutating func add(_ pattern: String, _ entry: UnsocketEntry, _ owner: String?) throws(DialectError) {
        guard let place = dials.firstIndex(where: { $0.name == entry.connection ?? owner }) else {
            throw entry.fault("exclude belongs behind the connect entry whose messages it is about, or names its connection")
        }
        guard dials[place].request.exclude.count < TextFilter.maxPatterns else {
            throw entry.fault("more than \(TextFilter.maxPatterns) patterns for one connection")
        }
        dials[place].request.exclude.append(pattern)
    }

    /// What is to be dialled, each with its name.
    private var dialling: [Action] {
        dials.map { dial in
            var request = dial.request
            request.name = dial.name
            if dial.isNamed || dials.count > 1 {
                request.state = StatePatch([StatePatch.Change(key: UnsocketName.tagKey, value: "true")])
            }
            return .dial(request, route: nil)
        }
    }

    /// The answer to what is to be dialled.
    ///
    /// - Throws: where the first entry is no connect entry. A question about one connection may also be answered with nothing: it is not wanted
    ///   any more.
    func actions(to question: DialQuestion) throws(DialectError) -> [Action] {
        let wanted = "{\"type\":\"connect\",\"url\":\"wss://example.com\"}"
        guard let first = entries.first else {
            if question.name != nil { return [] }
            throw .notUnderstood("the answer to ready names nothing to connect to: expected \(wanted) as its first entry, found none")
        }
        guard case .connect = first.content, let asked = question.name ?? dials.first?.name else {
            throw first.fault("the answer to ready begins with what to connect to: expected \(wanted), found \(first.type)")
        }
        var actions = dialling
        for (entry, owner) in zip(entries, owners) {
            let connection = entry.connection ?? owner ?? asked
            if question.name != nil, connection != asked { continue }
            if let action = Self.action(entry, to: connection == asked ? nil : connection) { actions.append(action) }
        }
        return actions
    }

    /// The answer to anything else.
    func actions(in session: SessionView) -> [Action] {
        let own = session.state[UnsocketName.stateKey]
        return dialling + entries.compactMap { Self.action($0, to: $0.connection == own ? nil : $0.connection) }
    }

    /// What was posted: for the connection that is named, or for all.
    static func action(pushed entry: UnsocketEntry, to connection: String?) -> Action? {
        let channel = (entry.connection ?? connection).map(UnsocketName.channel) ?? ChannelName(UnsocketSettings.channel)
        return channel.flatMap { action(entry, on: $0) }
    }

    /// - Parameter connection: `nil` for the one that is answered for.
    private static func action(_ entry: UnsocketEntry, to connection: String?) -> Action? {
        if let connection { return UnsocketName.channel(connection).flatMap { action(entry, on: $0) } }
        return switch entry.content {
        case .message(let payload): .send(payload, to: nil)
        case .close(let code, let reason): .close(code, reason: reason, to: nil)
        case .connect, .exclude, .nothing: nil
        }
    }

    private static func action(_ entry: UnsocketEntry, on channel: ChannelName) -> Action? {
        switch entry.content {
        case .message(let payload): .publish(Publication(channel: channel, payload: payload))
        case .close(let code, let reason): .closeChannel(channel, code: code, reason: reason)
        case .connect, .exclude, .nothing: nil
        }
    }
}
