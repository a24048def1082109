// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// What a client asks for in one frame.
struct WsifyCommand {
    enum Kind: CaseIterable {
        case join, leave, broadcast

        /// As the frame and the app's webhook call it.
        func word(_ version: WsifySettings.Version) -> String {
            switch (self, version) {
            case (.join, .v3): "join"
            case (.leave, .v3): "leave"
            case (.join, .v2): "subscribe"
            case (.leave, .v2): "unsubscribe"
            case (.broadcast, _): "broadcast"
            }
        }

        static func named(_ word: String, _ version: WsifySettings.Version) -> Kind? {
            allCases.first { ($0 != .broadcast || version == .v3) && $0.word(version).hasBytes(of: word) }
        }
    }

    let kind: Kind
    /// Without white space around it.
    let channel: ChannelName
    /// The arguments as the app is to see them: each name once, and the channel's name as it is used. What is allowed is then what is done.
    let args: [JSONValue.Member]
    /// What is broadcast, as JSON; `null` where the frame has none.
    let content: ByteBuffer
    /// What the client calls this command, a string or a number, as JSON; `nil` where it does not name it.
    let id: ByteBuffer?

    /// Understands a frame, text or binary.
    ///
    /// - Throws: a ``WsifyFault`` when it is no command.
    static func read(_ frame: ByteBuffer, _ version: WsifySettings.Version) throws(WsifyFault) -> WsifyCommand {
        let json: JSONValue
        do throws(JSONSyntaxError) {
            json = try JSONReader.parse(frame)
        } catch {
            throw .malformed("the frame is not JSON: \(error)")
        }
        guard let members = json.object else { throw .malformed("expected an object, found \(json.kind)") }
        return try version == .v3 ? read3(members) : read2(members)
    }

    private static func read3(_ members: [JSONValue.Member]) throws(WsifyFault) -> WsifyCommand {
        let (word, kind) = try kind(members, "command", .v3)
        func fault(_ detail: String) -> WsifyFault { WsifyFault(word: "channel", detail: detail, command: word) }
        guard let args = member("args", of: members)?.object else { throw fault("args: expected an object with the channel") }
        guard let given = args.last(where: { $0.name.hasBytes(of: "channel") })?.value else { throw fault("args.channel: missing") }
        guard let channel = given.string.flatMap(WsifyChannel.read) else { throw fault("args.channel: \(WsifyChannel.rule)") }
        let content = args.last { $0.name.hasBytes(of: "content") }?.value.source
        return WsifyCommand(kind: kind, channel: channel, args: once(args), content: content ?? ByteBuffer(string: "null"), id: id(members))
    }

    private static func read2(_ members: [JSONValue.Member]) throws(WsifyFault) -> WsifyCommand {
        let (word, kind) = try kind(members, "action", .v2)
        guard let channel = member("value", of: members)?.string.flatMap(WsifyChannel.read) else {
            throw WsifyFault(word: "channel", detail: "value: \(WsifyChannel.rule)", command: word)
        }
        return WsifyCommand(kind: kind, channel: channel, args: [], content: ByteBuffer(string: "null"), id: id(members))
    }

    private static func kind(
        _ members: [JSONValue.Member], _ name: String, _ version: WsifySettings.Version
    ) throws(WsifyFault) -> (word: String, kind: Kind) {
        guard let word = member(name, of: members)?.string else { throw .malformed("\(name): expected a string") }
        guard let kind = Kind.named(word, version) else {
            let known = Kind.allCases.map { $0.word(version) }.filter { Kind.named($0, version) != nil }.joined(separator: ", ")
            throw WsifyFault(word: "unknownCommand", detail: "\(name): expected \(known)", command: word)
        }
        return (word, kind)
    }

    /// The last member of that name, in whatever case: so the original reads it.
    private static func member(_ name: String, of members: [JSONValue.Member]) -> JSONValue? {
        members.last { $0.name.utf8.count == name.utf8.count && $0.name.lowercased().hasBytes(of: name) }?.value
    }

    private static func id(_ members: [JSONValue.Member]) -> ByteBuffer? {
        guard let id = members.last(where: { $0.name.hasBytes(of: "id") })?.value else { return nil }
        switch id.content {
        case .string, .number: return id.source
        case .null, .bool, .array, .object: return nil
        }
    }

    /// The members with each name once, as the last of that name has it: two readers of the same text must not find two different channels.
    private static func once(_ members: [JSONValue.Member]) -> [JSONValue.Member] {
        var seen: Set<ExactText> = []
        return members.reversed().filter { seen.insert(ExactText($0.name)).inserted }.reversed()
    }
}
