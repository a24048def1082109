// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import Testing

struct EndingTests {
    @Test("A lost socket is told as 1006 without a clean close")
    func lost() {
        #expect(Ending.lost() == Ending(code: .abnormal, reason: "", isClean: false, error: nil, cause: .lost))
        #expect(Ending.lost("reset by peer").error == "reset by peer")
    }
}
