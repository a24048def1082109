// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore

/// The variables of slip-sockets as settings. A file or a flag of ours wins over them.
struct SlipVariables {
    /// Without those that are empty, which count as absent.
    private let environment: [String: String]
    /// The secret as a flag or a variable of ours has it.
    private let secret: String?
    private(set) var notes: [String] = []

    /// - Parameter secret: what `--jwt-secret` says.
    init(environment: [String: String], secret: String?) {
        self.environment = environment.filter { !$0.value.isEmpty }
        self.secret = secret ?? self.environment["HOLDFAST_JWT_SECRET"]
    }

    /// - Throws: ``ConfigurationFaults`` when there is no app, or no secret.
    mutating func apply(to root: inout ConfigurationNode) throws(ConfigurationFaults) {
        var problems: [ConfigurationProblem] = []
        setDefault(&root, "dialect", DialectName.slip.rawValue, "holdfast slip")
        // A message that the app failed to answer was lost, and its client stayed.
        setDefault(&root, "webhook.onFailure", "drop", "holdfast slip")
        setTarget(&root, &problems)
        setSecret(&root, &problems)
        if let name = environment["DOMAIN_NAME"] {
            notes.append(
                "DOMAIN_NAME (\(name)) changes nothing here: point the name at this host yourself, and give its certificate by tls.certificateFile")
        }
        guard problems.isEmpty else { throw ConfigurationFaults(problems) }
    }

    private mutating func setTarget(_ root: inout ConfigurationNode, _ problems: inout [ConfigurationProblem]) {
        let stack = environment["STACK_NAME"]
        if root["routes"] == nil {
            guard let target = environment["TARGET_URL"] else {
                let message =
                    "where is your app? Give its URL (holdfast slip http://localhost:3000/slip, or TARGET_URL=…), or a file with routes (-c)"
                return problems.append(ConfigurationProblem(source: .environment("TARGET_URL"), key: "target", message: message))
            }
            var entries = [entry("target", target, "TARGET_URL")]
            if let stack { entries.append(entry("name", stack, "STACK_NAME")) }
            let route = ConfigurationNode(.map(entries), source: .environment("TARGET_URL"))
            root.set(["routes"], ConfigurationNode(.list([route]), source: .environment("TARGET_URL")))
            if let stack { notes.append("STACK_NAME (\(stack)) is the route's name here: the word for it in logs and metrics") }
        } else if let stack {
            notes.append("STACK_NAME (\(stack)) changes nothing here: the route has its name already, or is given without TARGET_URL")
        }
    }

    /// The secret is the control token too, unless there is another: the rest of the control API would else be open to whoever reaches it.
    private func setSecret(_ root: inout ConfigurationNode, _ problems: inout [ConfigurationProblem]) {
        if let value = environment["JWT_SECRET"] { setDefault(&root, "slip.jwtSecret", value, "JWT_SECRET") }
        let common = secret ?? scalar(root["slip"]?["jwtSecret"])
        let routes = Self.items(root["routes"]).filter { (scalar($0["dialect"]) ?? scalar(root["dialect"])) == DialectName.slip.rawValue }
        let own = routes.map { scalar($0["slip"]?["jwtSecret"]) }
        if common == nil, root["routes"] == nil || own.contains(nil) {
            let message =
                "the key that tokens are signed with, both ways, is missing: set it to what your app has as jwtSecret, "
                + "or make one (JWT_SECRET=$(openssl rand -hex 32)) and give it to both"
            return problems.append(ConfigurationProblem(source: .environment("JWT_SECRET"), key: "slip.jwtSecret", message: message))
        }
        if let token = common ?? own.compactMap(\.self).first { setDefault(&root, "control.token", token, "JWT_SECRET") }
    }

    private static func items(_ node: ConfigurationNode?) -> [ConfigurationNode] {
        if case .list(let items) = node?.content { items } else { [] }
    }

    private func scalar(_ node: ConfigurationNode?) -> String? {
        if case .scalar(let text) = node?.content { text } else { nil }
    }

    private func entry(_ key: String, _ value: String, _ variable: String) -> ConfigurationNode.Entry {
        ConfigurationNode.Entry(key: key, value: ConfigurationNode(.scalar(value), source: .environment(variable)))
    }

    private func setDefault(_ root: inout ConfigurationNode, _ path: String, _ value: String, _ variable: String) {
        let path = path.split(separator: ".").map(String.init)
        guard path.reduce(Optional(root), { $0?[$1] }) == nil else { return }
        root.set(path, ConfigurationNode(.scalar(value), source: .environment(variable)))
    }
}
