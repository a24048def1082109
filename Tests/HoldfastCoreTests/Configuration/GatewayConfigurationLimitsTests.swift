// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import Testing

/// Compression, and the limits per source address.
struct GatewayConfigurationLimitsTests {
    private static let target = "routes[0].target = http://localhost:3000/hook"

    private func read(_ lines: String...) throws -> GatewayConfiguration { try GatewayConfiguration.read(.written([Self.target] + lines)) }

    // MARK: Compression

    @Test("Compression is on without context takeover, for messages worth it")
    func compressionDefaults() throws {
        let expected = CompressionPolicy(
            isEnabled: true, threshold: 256, level: 1, wish: DeflateAgreement.Wish(contextTakeover: false, windowBits: 12))
        #expect(CompressionPolicy() == expected)
        #expect(try read().routes[0].compression == expected)
    }

    @Test("Each setting of compression is read up to its ends")
    func compression() throws {
        #expect(try !read("compression.enabled = false").routes[0].compression.isEnabled)
        for (text, size) in [("0", 0), ("1", 1), ("16KiB", 16_384), ("1MB", 1_000_000)] {
            #expect(try read("compression.threshold = \(text)").routes[0].compression.threshold == size)
        }
        for level in 1...9 { #expect(try read("compression.level = \(level)").routes[0].compression.level == level) }
        for bits in 9...15 { #expect(try read("compression.windowBits = \(bits)").routes[0].compression.wish.windowBits == bits) }
        #expect(try read("compression.contextTakeover = true").routes[0].compression.wish.contextTakeover)
    }

    @Test("A route's own settings count over the top level's, each for itself")
    func perRoute() throws {
        let read = try GatewayConfiguration.read(
            .written(
                "target = http://h", "compression.level = 5", "compression.threshold = 1KiB", "routes[0].path = /a",
                "routes[0].compression.level = 9",
                "routes[1].path = /b", "routes[1].compression.enabled = false", "routes[2].path = /c"))
        #expect(read.routes.map(\.compression.level) == [9, 5, 5])
        #expect(read.routes.map(\.compression.threshold) == [1024, 1024, 1024])
        #expect(read.routes.map(\.compression.isEnabled) == [true, false, true])
    }

    // MARK: Addresses

    @Test(
        "Connections per address are a number, or off",
        arguments: [("1", 1), ("100", 100), ("100000000", 100_000_000), ("off", nil), ("false", nil)] as [(String, Int?)])
    func perAddress(_ text: String, _ value: Int?) throws {
        #expect(try read("maxConnectionsPerAddress = \(text)").maxConnectionsPerAddress == value)
    }

    @Test(
        "Connects per address are a rate, or off",
        arguments: [
            ("30/1m", ConnectRate(connects: 30, period: .seconds(60))), ("1/1s", ConnectRate(connects: 1, period: .seconds(1))),
            ("1000000/1h", ConnectRate(connects: 1_000_000, period: .seconds(3600))), ("off", nil), ("false", nil),
        ] as [(String, ConnectRate?)])
    func rate(_ text: String, _ value: ConnectRate?) throws {
        #expect(try read("connectRatePerAddress = \(text)").connectRatePerAddress == value)
    }

    @Test("Neither is limited unless it is said")
    func addressDefaults() throws {
        let configuration = try read()
        #expect(configuration.maxConnectionsPerAddress == nil)
        #expect(configuration.connectRatePerAddress == nil)
    }

    // MARK: Faults

    @Test("A wrong value is one fault that says what is accepted", arguments: faulty)
    func fault(_ line: String, _ expected: String) {
        for prefix in line.hasPrefix("compression") ? ["", "routes[0]."] : [""] {
            let faults = #expect(throws: ConfigurationFaults.self) { try GatewayConfiguration.read(.written(Self.target, prefix + line)) }
            #expect(faults?.problems.map(\.description) == ["test.yaml:2: \(prefix)\(expected)"])
        }
    }

    private static let faulty: [(String, String)] = {
        let size = "expected a size such as 512, 16KiB or 1MiB"
        let bool = "expected true or false"
        var all = [
            ("compression = on", "compression: expected a map of keys and values"),
            ("compression = false", "compression: expected a map of keys and values"),
            ("compression.enabled = on", "compression.enabled: \(bool), found \"on\""),
            ("compression.enabled =", "compression.enabled: \(bool), found \"\""),
            ("compression.contextTakeover = 1", "compression.contextTakeover: \(bool), found \"1\""),
            ("compression.threshold = -1", "compression.threshold: \(size), found \"-1\""),
            ("compression.threshold = some", "compression.threshold: \(size), found \"some\""),
            ("compression.threshold = 3GiB", "compression.threshold: \(size), found \"3GiB\""),
            ("compression.threshold[0] = 1", "compression.threshold: \(size)"),
            ("compression.treshold = 1", "compression.treshold: unknown key; did you mean \"threshold\"?"),
            (
                "compression.x = 1",
                "compression.x: unknown key; accepted here: contextTakeover, enabled, level, threshold, windowBits"
            ),
        ]
        for text in ["0", "10", "-1", "fast", "", "1.0"] {
            all.append(("compression.level = \(text)", "compression.level: expected a whole number from 1 to 9, found \"\(text)\""))
        }
        for text in ["8", "16", "0", "4096", "wide"] {
            all.append(("compression.windowBits = \(text)", "compression.windowBits: expected a whole number from 9 to 15, found \"\(text)\""))
        }
        for text in ["0", "-1", "100000001", "many", "none", "Off", "1.5", ""] {
            let rule = "expected a whole number from 1 to 100000000, or off"
            all.append(("maxConnectionsPerAddress = \(text)", "maxConnectionsPerAddress: \(rule), found \"\(text)\""))
        }
        for text in ["30", "30/", "/1m", "0/1m", "30/0s", "1000001/1s", "30/1m/1", "30 / 1m", "30 per 1m", "Off", ""] {
            all.append(("connectRatePerAddress = \(text)", "connectRatePerAddress: \(ConnectRate.rule), found \"\(text)\""))
        }
        return all
    }()

    @Test("The limits per address are the node's, not a route's", arguments: ["maxConnectionsPerAddress = 5", "connectRatePerAddress = 5/1s"])
    func notPerRoute(_ line: String) {
        let faults = #expect(throws: ConfigurationFaults.self) { try GatewayConfiguration.read(.written(Self.target, "routes[0].\(line)")) }
        #expect(faults?.problems.count == 1)
        #expect(faults?.problems.first?.message.hasPrefix("unknown key; ") == true)
    }
}
