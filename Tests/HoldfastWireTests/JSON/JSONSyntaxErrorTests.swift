// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import Testing

struct JSONSyntaxErrorTests {
    @Test("The text of an error begins with the place")
    func description() {
        #expect(JSONSyntaxError(line: 3, column: 14, message: "expected a value").description == "line 3, column 14: expected a value")
    }
}
