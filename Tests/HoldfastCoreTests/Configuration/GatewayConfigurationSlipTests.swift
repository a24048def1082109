// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

/// The section `slip:`.
struct GatewayConfigurationSlipTests {
    private func faults(_ lines: [String]) -> [String] {
        let faults = #expect(throws: ConfigurationFaults.self) { try GatewayConfiguration.read(.written(lines)) }
        return faults?.problems.map(\.description) ?? []
    }

    @Test("Every setting is read, from the top and over it from the route")
    func settings() throws {
        let read = try GatewayConfiguration.read(
            .written(
                "routes[0].target = http://a/", "routes[0].dialect = slip", "slip.jwtSecret = common", "slip.extended = true", "slip.batches = true",
                "routes[1].target = http://b/", "routes[1].path = /b", "routes[1].dialect = slip", "routes[1].slip.jwtSecret = own",
                "routes[1].slip.extended = false", "routes[1].slip.batches = false"))
        #expect(read.routes.map(\.slip) == [SlipSettings(jwtSecret: "common", batches: true), SlipSettings(jwtSecret: "own", extended: false)])
        #expect(read.routes[0].speaker.name == "slip")
        #expect(read.effective.contains("# jwtSecret: (hidden)"))
        #expect(!read.effective.contains("common") && !read.effective.contains("own"))
    }

    @Test("A route has defaults")
    func defaults() throws {
        let read = try GatewayConfiguration.read(.written("routes[0].target = http://a/", "routes[0].dialect = slip"))
        #expect(read.routes.map(\.slip) == [SlipSettings()])
        #expect(
            read.effective.contains("# jwtSecret: none") && read.effective.contains("extended: true") && read.effective.contains("batches: false"))
    }

    @Test(
        "What is wrong is told",
        arguments: [
            ("slip.extended = yes", "slip.extended: expected true or false, found \"yes\""),
            ("slip.jwtSecret =", "slip.jwtSecret: expected a text that is not empty, found (hidden)"),
            ("slip.batch = true", "slip.batch: unknown key; did you mean \"batches\"?"), ("slip = 7", "slip: expected a map of keys and values"),
        ])
    func faults(_ line: String, _ why: String) {
        let found = faults(["routes[0].target = http://a/", "routes[0].dialect = slip", line])
        #expect(found == ["test.yaml:3: \(why)"])
    }

    @Test("Batches are an addition")
    func batchesWithoutAdditions() {
        let found = faults([
            "routes[0].target = http://a/", "routes[0].dialect = slip", "routes[0].slip.extended = false", "routes[0].slip.batches = true",
        ])
        #expect(found.count == 1)
        #expect(
            found.first?.hasSuffix("slip.batches: several events in one request are beyond the published convention: slip.extended must be true")
                == true)
    }

    @Test("On a route of another dialect it is a fault", arguments: ["json", "wsaas", "grip", "wsify", "unsocket"])
    func otherDialects(_ dialect: String) {
        let found = faults(["routes[0].target = http://a/", "routes[0].dialect = \(dialect)", "routes[0].slip.extended = true"])
        #expect(found == ["test.yaml:3: routes[0].slip: has no meaning for the dialect \(dialect)"])
    }
}
