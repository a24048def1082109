// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import holdfast

@Suite struct PublishTests {
    @Test(
        "It is told what became of a publication, on this node and beyond",
        arguments: [
            (0, nil, "delivered to 0 connections"), (1, nil, "delivered to 1 connection"),
            (0, 3, "delivered to 0 connections here, carried to 2 other nodes"), (1, 2, "delivered to 1 connection here, carried to 1 other node"),
            (2, 1, "delivered to 2 connections here, carried to no other node: none is there, or the broker is away and it waits"),
        ] as [(Int, Int?, String)])
    func told(_ delivered: Int, _ nodes: Int?, _ expected: String) {
        #expect(Publish.told(delivered: delivered, nodes: nodes) == expected)
    }
}
