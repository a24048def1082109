// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire

extension GatewayConfiguration {
    /// The whole configuration as it is in force, as YAML, with secrets hidden.
    package var effective: String {
        var lines = [
            drawsNode ? "# node: drawn at each start, such as \(node)" : "node: \(node)",
            threads.map { "threads: \($0)" } ?? "# threads: one per core",
            "listen: [\(listen.map { "\"\($0)\"" }.joined(separator: ", "))]",
        ]
        lines += tls.map { ["tls:"] + $0.effective("  ") } ?? ["# tls: none"]
        lines += [
            "control:",
            "  listen: \"\(control)\"",
            "  # token: \(controlToken == nil ? "none" : "(hidden)")",
            controlIssuer.map { "  # issuer: \(quoted($0))" } ?? "  # issuer: any",
        ]
        lines += controlTLS.map { ["  tls:"] + $0.effective("    ") } ?? ["  # tls: none"]
        if let file = controlClientCaFile { lines.append("    clientCaFile: \(quoted(file))") }
        lines += cluster.effective
        lines += [
            "log: { level: \(logLevel.rawValue), format: \(logFormat.rawValue), color: \(logColor.rawValue) }",
            "drain: { deadline: \(drainDeadline.setting), spread: \(drainSpread.setting) }",
            maxConnections.map { "maxConnections: \($0)" } ?? "# maxConnections: from the limit of open files",
            "maxConnectionsPerAddress: \(maxConnectionsPerAddress.map(String.init) ?? "off")",
            "connectRatePerAddress: \(connectRatePerAddress?.description ?? "off")",
            "maxHeadBytes: \(maxHeadBytes)",
            "handshakeTimeout: \(handshakeTimeout.setting)",
            "routes:",
        ]
        for route in routes { lines += route.effective }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension RouteConfiguration {
    fileprivate var effective: [String] {
        let target = target.map { "    target: \($0)" } ?? "    # target: none: nobody is asked, everything is allowed"
        let kinds = EventKind.allCases.filter(events.contains).map(\.rawValue).joined(separator: ", ")
        var lines = [
            "  - name: \(name)",
            "    path: \"\(path)\"",
            host.map { "    host: \($0)" } ?? "    # host: any",
            "    dialect: \(dialect.rawValue)",
            target,
            "    # secret: \(secrets.isEmpty ? "none" : "[\(secrets.map { _ in "(hidden)" }.joined(separator: ", "))]")",
            origins == .any ? "    # origins: any" : "    origins: \(origins.description)",
            "    \(dialect == .json ? "" : "# ")forwardHeaders: [\(forwardHeaders.joined(separator: ", "))]",
            "    \(dialect == .wsify ? "# " : "")events: [\(kinds)]",
        ]
        lines += [
            "    maxMessageBytes: \(limits.maxMessageBytes)",
            "    maxAnswerBytes: \(webhook.maxAnswerBytes)",
            "    queueEvents: \(limits.queueEvents)",
            "    queueBytes: \(limits.queueBytes)",
            "    sendQueueBytes: \(limits.sendQueueBytes)",
            "    slowReader: \(limits.slowReader.rawValue)",
            "    maxChannels: \(limits.maxChannels)",
            "    maxStateBytes: \(limits.maxStateBytes)",
            "    pingInterval: \(keepAlive.pingInterval.setting)",
            "    autoPong: \(autoPong)",
            "    pongTimeout: \(keepAlive.pongTimeout.setting)",
            "    idleTimeout: \(keepAlive.idleTimeout.setting)",
            "    maxLifetime: \(keepAlive.maxLifetime.setting)",
        ]
        lines += [
            "    compression:",
            "      enabled: \(compression.isEnabled)",
            "      threshold: \(compression.threshold)",
            "      level: \(compression.level)",
            "      contextTakeover: \(compression.wish.contextTakeover)",
            "      windowBits: \(compression.wish.windowBits)",
            "    webhook:",
            "      timeout: \(webhook.timeout.setting)",
            "      retries: \(webhook.retries == WebhookPolicy.unlimited ? "unlimited" : String(webhook.retries))",
            "      onFailure: \(webhook.onFailure.rawValue)",
            "      concurrency: \(webhook.concurrency)",
            "      queue: \(webhook.queue)",
            "      closeBudget: \(webhook.closeBudget.setting)",
            webhook.caFile.map { "      caFile: \(quoted($0))" } ?? "      # caFile: the system's",
        ]
        if dialect == .wsaas {
            lines += [
                "    wsaas:",
                "      localAddress: \(wsaas.localAddress)",
                "      timeout: \(wsaas.timeout)",
                "      textContentType: \(wsaas.textContentType)",
                "      answersWithStatus: \(wsaas.answersWithStatus)",
            ]
        }
        if dialect == .grip { lines += grip.effective }
        if dialect == .slip {
            lines += [
                "    slip:",
                "      # jwtSecret: \(slip.jwtSecret == nil ? "none" : "(hidden)")",
                "      extended: \(slip.extended)",
                "      batches: \(slip.batches)",
            ]
        }
        if dialect == .unsocket { lines += unsocket.effective }
        if [.json, .unsocket].contains(dialect) { lines += dial.effective }
        if dialect == .wsify { lines += wsify.effective }
        return lines
    }
}

extension GripSettings {
    fileprivate var effective: [String] {
        func list(_ items: [String]) -> String { "[\(items.map(quoted).joined(separator: ", "))]" }
        return [
            "    grip:",
            "      sigIss: \(quoted(sigIss))",
            "      # sigKey: \(sigKey?.description ?? "none")",
            "      # upstreamKey: \(upstreamKey?.description ?? "none")",
            channelPrefix.isEmpty ? "      # channelPrefix: none" : "      channelPrefix: \(quoted(channelPrefix))",
            replacePrefix.map { "      replacePrefix: \(quoted($0))" } ?? "      # replacePrefix: none",
            host.map { "      host: \(quoted($0))" } ?? "      # host: the client's",
            "      setHeaders: \(list(setHeaders.map { "\($0.name): \($0.value)" }))",
            "      xForwardedFor: \(xForwardedFor.isEmpty ? "off" : quoted(xForwardedFor))",
            "      xForwardedProto: \(xForwardedProto)",
            "      acceptXForwardedProto: \(acceptXForwardedProto)",
            cdnLoop.isEmpty ? "      # cdnLoop: none" : "      cdnLoop: \(quoted(cdnLoop))",
            "      originHeaders: \(originHeaders)",
            "      subscribe: \(list(subscribe.map(\.description)))",
            "      noGrip: \(noGrip)",
            "      debug: \(debug)",
            "      crossOrigin: \(crossOrigin)",
            "      messageWait: \(messageWait.setting)",
        ]
    }
}

extension UnsocketSettings {
    fileprivate var effective: [String] {
        [
            "    unsocket:",
            "      form: \(form.rawValue)",
            "      lifecycle: \(lifecycle)",
            "      reconnect: \(reconnect)",
            "      binaryAsText: \(binaryAsText)",
        ]
    }
}

extension DialSettings {
    fileprivate var effective: [String] {
        [
            "    dial:",
            allow.map { "      allow: [\($0.map(quoted).joined(separator: ", "))]" } ?? "      # allow: any host",
            "      denyPrivate: \(denyPrivate)",
            "      timeout: \(timeout.setting)",
            caFile.map { "      caFile: \(quoted($0))" } ?? "      # caFile: the system's",
            "      proxies: \(usesProxies)",
            "      reconnect:",
            "        firstDelay: \(reconnect.firstDelay.setting)",
            "        maxDelay: \(reconnect.maxDelay.setting)",
            "        maxFailures: \(reconnect.maxFailures.map(String.init) ?? "off")",
            "        settledAfter: \(reconnect.settledAfter.setting)",
        ]
    }
}

extension TLSFiles {
    func effective(_ indent: String) -> [String] {
        ["\(indent)certificateFile: \(quoted(certificateFile))", "\(indent)keyFile: \(quoted(keyFile))"]
    }
}

/// A text as YAML writes it between quotation marks, whatever it holds.
func quoted(_ text: String) -> String {
    "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
}

extension Duration {
    /// As a setting writes it.
    var setting: String {
        let (milliseconds, rest) = (inNanoseconds / 1000).quotientAndRemainder(dividingBy: 1000)
        guard rest == 0 else { return "\(milliseconds).\(String(1000 + rest).dropFirst())ms" }
        return milliseconds % 1000 == 0 ? "\(milliseconds / 1000)s" : "\(milliseconds)ms"
    }
}

extension Duration? {
    fileprivate var setting: String { self?.setting ?? "off" }
}
