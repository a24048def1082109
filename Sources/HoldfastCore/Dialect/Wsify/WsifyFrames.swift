// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// Writes the frames that clients get beside what is broadcast.
struct WsifyFrames {
    let settings: WsifySettings

    /// Tells a client that its command was done.
    func done(_ command: WsifyCommand) -> [Action] {
        guard settings.acks else { return [] }
        return [
            send { json in
                json.key("ack")
                json.string(command.kind.word(settings.version))
                write(command, into: &json)
            }
        ]
    }

    /// Tells a client that its command was not done.
    ///
    /// - Parameter detail: for people; `nil` where the word says it all.
    func refused(_ command: WsifyCommand, _ word: String, detail: String? = nil) -> [Action] {
        guard settings.acks else { return [] }
        return [
            send { json in
                json.key("error")
                json.string(word)
                json.key("command")
                json.string(command.kind.word(settings.version))
                write(command, into: &json)
                write(detail: detail, into: &json)
            }
        ]
    }

    /// Tells a client that its frame is no command.
    func fault(_ fault: WsifyFault) -> [Action] {
        guard settings.acks else { return [] }
        return [
            send { json in
                json.key("error")
                json.string(fault.word)
                if let command = fault.command {
                    json.key("command")
                    json.string(command)
                }
                write(detail: fault.detail, into: &json)
            }
        ]
    }

    private func write(_ command: WsifyCommand, into json: inout JSONWriter) {
        json.key("channel")
        json.string(command.channel.description)
        guard let id = command.id else { return }
        json.key("id")
        json.raw(id)
    }

    private func write(detail: String?, into json: inout JSONWriter) {
        guard let detail else { return }
        json.key("detail")
        json.string(detail)
    }

    private func send(_ write: (inout JSONWriter) -> Void) -> Action {
        var json = JSONWriter()
        json.beginObject()
        write(&json)
        json.endObject()
        return .send(.text(json.buffer), to: nil)
    }
}
