// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Logging
import Testing

@testable import HoldfastBrokers

@Suite struct BrokerChoiceTests {
    @Test("A node stands alone unless it is told otherwise")
    func memory() throws {
        #expect(try BrokerChoice.make(ClusterSettings(), node: .standalone, version: "1", logger: Logger(label: "test")).name == "memory")
    }

    @Test("What is no broker is refused with what is accepted")
    func unknown() {
        var settings = ClusterSettings()
        settings.brokers = ["amqp://host"]
        #expect(throws: BrokerError.self) { try BrokerChoice.make(settings, node: .standalone, version: "1", logger: Logger(label: "test")) }
    }
}
