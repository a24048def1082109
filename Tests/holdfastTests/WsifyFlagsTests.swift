// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import HoldfastCore
import Testing

@testable import holdfast

@Suite struct WsifyFlagsTests {
    private func plan(_ arguments: String...) throws -> ServingPlan { try Wsify.parse(arguments).plan() }

    private func configuration(_ arguments: [String]) throws -> GatewayConfiguration { try Wsify.parse(arguments).plan().configuration }

    @Test func withoutFlagsItIsTheProgramWithItsDefaults() throws {
        let plan = try plan()
        let route = try #require(plan.configuration.routes.first)
        #expect(plan.configuration.listen.map(\.description) == [":3000"])
        #expect(plan.configuration.control == HostPort(host: "127.0.0.1", port: 8081))
        #expect(plan.configuration.logFormat == .json)
        #expect(plan.configuration.cluster.brokers == ["memory"])
        #expect(route.dialect == .wsify)
        #expect(route.path.description == "/ws")
        #expect(route.target == nil)
        #expect(route.wsify == WsifySettings(broadcastPath: "/broadcast"))
        #expect(plan.warnings.count == 1)
        #expect(plan.warnings.first?.hasPrefix("anyone who reaches the public port may publish by POST /broadcast: ") == true)
    }

    @Test(arguments: [true, false]) func eachFlagIsASetting(isLong: Bool) throws {
        let dash = isLong ? "--" : "-"
        let plan = try plan(
            "\(dash)authorizer-url", "http://localhost:8000/a", "\(dash)listen-addr", "127.0.0.1:9", "\(dash)broadcasting-key", "k",
            "\(dash)broker-driver", "memory", "\(dash)broker-dsn", "")
        let route = try #require(plan.configuration.routes.first)
        #expect(plan.configuration.listen.map(\.description) == ["127.0.0.1:9"])
        #expect(route.target?.description == "http://localhost:8000/a")
        #expect(route.wsify.broadcastingKey == "k")
        #expect(plan.warnings.isEmpty)
    }

    @Test func anEmptyAuthorizerIsNone() throws { #expect(try plan("--authorizer-url", "").configuration.routes.first?.target == nil) }

    @Test(arguments: [["--v2"], ["-debug"], ["-events", "connect,disconnect,subscribe,unsubscribe"], ["-publish=/publish"], ["-origin", "*"]])
    func versionTwo(arguments: [String]) throws {
        let read = try configuration(arguments)
        let route = try #require(read.routes.first)
        #expect(read.listen.map(\.description) == [":4040"])
        #expect(route.path.description == "/subscribe")
        #expect(route.target?.description == "http://localhost:8000")
        #expect(route.wsify == WsifySettings(version: .v2, broadcastPath: "/publish"))
        #expect(route.limits.maxChannels == 256)
        #expect(route.origins == .any)
        #expect(read.logLevel == (arguments == ["-debug"] ? .debug : .info))
    }

    @Test func flagsOfVersionTwo() throws {
        let read = try configuration([
            "-listen", ":1", "-origin", "a.test, b.test:8080", "-webhook", "http://c.test/", "-events", " Connect,SUBSCRIBE,", "-publish", "/p",
            "--broadcasting-key", "k",
        ])
        let route = try #require(read.routes.first)
        #expect(read.listen.map(\.description) == [":1"])
        #expect(route.target?.host == "c.test")
        #expect(route.wsify == WsifySettings(version: .v2, broadcastingKey: "k", broadcastPath: "/p", events: [.connect, .subscribe]))
        #expect(route.origins.allows(["https://a.test"]) && route.origins.allows(["http://b.test:8080"]))
        #expect(!route.origins.allows(["https://c.test"]))
        #expect(try configuration(["-events", ""]).routes.first?.wsify.events == [])
    }

    @Test(arguments: [
        (["--broker-driver", "nats"], "--broker-driver: expected memory or redis, found \"nats\""),
        (["-webhook", "http://a", "--authorizer-url", "http://b"], "--authorizer-url: a flag of version 3 beside one of version 2"),
        (["--listen", ":1", "--listen-addr", ":2"], "give either --listen or wsify's own flag for it, not both"),
        (["--listen", ":1", "-listen", ":2"], "give either --listen or wsify's own flag for it, not both"),
    ])
    func contradictions(arguments: [String], sentence: String) {
        let error = #expect(throws: ValidationError.self) { try Wsify.parse(arguments).plan() }
        #expect(error?.message.hasPrefix(sentence) == true)
    }

    @Test(arguments: [
        (["--authorizer-url", "ftp://x"], "--authorizer-url: routes[0].target: "), (["-events", "fly"], "-events: routes[0].wsify.events[0]: "),
        (["-publish", "p"], "-publish: routes[0].wsify.broadcastPath: "), (["--listen-addr", "x"], "--listen-addr: listen: "),
        (["-origin", "a b/c"], "-origin: origins: "),
    ])
    func aWrongValueIsToldByItsFlag(arguments: [String], sentence: String) {
        let faults = #expect(throws: ConfigurationFaults.self) { try Wsify.parse(arguments).plan() }
        #expect(faults?.problems.first?.description.hasPrefix(sentence) == true, "\(faults?.problems.map(\.description) ?? [])")
    }

    /// The configuration that flags make; which brokers there are is another's business.
    private func read(_ arguments: [String]) throws -> GatewayConfiguration {
        var root = ConfigurationNode.empty
        _ = try WsifyFlags.parse(arguments).apply(to: &root)
        return try GatewayConfiguration.read(root)
    }

    @Test(arguments: [
        (["--broker-driver", "redis"], "redis://localhost"), (["-broker-driver", "redis", "-broker-dsn", ""], "redis://localhost"),
        (["--broker-driver", "redis", "--broker-dsn", "redis://user:pass@host"], "redis://user:pass@host"),
        (["-broker-driver=redis", "-broker-dsn=redis://host:6380/2"], "redis://host:6380/2"),
    ])
    func redisIsABroker(arguments: [String], broker: String) throws {
        let read = try read(arguments)
        #expect(read.cluster.brokers == [broker])
        #expect(read.drawsNode, "nodes that join others each have a name of their own")
    }

    @Test func aBrokerThatIsNotUsedIsTold() throws {
        let plan = try plan("--broker-dsn", "redis://user:pass@host", "--broadcasting-key", "k")
        #expect(plan.warnings == ["--broker-dsn has no effect: --broker-driver is memory"])
    }

    // MARK: As a file

    /// What is printed is the whole plan: read back, it is the same configuration.
    @Test(arguments: [
        [], ["--authorizer-url", "http://localhost:8000/a?b=c", "--broadcasting-key", "s3 \"cret\": #1", "--listen-addr", "[::1]:9"],
        ["--v2", "-events", "", "-origin", "*"], ["-events", "connect, subscribe", "-origin", "a.test,b.test", "-debug", "-publish", "/p"],
        ["--control-token", "abc", "--control", "0.0.0.0:1", "--webhook-timeout", "250ms", "--origin", "*.a.test", "--max-channels", "7"],
    ])
    func theFileIsThePlan(arguments: [String]) throws {
        let plan = try Wsify.parse(arguments).plan()
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("holdfast-\(UUID().uuidString).yaml").path
        try ConfigurationYAML.text(plan.root, title: "a test").write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(try GatewayConfiguration.read(ConfigurationFile.read(path)) == plan.configuration)
    }

    @Test func routesOfAFileGoBeforeThoseOfTheCommand() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("holdfast-\(UUID().uuidString).yaml").path
        try "listen: \":7\"\nroutes: [{ path: /a, wsify: { acks: true } }]\n".write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let read = try configuration(["-c", path, "--broadcasting-key", "k"])
        #expect(read.routes.map(\.path.description) == ["/a"])
        #expect(read.routes.map(\.wsify) == [WsifySettings(broadcastingKey: "k", acks: true)])
        #expect(read.listen.map(\.description) == [":7"])
        #expect(try configuration(["-c", path, "--listen-addr", ":8"]).listen.map(\.description) == [":8"])
        #expect(throws: ValidationError.self) { try Wsify.parse(["-c", path, "--authorizer-url", "http://a"]).plan() }
    }
}
