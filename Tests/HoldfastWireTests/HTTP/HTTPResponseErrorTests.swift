// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import Testing

struct HTTPResponseErrorTests {
    @Test("The text of an error says what is wrong")
    func descriptions() {
        #expect(HTTPResponseError.malformed("no end").description == "the answer is not HTTP/1.1: no end")
        #expect(HTTPResponseError.headTooLarge(limit: 5).description == "the answer's head is larger than 5 bytes")
        #expect(HTTPResponseError.bodyTooLarge(limit: 5).description == "the answer's body is larger than 5 bytes")
        #expect(HTTPResponseError.truncated.description == "the connection ended inside the answer")
    }
}
