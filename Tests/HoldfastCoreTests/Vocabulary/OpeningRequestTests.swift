// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct OpeningRequestTests {
    @Test("A header is looked up by its name in lower case, and the first of several counts")
    func header() {
        let request = OpeningRequest.sample(headers: [
            .init(name: "cookie", value: "a=1"), .init(name: "origin", value: "https://example.com"), .init(name: "cookie", value: "b=2"),
        ])
        #expect(request.header("cookie") == "a=1")
        #expect(request.header("origin") == "https://example.com")
        #expect(request.header("Cookie") == nil)
        #expect(request.header("host") == nil)
    }
}
