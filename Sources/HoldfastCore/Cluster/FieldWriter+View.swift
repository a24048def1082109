// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Questions about what a node holds, and answers.
extension FieldWriter {
    mutating func question(_ question: NodeQuestion) {
        switch question {
        case .connection(let id):
            byte(1)
            connection(id)
        case .connections(let cursor, let limit, let route, let name):
            byte(2)
            connection(cursor)
            number(limit)
            text(route)
            text(name?.description)
        case .channels(let cursor, let limit):
            byte(3)
            text(cursor?.description)
            number(limit)
        case .subscriberCount(let name):
            byte(4)
            channel(name)
        }
    }

    mutating func answer(_ answer: NodeAnswer) {
        switch answer {
        case .connections(let connections):
            byte(1)
            list(connections) { writer, shown in
                writer.connection(shown.id)
                writer.bytes(shown.json)
            }
        case .channels(let channels):
            byte(2)
            list(channels) { writer, count in
                writer.channel(count.name)
                writer.number(count.subscribers)
            }
        case .count(let count):
            byte(3)
            number(count)
        }
    }
}
