// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// One scalar setting: its key in a file, and by rule the same name as a flag and as an environment variable.
struct Setting: Sendable {
    /// As in a file: `["webhook", "timeout"]`.
    let path: [String]
    /// Without the dashes: `webhook-timeout`.
    let flag: String
    /// Whether it holds several values: a repeated flag, a list in a file, a comma-separated variable.
    let isList: Bool

    init(_ path: String, flag: String? = nil, isList: Bool = false) {
        self.path = path.split(separator: ".").map(String.init)
        self.flag = flag ?? Self.kebab(path)
        self.isList = isList
    }

    /// `HOLDFAST_WEBHOOK_TIMEOUT`.
    var variable: String { "HOLDFAST_" + flag.uppercased().replacing("-", with: "_") }

    /// Every setting that has a flag and a variable, in the order of the help.
    static let all: [Setting] = [
        Setting("listen", isList: true),
        Setting("control.listen", flag: "control"),
        Setting("control.token"),
        Setting("control.issuer"),
        Setting("tls.certificateFile"),
        Setting("tls.keyFile"),
        Setting("control.tls.certificateFile"),
        Setting("control.tls.keyFile"),
        Setting("control.tls.clientCaFile"),
        Setting("broker", isList: true),
        Setting("node"),
        Setting("cluster.name"),
        Setting("cluster.lease"),
        Setting("cluster.linger"),
        Setting("cluster.queueBytes"),
        Setting("cluster.closingEvents"),
        Setting("cluster.readyWithoutBroker"),
        Setting("cluster.credentialsFile"),
        Setting("cluster.caFile"),
        Setting("cluster.certificateFile"),
        Setting("cluster.keyFile"),
        Setting("threads"),
        Setting("log.level"),
        Setting("log.format"),
        Setting("log.color"),
        Setting("dialect"),
        Setting("secret", isList: true),
        Setting("origins", flag: "origin", isList: true),
        Setting("maxConnections"),
        Setting("maxConnectionsPerAddress"),
        Setting("connectRatePerAddress"),
        Setting("maxMessageBytes"),
        Setting("maxAnswerBytes"),
        Setting("maxHeadBytes"),
        Setting("maxChannels"),
        Setting("maxStateBytes"),
        Setting("handshakeTimeout"),
        Setting("pingInterval"),
        Setting("pongTimeout"),
        Setting("autoPong"),
        Setting("idleTimeout"),
        Setting("maxLifetime"),
        Setting("queueEvents"),
        Setting("queueBytes"),
        Setting("sendQueueBytes"),
        Setting("slowReader"),
        Setting("compression.enabled", flag: "compression"),
        Setting("compression.threshold"),
        Setting("compression.level"),
        Setting("compression.contextTakeover"),
        Setting("compression.windowBits"),
        Setting("webhook.timeout"),
        Setting("webhook.retries"),
        Setting("webhook.onFailure"),
        Setting("webhook.concurrency"),
        Setting("webhook.queue"),
        Setting("webhook.closeBudget"),
        Setting("webhook.caFile"),
        Setting("grip.sigKey", flag: "sig-key"),
        Setting("grip.sigIss", flag: "sig-iss"),
        Setting("grip.upstreamKey", flag: "upstream-key"),
        Setting("slip.jwtSecret", flag: "jwt-secret"),
        Setting("dial.allow", isList: true),
        Setting("dial.denyPrivate"),
        Setting("dial.timeout"),
        Setting("dial.caFile"),
        Setting("dial.proxies"),
        Setting("dial.reconnect.firstDelay"),
        Setting("dial.reconnect.maxDelay"),
        Setting("dial.reconnect.maxFailures"),
        Setting("drain.deadline"),
        Setting("drain.spread"),
    ]

    /// Variables that are no settings of a file.
    static let otherVariables = [
        "HOLDFAST_CONFIG", "HOLDFAST_BIN", "HOLDFAST_CONTROL_CA_FILE", "HOLDFAST_CONTROL_CERTIFICATE_FILE", "HOLDFAST_CONTROL_KEY_FILE",
    ]

    /// `webhook.onFailure` as `webhook-on-failure`.
    private static func kebab(_ path: String) -> String {
        var flag = ""
        for character in path {
            if character == "." {
                flag += "-"
            } else if character.isUppercase {
                flag += "-\(character.lowercased())"
            } else {
                flag.append(character)
            }
        }
        return flag
    }
}
