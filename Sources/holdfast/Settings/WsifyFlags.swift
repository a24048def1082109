// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import HoldfastCore

/// The flags of wsify, versions 3 and 2, as settings of ours. With one dash or two, as Go's programs take them.
struct WsifyFlags: ParsableArguments {
    @Option(name: both("broker-driver"), help: ArgumentHelp("memory, or redis with --broker-dsn. Default memory.", valueName: "driver"))
    var brokerDriver: String?
    @Option(name: both("broker-dsn"), help: ArgumentHelp("Where the broker is, such as redis://host.", valueName: "url"))
    var brokerDsn: String?
    @Option(
        name: both("authorizer-url"), help: ArgumentHelp("Your app, asked about each command. Without it everything is allowed.", valueName: "url"))
    var authorizerUrl: String?
    @Option(name: both("listen-addr"), help: ArgumentHelp("Where clients connect and publish. Default :3000.", valueName: "host:port"))
    var listenAddr: String?
    @Option(name: both("broadcasting-key"), help: ArgumentHelp("What who publishes must say: POST /broadcast?key=….", valueName: "key"))
    var broadcastingKey: String?

    @Flag(help: "Speak as version 2 did; so do its own flags, which follow.")
    var v2 = false
    @Option(name: one("listen"), help: ArgumentHelp("v2: where clients connect and publish. Default :4040.", valueName: "host:port"))
    var listen: String?
    @Option(name: one("origin"), help: ArgumentHelp("v2: hosts whose pages may connect, with commas between. Default *.", valueName: "hosts"))
    var origin: String?
    @Option(name: one("webhook"), help: ArgumentHelp("v2: your app. Default http://localhost:8000.", valueName: "url"))
    var webhook: String?
    @Option(
        name: one("events"),
        help: ArgumentHelp("v2: what it is asked about. Default connect,disconnect,subscribe,unsubscribe; empty for none.", valueName: "names"))
    var events: String?
    @Option(name: one("publish"), help: ArgumentHelp("v2: the path to publish at. Default /publish.", valueName: "path"))
    var publish: String?
    @Flag(name: one("debug"), help: "v2: the log tells more (--log-level debug).")
    var debug = false

    private static func both(_ name: String) -> NameSpecification { [.customLong(name), .customLong(name, withSingleDash: true)] }
    private static func one(_ name: String) -> NameSpecification { .customLong(name, withSingleDash: true) }

    private var version: WsifySettings.Version {
        v2 || debug || [listen, origin, webhook, events, publish].contains { $0 != nil } ? .v2 : .v3
    }

    /// Sets what the flags say, and the program's defaults where `root` says nothing.
    ///
    /// - Returns: a sentence for each flag without effect.
    /// - Throws: a validation error where flags contradict each other, or a file that has routes.
    func apply(to root: inout ConfigurationNode) throws -> [String] {
        try checkVersions()
        let own = ConfigurationNode.Source.flag("holdfast wsify")
        func scalar(_ text: String, _ source: ConfigurationNode.Source) -> ConfigurationNode { ConfigurationNode(.scalar(text), source: source) }
        func given(_ value: String?, _ flag: String, _ key: String...) {
            if let value { root.set(key, scalar(value, .flag(flag))) }
        }
        given(listenAddr, "--listen-addr", "listen")
        given(listen, "-listen", "listen")
        // An empty key is the program's default: none.
        given(broadcastingKey.flatMap { $0.isEmpty ? nil : $0 }, "--broadcasting-key", "wsify", "broadcastingKey")
        given(debug ? "debug" : nil, "-debug", "log", "level")
        if let origin { setOrigins(origin, in: &root) }
        let warnings = try setBroker(in: &root)

        root.setDefault("dialect", scalar(DialectName.wsify.rawValue, own))
        root.setDefault("listen", scalar(version == .v3 ? ":3000" : ":4040", own))
        root.setDefault("log.format", scalar("json", own))
        if version == .v2 {
            root.setDefault("wsify.version", scalar("v2", own))
            // Each subscription of v2 takes two.
            root.setDefault("maxChannels", scalar(String(2 * ConnectionLimits().maxChannels), own))
        }
        try setRoute(in: &root, own)
        return warnings
    }

    private func checkVersions() throws {
        guard version == .v2 else { return }
        let three = [("--authorizer-url", authorizerUrl), ("--listen-addr", listenAddr)].filter { $0.1 != nil }.map(\.0)
        guard three.isEmpty else {
            throw ValidationError(
                "\(three.joined(separator: " and ")): a flag of version 3 beside one of version 2; version 2 has -webhook and -listen")
        }
    }

    private func setRoute(in root: inout ConfigurationNode, _ own: ConfigurationNode.Source) throws {
        let app = authorizerUrl.map { ($0, "--authorizer-url") } ?? webhook.map { ($0, "-webhook") }
        guard root["routes"] == nil else {
            let flags = [app?.1, publish.map { _ in "-publish" }, events.map { _ in "-events" }].compactMap(\.self)
            guard flags.isEmpty else { throw ValidationError("give either \(flags.joined(separator: ", ")) or a file with routes, not both") }
            return
        }
        var route = ConfigurationNode(.map([]), source: own)
        route.set(["path"], ConfigurationNode(.scalar(version == .v3 ? "/ws" : "/subscribe"), source: own))
        // Without an authorizer nobody is asked, also where the flag is given and empty.
        if let (url, flag) = app ?? (version == .v2 ? ("http://localhost:8000", "-webhook") : nil), !url.isEmpty {
            route.set(["target"], ConfigurationNode(.scalar(url), source: .flag(flag)))
        }
        if let publish {
            route.set(["wsify", "broadcastPath"], ConfigurationNode(.scalar(publish), source: .flag("-publish")))
        } else if root["wsify"]?["broadcastPath"] == nil {
            route.set(["wsify", "broadcastPath"], ConfigurationNode(.scalar(version == .v3 ? "/broadcast" : "/publish"), source: own))
        }
        if let events {
            let names = events.lowercased().split(separator: ",").map { $0.filter { !$0.isWhitespace } }.filter { !$0.isEmpty }
            let items = names.map { ConfigurationNode(.scalar($0), source: .flag("-events")) }
            route.set(["wsify", "events"], ConfigurationNode(.list(items), source: .flag("-events")))
        }
        root.set(["routes"], ConfigurationNode(.list([route]), source: own))
    }

    /// The program compared them with the host that was asked for, which refuses nobody; here they are the pages that may connect.
    private func setOrigins(_ list: String, in root: inout ConfigurationNode) {
        let hosts = list.split(separator: ",").map { $0.filter { !$0.isWhitespace } }.filter { !$0.isEmpty }
        guard !hosts.contains("*"), !hosts.isEmpty else { return }
        let items = hosts.map { ConfigurationNode(.scalar($0), source: .flag("-origin")) }
        root.set(["origins"], ConfigurationNode(.list(items), source: .flag("-origin")))
    }

    private func setBroker(in root: inout ConfigurationNode) throws -> [String] {
        let dsn = brokerDsn.flatMap { $0.isEmpty ? nil : $0 }
        switch brokerDriver ?? "memory" {
        case "memory":
            if brokerDriver != nil { root.set(["broker"], ConfigurationNode(.scalar("memory"), source: .flag("--broker-driver"))) }
            return dsn == nil ? [] : ["--broker-dsn has no effect: --broker-driver is memory"]
        case "redis":
            root.set(["broker"], ConfigurationNode(.scalar(dsn ?? "redis://localhost"), source: .flag("--broker-driver")))
            return []
        case let other: throw ValidationError("--broker-driver: expected memory or redis, found \"\(other)\"")
        }
    }
}
