// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// Actions that another node can carry out, and what became of them.
extension FieldReader {
    mutating func action() throws(NodeMessageError) -> Action {
        let code = try byte()
        let id = try optionalConnection()
        switch code {
        case 1:
            let text = try utf8()
            return .send(.text(ByteBuffer(bytes: text.readableBytesView)), to: id)
        case 2: return .send(.binary(try ownBytes()), to: id)
        case 3: return .close(try closeCode(), reason: try text(), to: id)
        case 4: return .subscribe(try channel(), to: id)
        case 5: return .unsubscribe(try channel(), to: id)
        case 6:
            let changes = try list { reader throws(NodeMessageError) in
                StatePatch.Change(key: try reader.text(), value: try reader.optionalText())
            }
            return .setState(StatePatch(changes), to: id)
        case 7: return .control(try control(), to: id)
        default: throw .invalid(.action)
        }
    }

    private mutating func control() throws(NodeMessageError) -> ConnectionControl {
        switch try byte() {
        case 1: .ping(try controlBytes())
        case 2: .pong(try controlBytes())
        case 3: .disconnect
        case 4: .detach
        case 5: .refresh
        case 6: .poll(every: try flag() ? try duration() : nil)
        case 7: .keepAlive(try flag() ? try timed() : nil)
        case 8: .sendLater(try timed())
        case 9: .flushLater
        case 10: .remember(try session())
        case 11: .follow(try channel(), from: try text())
        case 12: .warn(try text())
        default: throw .invalid(.control)
        }
    }

    private mutating func timed() throws(NodeMessageError) -> TimedMessage {
        guard let form = TimedMessage.Form(code: try byte()) else { throw .invalid(.control) }
        let isInterval = try flag()
        let after = try duration()
        let bytes: ByteBuffer
        switch form {
        case .text: bytes = ByteBuffer(bytes: try utf8().readableBytesView)
        case .binary: bytes = try ownBytes()
        case .ping, .pong: bytes = try controlBytes()
        }
        return TimedMessage(form: form, bytes: bytes, after: after, isInterval: isInterval)
    }

    private mutating func session() throws(NodeMessageError) -> GripSession {
        let prefix = try optionalText()
        let meta = try texts()
        let filters = try list { reader throws(NodeMessageError) in
            let channel = try reader.channel()
            let names = try reader.list { reader throws(NodeMessageError) in try reader.text() }
            return (channel, GripFilter.list(names))
        }
        return GripSession(messagePrefix: prefix, meta: meta, filters: Dictionary(filters) { $1 })
    }

    mutating func result() throws(NodeMessageError) -> ActionResult {
        switch try byte() {
        case 0: .done(delivered: try amount())
        case 1: .dialling(try connection())
        case 2: .notFound
        case 3: .duplicate
        case 4: .full
        case 5: .refused(try text())
        case 6: .unreachable
        default: throw .invalid(.result)
        }
    }
}
