// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

extension NodeMessage {
    /// Whether it is worth nothing later.
    package var isFleeting: Bool {
        switch self {
        case .results, .question, .answer, .announcement, .objection, .wantsRecords: true
        case .broadcasts, .actions, .farewell, .records, .forgetRecords, .handedOver, .reported, .buried: false
        }
    }

    /// Whether it goes before all that waits for others: who is there is asked while they may not hear the rest. It has no place among what this node
    /// sends, for to hear it twice, or late, changes nothing.
    package var isUrgent: Bool {
        switch self {
        case .announcement, .objection: true
        default: false
        }
    }
}
