// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// Actions that another node can carry out, and what became of them.
extension FieldWriter {
    mutating func action(_ action: Action) throws(NodeMessageError) {
        switch action {
        case .send(.text(let bytes), let id):
            byte(1)
            connection(id)
            self.bytes(bytes)
        case .send(.binary(let bytes), let id):
            byte(2)
            connection(id)
            self.bytes(bytes)
        case .close(let code, let reason, let id):
            byte(3)
            connection(id)
            number(UInt64(code.rawValue))
            text(reason)
        case .subscribe(let name, let id):
            byte(4)
            connection(id)
            channel(name)
        case .unsubscribe(let name, let id):
            byte(5)
            connection(id)
            channel(name)
        case .setState(let patch, let id):
            byte(6)
            connection(id)
            list(patch.changes) { writer, change in
                writer.text(change.key)
                writer.text(change.value)
            }
        case .control(let control, let id):
            byte(7)
            connection(id)
            self.control(control)
        case .accept, .reject, .publish, .closeChannel, .dial, .askAgain, .took: throw .notForOthers
        }
    }

    private mutating func control(_ control: ConnectionControl) {
        switch control {
        case .ping(let bytes):
            byte(1)
            self.bytes(bytes)
        case .pong(let bytes):
            byte(2)
            self.bytes(bytes)
        case .disconnect: byte(3)
        case .detach: byte(4)
        case .refresh: byte(5)
        case .poll(let interval):
            byte(6)
            flag(interval != nil)
            if let interval { duration(interval) }
        case .keepAlive(let message):
            byte(7)
            flag(message != nil)
            if let message { timed(message) }
        case .sendLater(let message):
            byte(8)
            timed(message)
        case .flushLater: byte(9)
        case .remember(let session):
            byte(10)
            self.session(session)
        case .follow(let name, let id):
            byte(11)
            channel(name)
            text(id)
        case .warn(let line):
            byte(12)
            text(line)
        }
    }

    private mutating func timed(_ message: TimedMessage) {
        byte(message.form.code)
        flag(message.isInterval)
        duration(message.after)
        bytes(message.bytes)
    }

    private mutating func session(_ session: GripSession) {
        text(session.messagePrefix)
        texts(session.meta)
        list(session.filters.sorted { $0.key.description < $1.key.description }) { writer, entry in
            writer.channel(entry.key)
            writer.list(entry.value) { $0.text($1.rawValue) }
        }
    }

    mutating func result(_ result: ActionResult) {
        switch result {
        case .done(let delivered):
            byte(0)
            number(delivered)
        case .dialling(let id):
            byte(1)
            connection(id)
        case .notFound: byte(2)
        case .duplicate: byte(3)
        case .full: byte(4)
        case .refused(let why):
            byte(5)
            text(why)
        case .unreachable: byte(6)
        }
    }
}

extension TimedMessage.Form {
    /// What stands for it in bytes.
    var code: UInt8 {
        switch self {
        case .text: 0
        case .binary: 1
        case .ping: 2
        case .pong: 3
        }
    }

    init?(code: UInt8) {
        switch code {
        case 0: self = .text
        case 1: self = .binary
        case 2: self = .ping
        case 3: self = .pong
        default: return nil
        }
    }
}
