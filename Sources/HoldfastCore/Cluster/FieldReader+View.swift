// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Questions about what a node holds, and answers.
extension FieldReader {
    mutating func question() throws(NodeMessageError) -> NodeQuestion {
        switch try byte() {
        case 1: .connection(try connection())
        case 2: .connections(after: try optionalConnection(), limit: try amount(), route: try optionalText(), channel: try optionalChannel())
        case 3: .channels(after: try optionalChannel(), limit: try amount())
        case 4: .subscriberCount(try channel())
        default: throw .invalid(.question)
        }
    }

    private mutating func optionalChannel() throws(NodeMessageError) -> ChannelName? { try flag() ? try channel() : nil }

    mutating func answer() throws(NodeMessageError) -> NodeAnswer {
        switch try byte() {
        case 1:
            .connections(try list { reader throws(NodeMessageError) in ShownConnection(id: try reader.connection(), json: try reader.ownBytes()) })
        case 2: .channels(try list { reader throws(NodeMessageError) in ChannelCount(name: try reader.channel(), subscribers: try reader.amount()) })
        case 3: .count(try amount())
        default: throw .invalid(.answer)
        }
    }
}
