// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

@testable import HoldfastBrokers

@Suite struct BusAddressTests {
    /// - Throws: the first fault.
    private func addresses(_ texts: [String]) throws -> [BusAddress] {
        var faults: [BrokerError] = []
        let addresses = BusAddress.list(texts, faults: &faults)
        if let fault = faults.first { throw fault }
        return addresses
    }

    @Test(
        "A URL names a server and how it is spoken to",
        arguments: [
            ("nats://host", "nats://host:4222", BusLogin.none), ("NATS://host:1/", "nats://host:1", .none), ("tls://host", "tls://host:4222", .none),
            ("nats://u:p@[::1]:9", "nats://[::1]:9", .password(user: "u", "p")), ("nats://token@host", "nats://host:4222", .token("token")),
            ("redis://10.0.0.1", "redis://10.0.0.1:6379", .none), ("valkey://host:1/", "redis://host:1", .none),
            ("redis://host/15", "redis://host:6379", .none),
            ("rediss://:p%40%2F%25@host", "rediss://host:6379", .password(user: nil, "p@/%")),
            ("valkeys://u%3A:p:q@host/0", "rediss://host:6379", .password(user: "u:", "p:q")),
            ("nats://a%C3%A4:p@q@host", "nats://host:4222", .password(user: "aä", "p@q")),
        ])
    func good(_ text: String, _ shown: String, _ login: BusLogin) throws {
        let address = try BusAddress(text)
        #expect(address.description == shown)
        #expect(address.login == login)
        #expect(address.isTLS == (shown.hasPrefix("tls") || shown.hasPrefix("rediss")))
        #expect(address.kind == (shown.contains("redis") ? .redis : .nats))
    }

    @Test(
        "A URL that cannot be used is refused with what was found and what is accepted",
        arguments: [
            ("", "is not a URL"), ("host:4222", "is not a URL"), ("nats:/host", "is not a URL"), ("amqp://host", "kind that is not known"),
            ("ws://host", "WebSocket"), ("wss://host", "WebSocket"), ("unix:///run/redis.sock", "Unix socket"), ("redis-sentinel://host", "Sentinel"),
            ("redis+cluster://host", "Cluster"), ("rediss+sentinel://host", "Sentinel"), ("http://host", "not a broker"), ("memory://", "beside"),
            ("nats://", "names no host"), ("nats://:4222", "names no host"), ("nats://host:0", "names no host"),
            ("nats://host:70000", "names no host"),
            ("nats://host:", "names no host"), ("nats://::1", "names no host"), ("nats://host/x", "has a path"), ("redis://host/x", "database"),
            ("redis://host/123456", "database"), ("redis://host/0/1", "database"), ("redis://host?db=1", "parameter (db)"),
            ("nats://host/?tls=true&x=y", "parameter (tls)"), ("nats://host#x", "parameter (x)"), ("nats://host?", "parameter (an empty one)"),
            ("redis://user@host", "user or password"), ("nats://u:@host", "user or password"), ("nats://:p@host", "user or password"),
            ("nats://@host", "user or password"), ("redis://u:%zz@host", "user or password"), ("redis://u:%f@host", "user or password"),
            ("redis://u:%0A@host", "user or password"), ("redis://u:%ff@host", "user or password"), ("redis://u:p/q@host", "behind its host"),
            ("redis://u:p?q@host", "behind its host"), ("nats://ho st", "blank"), ("nats://höst", "percent-encoding"),
        ])
    func bad(_ text: String, _ part: String) throws {
        let error = try #require(throws: BrokerError.self) { try BusAddress(text) }
        #expect(error.code == .unknownBroker)
        #expect(error.description.contains(part), "\(error)")
        #expect(error.description.contains("accepted: memory"))
        for secret in ["u:", "p/q", "p?q", "%zz"] where !part.contains(secret) { #expect(!error.description.contains(secret + "@"), "\(error)") }
    }

    @Test("Credentials are never shown")
    func secrets() throws {
        let error = try #require(throws: BrokerError.self) { try BusAddress("nats://user:geheim@host/path") }
        #expect(!error.description.contains("geheim") && !error.description.contains("user:geheim"))
        #expect(try BusAddress("redis://:geheim@host").description == "redis://host:6379")
    }

    @Test(
        "Nor is a part of a password that has a comma, wherever the list was cut, or a question mark",
        arguments: [
            ["nats://user:gehe,im@host"], ["nats://user:gehe", "im@host"], ["nats://user:a,gehe,im@host"], ["nats://user:a", "gehe", "im@host"],
            ["nats://user:a,ge[he,im@host"], ["nats://user:x?gehe,im@host"], ["nats://user:x?gehe", "im@host"], ["nats://host?password=geheim"],
        ])
    func commas(_ texts: [String]) {
        var faults: [BrokerError] = []
        _ = BusAddress.list(texts, faults: &faults)
        #expect(!faults.isEmpty)
        for fault in faults {
            #expect(!fault.description.contains("gehe") && !fault.description.contains("im@"), "\(fault)")
            #expect(fault.description.contains("a comma in a user or password is written %2C"))
        }
    }

    @Test("A comma that is percent-encoded is none")
    func encodedComma() throws {
        #expect(try BusAddress("nats://u:a%2Cb@host").login == .password(user: "u", "a,b"))
    }

    @Test("Each URL that cannot be used is told at its place, and whether the others go together")
    func listFaults() {
        func faults(_ texts: String...) -> [String] {
            var faults: [BrokerError] = []
            _ = BusAddress.list(texts, faults: &faults)
            return faults.map { String($0.description.prefix { $0 != ";" }) }
        }
        #expect(faults("nats://u:p@a:99999") == ["broker: \"nats://(hidden)@a:99999\" names no host, or no port from 1 to 65535"])
        #expect(
            faults("nats://a", "nats://b:0", "redis://c", "amqp://d") == [
                "broker[1]: \"nats://b:0\" names no host, or no port from 1 to 65535", "broker[3]: \"amqp://d\" is of a kind that is not known",
                "broker[2]: nats://a:4222 and redis://c:6379 are of different kinds",
            ])
        #expect(
            faults("nats://a,tls://b") == ["broker: nats://a:4222 and tls://b:4222: either all servers of a list are spoken to by TLS or none"])
    }

    @Test("Lists are of one kind, may stand in one URL, and share credentials")
    func lists() throws {
        func shown(_ texts: String...) throws -> [String] { try addresses(texts).map { "\($0)" } }
        #expect(try shown("nats://a,b:1, nats://c") == ["nats://a:4222", "nats://b:1", "nats://c:4222"])
        #expect(try shown("redis://a", "valkey://b") == ["redis://a:6379", "redis://b:6379"])
        #expect(
            try addresses(["nats://a", "nats://u:p@b,v:q@c", "nats://d"]).map(\.login) == [
                .password(user: "u", "p"), .password(user: "u", "p"), .password(user: "v", "q"), .password(user: "u", "p"),
            ])
        for (texts, part) in [
            ([], "empty"), (["nats://a", "redis://b"], "different kinds"), (["memory", "nats://a"], "not a URL"),
            (["nats://a", "memory://"], "beside"),
            (["nats://a", "tls://b"], "TLS"), (["nats://a,,b"], "no host"), (["nats://a,"], "no host"), ([""], "not a URL"),
        ] as [([String], String)] {
            let error = try #require(throws: BrokerError.self) { try addresses(texts) }
            #expect(error.description.contains(part), "\(error)")
        }
    }

    @Test("A server's certificate bears the name by which it was found, also where it has told of an address")
    func certificateNames() throws {
        let address = try BusAddress("tls://nats.example")
        #expect(address.certificateHost == "nats.example")
        #expect(address.elsewhere(HostPort(host: "10.0.0.1", port: 1)).certificateHost == "nats.example")
        #expect(address.elsewhere(HostPort(host: "b.example", port: 1)).certificateHost == "b.example")
        #expect(address.elsewhere(HostPort(host: "10.0.0.1", port: 1)).description == "tls://10.0.0.1:1")
    }
}
