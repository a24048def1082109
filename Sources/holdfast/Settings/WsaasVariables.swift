// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore

/// The variables of wsaas, of both published versions, as settings. A file or a flag of ours wins over them.
struct WsaasVariables {
    let environment: [String: String]
    private(set) var warnings: [String] = []

    init(environment: [String: String]) {
        self.environment = environment
    }

    /// - Throws: ``ConfigurationFaults`` with every variable that is wrong.
    mutating func apply(to root: inout ConfigurationNode) throws(ConfigurationFaults) {
        var problems: [ConfigurationProblem] = []
        func number(_ name: String, _ range: ClosedRange<Int>, default fallback: Int) -> Int {
            guard let text = environment[name] else { return fallback }
            if let value = Int(text), range.contains(value) { return value }
            let message = "expected a whole number from \(range.lowerBound) to \(range.upperBound), found \"\(text)\""
            problems.append(ConfigurationProblem(source: .environment(name), key: name, message: message))
            return fallback
        }
        let wsPort = number("WS_PORT", 0...65535, default: 8080)
        let httpPort = number("HTTP_PORT", 0...65535, default: 8081)
        let timeout = number("WS_TIMEOUT", 100...Int(Int32.max), default: 30000)
        let pages = number("MAX_PAGE", 1...32768, default: 4)
        guard problems.isEmpty else { throw ConfigurationFaults(problems) }

        setDefault(&root, "listen", "127.0.0.1:\(wsPort)", "WS_PORT")
        setDefault(&root, "control.listen", "127.0.0.1:\(httpPort)", "HTTP_PORT")
        setDefault(&root, "dialect", DialectName.wsaas.rawValue, "holdfast wsaas")
        setDefault(&root, "maxMessageBytes", String(pages * 32768 - 1), "MAX_PAGE")
        setDefault(&root, "pingInterval", "\(max(1, timeout / 3))ms", "WS_TIMEOUT")
        setDefault(&root, "pongTimeout", "\(max(1, timeout - timeout / 3))ms", "WS_TIMEOUT")
        setDefault(&root, "wsaas.timeout", String(timeout), "WS_TIMEOUT")
        if let level = environment["LOG_LEVEL"]?.lowercased() {
            setDefault(&root, "log.level", ["warn": "warning", "off": "critical"][level] ?? level, "LOG_LEVEL")
        }
        // The published documents set it to "info", which is no style; the original then behaves as with auto.
        if let style = environment["LOG_STYLE"]?.lowercased() { setDefault(&root, "log.color", style == "info" ? "auto" : style, "LOG_STYLE") }

        let (local, localName) = first("LOCAL_ADDRESS", "WS_HOSTNAME") ?? ("http://localhost:\(httpPort)", "LOCAL_ADDRESS")
        setDefault(&root, "wsaas.localAddress", reachable(local, localName, wsPort, httpPort), localName)
        if root["routes"] == nil {
            let (target, name) = first("TARGET_ADDRESS", "API_URI") ?? ("http://localhost:3000/websocket", "TARGET_ADDRESS")
            let entry = ConfigurationNode.Entry(key: "target", value: ConfigurationNode(.scalar(withScheme(target)), source: .environment(name)))
            let route = ConfigurationNode(.map([entry]), source: .environment(name))
            root.set(["routes"], ConfigurationNode(.list([route]), source: .environment(name)))
        }
    }

    /// The newer name wins.
    private func first(_ names: String...) -> (String, String)? {
        for name in names { if let value = environment[name], !value.isEmpty { return (value, name) } }
        return nil
    }

    private func withScheme(_ text: String) -> String { text.contains("://") ? text : "http://\(text)" }

    /// The older documents show one address for clients and pushes. Pushes have a port of their own here, so a `ws_uri` must name that.
    private mutating func reachable(_ local: String, _ name: String, _ wsPort: Int, _ httpPort: Int) -> String {
        let text = withScheme(local)
        guard name == "WS_HOSTNAME", let url = TargetURL(text), url.port == wsPort, wsPort != httpPort else { return text }
        let host = url.host.contains(":") ? "[\(url.host)]" : url.host
        let moved = "\(url.isTLS ? "https" : "http")://\(host):\(httpPort)\(url.path == "/" ? "" : url.path)"
        warnings.append("WS_HOSTNAME (\(local)) is where clients connect; the app pushes to another port, so ws_uri begins with \(moved)")
        return moved
    }

    private func setDefault(_ root: inout ConfigurationNode, _ path: String, _ value: String, _ variable: String) {
        let path = path.split(separator: ".").map(String.init)
        guard path.reduce(Optional(root), { $0?[$1] }) == nil else { return }
        root.set(path, ConfigurationNode(.scalar(value), source: .environment(variable)))
    }
}
