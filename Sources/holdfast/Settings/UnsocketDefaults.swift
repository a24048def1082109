// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore

/// What `holdfast unsocket` is set up with where nothing else is said, and its own flags. A file, a variable or a flag that every serving
/// command has wins over the defaults; its own flags win over a file.
struct UnsocketDefaults {
    var isArray = false
    var hasLifecycle = false
    var reconnects = true
    var binaryAsText = false

    private static let defaults = [
        ("dialect", DialectName.unsocket.rawValue),
        ("log.format", "json"),
        // The original's app is the operator's own, and often on the same machine; so is what it has dialled.
        ("dial.denyPrivate", "false"),
        // The original waits for its app for ever.
        ("webhook.timeout", "60s"),
        // An app that is away for an hour finds all messages when it comes back, as many as the queue holds.
        ("webhook.retries", "unlimited"),
        ("webhook.onFailure", "drop"),
        ("webhook.closeBudget", "24h"),
        ("queueEvents", "10000"),
        ("queueBytes", "16MiB"),
    ]

    func apply(to root: inout ConfigurationNode) {
        let source = ConfigurationNode.Source.flag("holdfast unsocket")
        func set(_ path: String, _ content: ConfigurationNode.Content, _ source: ConfigurationNode.Source) {
            root.set(path.split(separator: ".").map(String.init), ConfigurationNode(content, source: source))
        }
        func isSet(_ path: String) -> Bool { path.split(separator: ".").reduce(Optional(root)) { $0?[String($1)] } != nil }
        // Nobody connects to it: it is the one that connects.
        if !isSet("listen") { set("listen", .list([]), source) }
        for (path, value) in Self.defaults where !isSet(path) { set(path, .scalar(value), source) }
        if isArray { set("unsocket.form", .scalar(UnsocketSettings.Form.array.rawValue), .flag("--array")) }
        if hasLifecycle { set("unsocket.lifecycle", .scalar("true"), .flag("--connection-lifecycle")) }
        if !reconnects { set("unsocket.reconnect", .scalar("false"), .flag("--no-reconnect")) }
        if binaryAsText { set("unsocket.binaryAsText", .scalar("true"), .flag("--binary-as-text")) }
    }
}
