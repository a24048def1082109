// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastServer
import Testing

@Suite struct OpenFileLimitTests {
    @Test(arguments: [64, 256, 1024, 65536, 1_000_000])
    func planNeverPassesTheLimit(openFiles: Int) {
        let plan = OpenFileLimit.plan(openFiles: openFiles, webhooks: 256)
        #expect(plan.connections >= 1)
        #expect(plan.spare >= 8)
        #expect(plan.control >= 8)
        if openFiles >= 256 { #expect(plan.connections + plan.spare + plan.control + 32 <= openFiles) }
    }
}
