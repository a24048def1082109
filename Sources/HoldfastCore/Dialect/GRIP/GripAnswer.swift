// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// The events of one answer, turned into actions in their order: each may change how the next is understood.
struct GripAnswer {
    private(set) var actions: [Action] = []
    private let reader: GripAnswerReader
    /// As it was before the answer.
    private let before: GripSession?
    private var prefix: String?
    private var meta: [String: String]
    private var filters: [ChannelName: [GripFilter]]
    /// Whether a control message has touched what is remembered.
    private var isTouched = false

    /// - Parameter isOpening: whether the answer sets GRIP up: what it sets is to be remembered even if nothing follows.
    init(grip: GripSession?, reader: GripAnswerReader, isOpening: Bool = false) {
        self.reader = reader
        before = isOpening ? nil : grip
        prefix = grip?.messagePrefix
        meta = grip?.meta ?? [:]
        filters = grip?.filters ?? [:]
    }

    /// - Parameter events: without the OPEN that accepts.
    mutating func read(_ events: ArraySlice<WebSocketEvent>) throws(DialectError) {
        loop: for (index, event) in zip(events.indices, events) {
            switch event.kind {
            case .text: try message(event.bytes, isText: true, index)
            case .binary: try message(event.bytes, isText: false, index)
            case .ping: actions.append(.control(.ping(event.bytes), to: nil))
            case .pong: actions.append(.control(.pong(event.bytes), to: nil))
            case .close:
                let content = WebSocketCloseContent(event.content)
                // A library that reads codes wrongly answers 0: what must not be on the wire does not get there.
                let code = content.code.isAllowedOnWire ? content.code : .none
                actions.append(.close(code, reason: content.reason, to: nil))
                break loop
            case .disconnect:
                actions.append(.control(.disconnect, to: nil))
                break loop
            case .open: throw .notUnderstood("events[\(index)]: OPEN is possible only in the answer to OPEN, once and first")
            }
        }
        remember()
    }

    private mutating func remember() {
        guard isTouched || before == nil else { return }
        guard prefix != nil || !meta.isEmpty || !filters.isEmpty || before != nil else { return }
        let now = GripSession(messagePrefix: prefix, meta: meta, filters: filters)
        if now != before { actions.append(.control(.remember(now), to: nil)) }
    }

    private mutating func message(_ bytes: ByteBuffer, isText: Bool, _ index: Int) throws(DialectError) {
        guard let prefix else { return send(bytes, isText: isText) }
        if isText, bytes.starts(with: Self.controlPrefix) {
            var json = bytes
            json.moveReaderIndex(forwardBy: 2)
            return try control(json, index)
        }
        guard bytes.starts(with: prefix) else {
            let how = "text beginning with c: is for the gateway, anything else must begin with the message prefix"
            return warn("events[\(index)]: begins neither with \"c:\" nor with \"\(prefix)\"; not sent (\(how))")
        }
        var rest = bytes
        rest.moveReaderIndex(forwardBy: prefix.utf8.count)
        send(rest, isText: isText)
    }

    private mutating func send(_ bytes: ByteBuffer, isText: Bool) {
        actions.append(.send(isText ? .text(bytes) : .binary(bytes), to: nil))
    }

    private mutating func warn(_ why: String) { actions.append(.control(.warn(why), to: nil)) }

    private mutating func control(_ json: ByteBuffer, _ index: Int) throws(DialectError) {
        let message: GripControlMessage
        do throws(GripControlError) {
            message = try GripControlReader.read(json)
        } catch {
            guard error.code != .tooManyFilters else { throw .notUnderstood("events[\(index)]: \(error.description)") }
            return warn("events[\(index)]: a control message that is not understood: \(error.description)")
        }
        isTouched = true
        switch message {
        case .subscribe(let name, let names, let previousID):
            let channel = try channel(name, index)
            let known = GripFilter.list(names)
            filters[channel] = known.isEmpty ? nil : known
            actions.append(.subscribe(channel, to: nil))
            if let previousID { actions.append(.control(.follow(channel, from: previousID), to: nil)) }
        case .unsubscribe(let name):
            let channel = try channel(name, index)
            guard !reader.settings.subscribe.contains(channel) else { return }
            filters[channel] = nil
            actions.append(.unsubscribe(channel, to: nil))
        case .detach: actions.append(.control(.detach, to: nil))
        case .session: break
        case .setMeta(let name, let value):
            meta[name] = value
            let size = meta.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
            guard size <= GripAnswerReader.maxMetaBytes else {
                throw .notUnderstood("events[\(index)]: set-meta: more than \(GripAnswerReader.maxMetaBytes) bytes in all")
            }
        case .keepAlive(let message): actions.append(.control(.keepAlive(message), to: nil))
        case .sendDelayed(let message): actions.append(.control(.sendLater(message), to: nil))
        case .flushDelayed: actions.append(.control(.flushLater, to: nil))
        }
    }

    private static let controlPrefix = "c:"

    private func channel(_ name: String, _ index: Int) throws(DialectError) -> ChannelName {
        guard let channel = ChannelName(reader.settings.channelPrefix + name) else {
            throw .notUnderstood("events[\(index)].channel: \(ChannelName.rule)")
        }
        return channel
    }
}

extension ByteBuffer {
    fileprivate func starts(with text: String) -> Bool {
        withUnsafeReadableBytes { bytes in
            guard bytes.count >= text.utf8.count else { return false }
            var place = 0
            for byte in text.utf8 {
                guard bytes[place] == byte else { return false }
                place += 1
            }
            return true
        }
    }
}
