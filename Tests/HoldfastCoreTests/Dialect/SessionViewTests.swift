// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct SessionViewTests {
    private let request = OpeningRequest.sample(headers: [
        .init(name: "cookie", value: "a=1"), .init(name: "x-user", value: "42"), .init(name: "cookie", value: "b=2"),
    ])

    private func facts(keeping names: [String]) -> ConnectionFacts {
        ConnectionFacts(id: .sample(), direction: .inbound, route: "chat", request: request, keeping: names)
    }

    @Test("Of the opening request's headers only those are kept that webhooks need, in the order received")
    func headers() {
        #expect(facts(keeping: []).headers.isEmpty)
        #expect(facts(keeping: ["authorization"]).headers.isEmpty)
        #expect(facts(keeping: ["x-user", "cookie"]).headers == request.headers)
        #expect(facts(keeping: ["cookie"]).headers.map(\.value) == ["a=1", "b=2"])
    }

    @Test("The id is kept as text too")
    func idText() {
        #expect(facts(keeping: []).idText == ConnectionID.sample().description)
    }
}
