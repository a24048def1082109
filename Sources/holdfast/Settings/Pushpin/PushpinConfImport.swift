// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore

/// Understands a `pushpin.conf`, and sets what it says where nothing is set yet.
struct PushpinConfImport {
    private let conf: PushpinConf
    private var root: ConfigurationNode
    private var report: PushpinReport

    private init(_ conf: PushpinConf, _ root: ConfigurationNode, _ report: PushpinReport) {
        self.conf = conf
        self.root = root
        self.report = report
    }

    static func apply(_ conf: PushpinConf, to root: inout ConfigurationNode, report: inout PushpinReport) {
        var reader = PushpinConfImport(conf, root, report)
        reader.readListeners()
        reader.readControl()
        reader.readLimits()
        reader.readProxy()
        reader.readLogLevel()
        reader.noteTheRest()
        root = reader.root
        report = reader.report
    }

    // MARK: Addresses

    private mutating func readListeners() {
        let secure = addresses("https_ports")
        // Without a scheme a certificate would make them wss as well.
        let plain = addresses("http_port").map { ConfigurationNode(.scalar((secure.isEmpty ? "" : "ws://") + $0.address), source: $0.source) }
        let all = plain + secure.map { ConfigurationNode(.scalar("wss://\($0.address)"), source: $0.source) }
        guard let first = all.first else { return }
        let isNew = PushpinImport.setDefault(&root, "listen", ConfigurationNode(.list(all), source: first.source))
        guard isNew, let port = secure.first, root["tls"] == nil else { return }
        // Pushpin looks for a certificate by the port, in a folder beside the file.
        let name = PushpinFile.resolve("runner/certs/default_\(HostPort(port.address)?.port ?? 443)", beside: conf.file)
        set("tls.certificateFile", "\(name).crt", port.source)
        set("tls.keyFile", "\(name).key", port.source)
        report.note(port.source, "https_ports: the one certificate for all of them is \(name).crt, its key \(name).key")
    }

    /// `ADDRESS:PORT` of each port of a list.
    private mutating func addresses(_ key: String) -> [(address: String, source: ConfigurationNode.Source)] {
        guard let item = conf["runner", key] else { return [] }
        return item.list.compactMap { text in
            let address = text.contains(":") ? text : ":\(text)"
            if HostPort(address) != nil { return (address, item.source) }
            report.fault(item.source, key, "expected a port such as 7999, or an address and a port such as 127.0.0.1:7999, found \"\(text)\"")
            return nil
        }
    }

    private mutating func readControl() {
        let offset = number("global", "port_offset", 0...65535)
        let address = conf["handler", "push_in_http_addr"]
        let port = number("handler", "push_in_http_port", 0...65535)
        guard let source = address?.source ?? port?.source else { return }
        if let port, port.value == 0 {
            report.note(port.source, "push_in_http_port=0: the control API cannot be switched off here")
            return
        }
        let number = (port?.value ?? 5561) + (offset?.value ?? 0)
        guard number <= 65535 else {
            report.fault(source, "push_in_http_port", "with port_offset it is \(number), beyond 65535")
            return
        }
        let listener = HostPort(host: address?.value ?? "127.0.0.1", port: number)
        guard set("control.listen", listener.description, source), !listener.isLoopback, root["control"]?["token"] == nil else { return }
        report.note(source, "push_in_http_addr=\(listener.host) can be reached from other machines, so control.token must be set here")
    }

    // MARK: Limits

    private mutating func readLimits() {
        if let bytes = number("runner", "client_buffer_size", 256...(1 << 30)) { set("maxHeadBytes", String(bytes.value), bytes.source) }
        if let count = number("runner", "client_maxconn", 1...100_000_000) { set("maxConnections", String(count.value), count.source) }
        if let count = number("handler", "connection_subscription_max", 0...1_000_000) { set("maxChannels", String(count.value), count.source) }
        if let on = bool("runner", "allow_compression") { set("compression.enabled", String(on.value), on.source) }
        // Zero is no duration here; one millisecond is as good.
        if let wait = number("handler", "message_wait", 0...3_600_000) { set("grip.messageWait", "\(max(1, wait.value))ms", wait.source) }
        // At Pushpin's default ours stays, which takes more.
        if let bytes = number("handler", "push_in_http_max_body_size", 1...(1 << 30)), bytes.value != 1_000_000 {
            set("maxAnswerBytes", String(bytes.value), bytes.source)
            let sentence = "bounds the answers of the app as well, as maxAnswerBytes; one message is bounded by maxMessageBytes"
            report.note(bytes.source, "push_in_http_max_body_size=\(bytes.value) \(sentence)")
        }
    }

    // MARK: GRIP

    private mutating func readProxy() {
        for (key, setting) in [("debug", "debug"), ("auto_cross_origin", "crossOrigin"), ("accept_x_forwarded_protocol", "acceptXForwardedProto")] {
            if let on = bool("proxy", key) { set("grip.\(setting)", String(on.value), on.source) }
        }
        if bool("proxy", "auto_cross_origin")?.value == true, let item = conf["proxy", "auto_cross_origin"] {
            report.note(item.source, "auto_cross_origin adds the CORS headers; answers are not wrapped as JSON-P here")
        }
        readForwardedProtocol()
        if let item = conf["proxy", "x_forwarded_for"] { set("grip.xForwardedFor", item.list.joined(separator: ","), item.source) }
        for (key, setting) in [("cdn_loop", "cdnLoop"), ("sig_iss", "sigIss")] {
            if let item = conf["proxy", key] { set("grip.\(setting)", item.value, item.source) }
        }
        for (key, setting) in [("sig_key", "sigKey"), ("upstream_key", "upstreamKey")] {
            if let item = conf["proxy", key] { set("grip.\(setting)", PushpinFile.key(item.value, beside: conf.file), item.source) }
        }
        if let item = conf["proxy", "sig_key"], item.value == "changeme" {
            report.note(item.source, "sig_key is still the one that Pushpin comes with, so anybody can sign as this gateway")
        }
    }

    private mutating func readForwardedProtocol() {
        guard let item = conf["proxy", "set_x_forwarded_protocol"] else { return }
        let isProtoOnly = item.value.lowercased() == "proto-only"
        guard isProtoOnly || Self.bool(item.value) != nil else {
            report.fault(item.source, item.key, "expected true, false or proto-only, found \"\(item.value)\"")
            return
        }
        let isOn = isProtoOnly || Self.bool(item.value) == true
        set("grip.xForwardedProto", String(isOn), item.source)
        guard isOn, !isProtoOnly else { return }
        report.note(item.source, "set_x_forwarded_protocol=true: X-Forwarded-Proto is sent here, without X-Forwarded-Protocol")
    }

    // MARK: The log

    private mutating func readLogLevel() {
        guard let item = conf["runner", "log_level"] else { return }
        var level: Int?
        var processes: [String] = []
        for part in item.list {
            let pieces = part.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard let text = pieces.last, let number = Int(text), number >= 0, pieces.first?.isEmpty == false else {
                report.fault(item.source, item.key, "expected a level such as 2, or levels of processes such as 2,proxy:3, found \"\(part)\"")
                return
            }
            if pieces.count > 1 { processes.append(part) } else { level = number }
        }
        let names = ["error", "warning", "info", "debug", "trace"]
        if let level { set("log.level", names[min(level, names.count - 1)], item.source) }
        if !processes.isEmpty { report.note(item.source, "log_level=\(processes.joined(separator: ",")) is not used: there is one process here") }
    }

    // MARK: What is not carried over

    private mutating func noteTheRest() {
        for note in conf.notes { report.note(note) }
        var grouped: [(sentence: String, items: [(name: String, source: ConfigurationNode.Source)])] = [
            ("of Pushpin's own processes, of which there is one here", []),
            ("of the statistics that Pushpin sends; here there is /metrics, on the control API", []),
            ("of publishing over ZeroMQ; here messages are published over HTTP", []),
        ]
        var hasMore = false
        for item in conf.items where !item.value.isEmpty {
            switch PushpinConfKey.of(item) {
            case .setting: break
            // A file that comes with Pushpin has some thirty of them: the line that includes it stands for all.
            case .process: if item.source.isIn(conf.file) { grouped[0].items.append((item.key, item.source)) } else { hasMore = true }
            case .statistics: grouped[1].items.append((item.key, item.source))
            case .publishing: grouped[2].items.append((item.key, item.source))
            case .unused(let reason, let unless):
                if !unless.contains(item.value.lowercased()) { report.note(item.source, "\(item.key)=\(item.value) has no meaning: \(reason)") }
            case nil:
                report.note(item.source, "\(item.name) is not used: no such setting of Pushpin" + (PushpinConfKey.hint(item).map { "; \($0)" } ?? ""))
            }
        }
        if hasMore, let include = conf["global", "include"] { grouped[0].items.insert((include.key, include.source), at: 0) }
        for group in grouped where !group.items.isEmpty { report.note(group.items, group.sentence) }
    }

    // MARK: Values

    private mutating func number(_ section: String, _ key: String, _ range: ClosedRange<Int>) -> (value: Int, source: ConfigurationNode.Source)? {
        guard let item = conf[section, key] else { return nil }
        guard let value = Int(item.value), range.contains(value) else {
            let message = "expected a whole number from \(range.lowerBound) to \(range.upperBound), found \"\(item.value)\""
            report.fault(item.source, key, message)
            return nil
        }
        return (value, item.source)
    }

    private mutating func bool(_ section: String, _ key: String) -> (value: Bool, source: ConfigurationNode.Source)? {
        guard let item = conf[section, key] else { return nil }
        guard let value = Self.bool(item.value) else {
            report.fault(item.source, key, "expected true or false, found \"\(item.value)\"")
            return nil
        }
        return (value, item.source)
    }

    private static func bool(_ text: String) -> Bool? { ["true": true, "1": true, "false": false, "0": false][text.lowercased()] }

    @discardableResult private mutating func set(_ path: String, _ value: String, _ source: ConfigurationNode.Source) -> Bool {
        PushpinImport.setDefault(&root, path, ConfigurationNode(.scalar(value), source: source))
    }
}

extension ConfigurationNode.Source {
    fileprivate func isIn(_ file: String) -> Bool {
        if case .file(file, _) = self { true } else { false }
    }
}

extension PushpinConf.Item {
    /// The parts of a value with commas, without empty ones.
    fileprivate var list: [String] {
        value.split(separator: ",").map { String($0.trimmingPrefix { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }.filter { !$0.isEmpty }
    }
}
