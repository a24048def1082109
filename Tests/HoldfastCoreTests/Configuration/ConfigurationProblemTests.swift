// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct ConfigurationProblemTests {
    @Test("A problem is one line: where, which key, what; all of them are one line each")
    func description() {
        let first = ConfigurationProblem(source: .file("holdfast.yaml", line: 3), key: "routes[0].target", message: "missing")
        let second = ConfigurationProblem(source: .flag("--node"), key: "node", message: "too long")
        #expect(ConfigurationFaults([first, second]).description == "holdfast.yaml:3: routes[0].target: missing\n--node: node: too long")
    }

    @Test("A problem of the whole file has no key to name")
    func noKey() {
        #expect(
            ConfigurationProblem(source: .file("holdfast.yaml", line: 1), key: "", message: "expected a map").description
                == "holdfast.yaml:1: expected a map")
    }
}
