// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// The kind of a message between nodes, as its bytes say it.
enum NodeMessageKind: UInt8, CaseIterable {
    case broadcasts = 1
    case actions = 2
    case results = 3
    case question = 4
    case answer = 5
    case announcement = 6
    case objection = 7
    case farewell = 8
    case records = 9
    case forgetRecords = 10
    case wantsRecords = 11
    case handedOver = 12
    case reported = 13
    case buried = 14
}
