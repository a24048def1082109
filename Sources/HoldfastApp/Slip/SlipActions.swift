// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// A list of actions without a webhook, for ``SlipControl/perform(_:)``.
public struct SlipActions: SlipActionList, Sendable, Hashable {
    private var list = JSONList()

    public init() {}

    public var count: Int { list.elements.count }

    public mutating func append(_ action: SlipAction) { list.append(action.json) }

    var json: [UInt8] { list.document(named: "events") }
}
