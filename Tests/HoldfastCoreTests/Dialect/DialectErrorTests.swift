// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct DialectErrorTests {
    @Test("An error becomes the failure by which the delivery is judged")
    func failure() {
        #expect(DialectError.status(503).failure == .status(503))
        #expect(DialectError.status(503).description == "the app answered 503")
        #expect(DialectError.notUnderstood("actions: expected an array").failure == .notUnderstood("actions: expected an array"))
    }
}
