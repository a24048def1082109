// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore

/// Understands one line of a `routes` file.
struct PushpinRouteImport {
    private static let conditionProperties = [
        "proto", "ssl", "path_beg", "id", "sig_iss", "sig_key", "prefix", "orig_headers", "as_host", "path_rem", "replace_beg", "debug", "aco",
        "jsonp_mode", "jsonp_cb", "jsonp_body", "jsonp_defcb", "jsonp_defmethod", "session", "sockjs", "sockjs_as_path", "header", "no_grip",
        "log_level",
    ]
    private static let targetProperties = [
        "ssl", "untrusted", "trust_connect_host", "insecure", "host", "sub", "over_http", "one_event", "ipc_file_mode", "client_cert", "client_key",
    ]
    /// Set by their name alone, whatever their value.
    private static let flags: Set<String> = [
        "orig_headers", "debug", "aco", "session", "no_grip", "untrusted", "trust_connect_host", "insecure", "over_http", "one_event",
    ]
    private static let repeated: Set<String> = ["header", "sub"]

    private let file: String
    private let line: PushpinRoutes.Line
    private let source: ConfigurationNode.Source
    private var report = PushpinReport()
    private var grip: [PushpinRoute.GripSetting] = []

    private init(_ line: PushpinRoutes.Line, _ file: String) {
        self.line = line
        self.file = file
        source = .file(file, line: line.number)
    }

    /// - Returns: `nil` for a line that is wrong, or that cannot be a route here; the report says which.
    static func route(_ line: PushpinRoutes.Line, file: String, report: inout PushpinReport) -> PushpinRoute? {
        var reader = PushpinRouteImport(line, file)
        reader.report = report
        let found = reader.read()
        let isRight = reader.report.problems.count == report.problems.count
        report = reader.report
        return isRight ? found : nil
    }

    private mutating func read() -> PushpinRoute? {
        let condition = line.condition
        checkNames(condition, Self.conditionProperties, of: "condition", other: Self.targetProperties, of: "target")
        for target in line.targets { checkNames(target, Self.targetProperties, of: "target", other: Self.conditionProperties, of: "condition") }
        let proto = word("proto", ["http", "ws"])
        let tls = word("ssl", ["yes", "no"])
        let prefix = pathPrefix()
        readRewriting(prefix)
        readSettings()
        noteWhatIsMissing()
        let target = firstTarget(proto)
        if condition.value.isEmpty {
            if condition.text("id") == nil {
                report.fault(source, "", "the condition has no domain; write * for every domain")
            } else {
                report.note(source, "a route that has an id and no domain is not used: requests cannot name their route here")
            }
            return nil
        }
        guard let target, let host = domain(), let prefix else { return nil }
        return PushpinRoute(
            source: source, host: host == "*" ? nil : host, path: (prefix.isEmpty ? "/" : prefix) + "*", proto: proto, tls: tls,
            id: condition.text("id"), target: target, grip: grip)
    }

    // MARK: The condition

    private mutating func domain() -> String? {
        let host = line.condition.value.lowercased()
        let isName = host.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || [0x2D, 0x2E, 0x5F].contains($0) }
        guard host == "*" || isName else {
            report.fault(source, "", "expected a domain such as example.com, or * for every domain, found \"\(line.condition.value)\"")
            return nil
        }
        return host
    }

    /// Empty when every path is meant; `nil` when it is wrong.
    private mutating func pathPrefix() -> String? {
        guard line.condition.has("path_beg") else { return "" }
        let prefix = line.condition.text("path_beg") ?? ""
        guard prefix.hasPrefix("/"), !prefix.contains(where: { "*?#".contains($0) }) else {
            report.fault(source, "path_beg", "expected the beginning of a path, such as /api, without *, ? and #, found \"\(prefix)\"")
            return nil
        }
        return prefix
    }

    /// What comes in place of the route's own beginning of the path.
    private mutating func readRewriting(_ prefix: String?) {
        let condition = line.condition
        var rest: String?
        if condition.has("replace_beg") {
            if condition.has("path_rem") { report.note(source, "path_rem is not used, for replace_beg is there as well") }
            rest = condition.text("replace_beg") ?? ""
        } else if let text = condition.text("path_rem") {
            guard let count = Int(text), count >= 0 else {
                report.fault(source, "path_rem", "expected how many bytes of the path to leave out, found \"\(text)\"")
                return
            }
            guard let prefix, count > 0 else { return }
            guard count <= prefix.utf8.count else {
                report.note(source, "path_rem=\(count) is not used, for it is longer than path_beg: the app gets the whole path")
                return
            }
            rest = String(decoding: prefix.utf8.dropFirst(count), as: UTF8.self)
        }
        guard var rest, let prefix else { return }
        guard rest.isEmpty || rest.hasPrefix("/") else {
            let property = condition.has("replace_beg") ? "replace_beg" : "path_rem"
            report.fault(source, property, "the path that the app gets would begin with \"\(rest)\" instead of a slash")
            return
        }
        // Here the slash at the end of a prefix stays with the rest of the path.
        if prefix.hasSuffix("/"), rest.hasSuffix("/") { rest.removeLast() }
        add("replacePrefix", .text(rest))
    }

    private mutating func readSettings() {
        let condition = line.condition
        for (property, key) in [("sig_iss", "sigIss"), ("prefix", "channelPrefix")] {
            if let text = condition.text(property) { add(key, .text(text)) }
        }
        if let key = condition.text("sig_key") { add("sigKey", .text(PushpinFile.key(key, beside: file))) }
        for (property, key) in [("orig_headers", "originHeaders"), ("no_grip", "noGrip"), ("debug", "debug"), ("aco", "crossOrigin")]
        where condition.has(property) {
            add(key, .text("true"))
        }
        var headers: [String] = []
        for text in condition.texts("header") {
            guard let colon = text.firstIndex(of: ":"), colon > text.startIndex else {
                report.fault(source, "header", "expected NAME:VALUE, found \"\(text)\"")
                continue
            }
            let value = text[text.index(after: colon)...].drop { $0 == " " }
            headers.append(value.isEmpty ? "\(text[..<colon]):" : "\(text[..<colon]): \(value)")
        }
        if !headers.isEmpty { add("setHeaders", .list(headers)) }
    }

    private mutating func noteWhatIsMissing() {
        let condition = line.condition
        let jsonp = condition.properties.map(\.name).filter { $0.hasPrefix("jsonp_") }
        if !jsonp.isEmpty { report.note(source, "\(jsonp.joined(separator: ", ")): answers are not wrapped as JSON-P here") }
        if jsonp.isEmpty, condition.has("aco") { report.note(source, "aco adds the CORS headers; answers are not wrapped as JSON-P here") }
        if condition.has("session") { report.note(source, "session is not used: sessions that span connections are not kept here") }
        let sockjs = ["sockjs", "sockjs_as_path"].filter(condition.has)
        if !sockjs.isEmpty { report.note(source, "\(sockjs.joined(separator: ", ")): SockJS is not spoken here; its clients must use WebSockets") }
        if condition.has("log_level") { report.note(source, "log_level is not used: the level of the log is that of the whole gateway, log.level") }
    }

    // MARK: The target

    /// The URL of the first target that can be one here.
    private mutating func firstTarget(_ proto: String?) -> String? {
        var chosen: String?
        var isUsable = true
        for (index, target) in line.targets.enumerated() {
            if let missing = Self.missing(target.value) {
                report.note(source, "the \(Self.ordinal(index)) \(target.value) is not used: \(missing)")
            } else if let url = url(target) {
                if chosen == nil {
                    chosen = url
                    readTarget(target, proto)
                } else {
                    report.note(source, "the \(Self.ordinal(index)) \(target.value) is not used: a route here has one target")
                }
            } else {
                isUsable = false
            }
        }
        if chosen == nil, isUsable { report.note(source, "the route is not used, for it has no other target") }
        return isUsable ? chosen : nil
    }

    private static func missing(_ target: String) -> String? {
        if target == "test" { return "there is no such app that answers with the request" }
        return target.hasPrefix("zhttp/") || target.hasPrefix("zhttpreq/") ? "apps are called over HTTP here, not over ZeroMQ" : nil
    }

    private static func ordinal(_ index: Int) -> String {
        let words = ["target", "second target", "third target", "fourth target"]
        return index < words.count ? words[index] : "\(index + 1)th target"
    }

    private mutating func url(_ target: PushpinRoutes.Section) -> String? {
        if let address = HostPort(target.value), !address.host.isEmpty, address.port > 0 {
            let url = "\(target.has("ssl") ? "https" : "http")://\(address)"
            if TargetURL(url) != nil { return url }
        }
        report.fault(source, "", "expected a target such as localhost:8000 or [::1]:8000, found \"\(target.value)\"")
        return nil
    }

    private mutating func readTarget(_ target: PushpinRoutes.Section, _ proto: String?) {
        let name = target.value
        if let host = target.text("host") ?? line.condition.text("as_host") { add("host", .text(host)) }
        let channels = target.texts("sub").filter { !$0.isEmpty }
        if !channels.isEmpty { add("subscribe", .list(channels)) }
        if !target.has("over_http"), proto != "http" {
            let always = "WebSockets are carried over HTTP requests here always, an app that speaks ws:// is not called"
            report.note(source, "\(name) has no over_http: \(always)")
        }
        if target.has("ssl"), !target.has("trust_connect_host") {
            report.note(source, "the certificate of \(name) is checked against that name, not against the Host header")
        }
        let certificate = ["client_cert", "client_key"].filter(target.has)
        if !certificate.isEmpty { report.note(source, "\(certificate.joined(separator: ", ")): no certificate is shown to the app here") }
        let reasons = [
            ("insecure", "certificates are always checked here; webhook.caFile names an authority of your own"),
            ("untrusted", "a target at an internal address is not refused here"),
            ("one_event", "several events may come in one request here"),
            ("ipc_file_mode", "there are no ZeroMQ sockets here"),
        ]
        for (property, reason) in reasons where target.has(property) { report.note(source, "\(property) is not used: \(reason)") }
    }

    // MARK: Properties

    private mutating func add(_ key: String, _ value: PushpinRoute.Value) { grip.append(PushpinRoute.GripSetting(key: key, value: value)) }

    /// The value of a property that has only a few.
    private mutating func word(_ property: String, _ words: [String]) -> String? {
        guard line.condition.has(property) else { return nil }
        let text = line.condition.text(property) ?? ""
        guard words.contains(text) else {
            report.fault(source, property, "expected \(words.joined(separator: " or ")), found \"\(text)\"")
            return nil
        }
        return text
    }

    private mutating func checkNames(
        _ section: PushpinRoutes.Section, _ known: [String], of kind: String, other: [String], of otherKind: String
    ) {
        var seen: Set<String> = []
        for property in section.properties {
            let name = property.name
            if !known.contains(name) {
                let meant = NearestName.of(name, among: known).map { "; did you mean \($0)?" } ?? ""
                let reason = other.contains(name) ? "it belongs to the \(otherKind), not to the \(kind)" : "no such property of a \(kind)\(meant)"
                if seen.insert(name).inserted { report.note(source, "\(name) is not used: \(reason)") }
                continue
            }
            if seen.insert(name).inserted, !Self.repeated.contains(name), section.texts(name).count > 1 {
                report.note(source, "\(name) is there more than once; the last counts")
            }
            if Self.flags.contains(name), ["false", "no", "off", "0"].contains(property.value.lowercased()) {
                report.note(source, "\(name)=\(property.value) switches it on all the same, as in Pushpin; leave it out")
            }
        }
    }
}
