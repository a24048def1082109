// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore

/// Where an engine's server is, and who this node is there: one URL of the setting `broker`.
struct BusAddress: Equatable, Sendable, CustomStringConvertible {
    enum Kind: String, Equatable, Sendable {
        case nats
        case redis
    }

    let kind: Kind
    let host: String
    let port: Int
    /// Whether the URL asks for TLS.
    let isTLS: Bool
    let login: BusLogin
    /// The name that its certificate has to bear.
    let certificateHost: String

    /// What is accepted, for error messages.
    static let rule = """
        accepted: memory (a node that stands alone), nats://[user:password@]host[:4222], tls://host[:4222] (NATS by TLS), \
        redis://[[user]:password@]host[:6379], rediss://host[:6379] (by TLS), valkey:// and valkeys:// likewise; several of one kind as a list; \
        a comma in a user or password is written %2C
        """

    /// Without credentials.
    var description: String {
        let scheme = kind == .nats ? (isTLS ? "tls" : "nats") : (isTLS ? "rediss" : "redis")
        return "\(scheme)://\(HostPort(host: host, port: port))"
    }

    private init(_ other: BusAddress, host: String, port: Int, login: BusLogin) {
        kind = other.kind
        isTLS = other.isTLS
        self.host = host
        self.port = port
        self.login = login
        // Servers tell each other's addresses, and their certificates bear the name by which they are all known.
        certificateHost = HostPort.isAddress(host) ? other.certificateHost : host
    }

    /// - Parameters:
    ///   - setting: where the URL stands.
    ///   - shown: what is told of the URL where it is refused, if not all but its credentials.
    /// - Throws: a ``BrokerError`` that says what was found, without credentials, and what is accepted.
    init(_ text: String, in setting: ClusterSettings.Key = .broker, shown: String? = nil) throws(BrokerError) {
        let shown = shown ?? ClusterSettings.withoutCredentials(text)
        func fault(_ why: String) -> BrokerError { BrokerError(.unknownBroker, setting, "\"\(shown)\" \(why); \(Self.rule)") }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw fault("holds a blank, or a character that URLs have in percent-encoding")
        }
        guard let colon = text.firstRange(of: "://") else { throw fault("is not a URL") }
        let scheme = text[..<colon.lowerBound].lowercased()
        switch scheme {
        case "nats", "tls": (kind, isTLS) = (.nats, scheme == "tls")
        case "redis", "valkey": (kind, isTLS) = (.redis, false)
        case "rediss", "valkeys": (kind, isTLS) = (.redis, true)
        default: throw fault(Self.refusal(of: scheme))
        }
        let rest = text[colon.upperBound...]
        let end = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
        var authority = rest[..<end]
        let tail = rest[end...]
        guard !tail.contains("@") else { throw fault("has an @ behind its host: in a user or password, / ? # and @ are written %2F %3F %23 and %40") }
        if let question = tail.firstIndex(where: { $0 == "?" || $0 == "#" }) {
            let parameter = tail[question...].dropFirst().prefix { $0 != "=" && $0 != "&" && $0 != "#" }
            // What follows a password's own question mark is none.
            let name = shown.hasPrefix("\(scheme)://(hidden)") ? "" : " (\(parameter.isEmpty ? "an empty one" : String(parameter)))"
            throw fault("has a parameter\(name), and no parameter is known")
        }
        guard tail.isEmpty || tail == "/" || kind == .redis && Self.isDatabase(tail.dropFirst()) else {
            throw fault(kind == .nats ? "has a path" : "has a path that is no database's number")
        }
        var login = BusLogin.none
        if let at = authority.lastIndex(of: "@") {
            guard let found = Self.login(authority[..<at], kind) else {
                throw fault("has a user or password that cannot be read: they are percent-encoded, and neither may be empty where it stands alone")
            }
            login = found
            authority = authority[authority.index(after: at)...]
        }
        self.login = login
        guard let address = HostPort(String(authority), defaultPort: kind == .nats ? 4222 : 6379), !address.host.isEmpty, address.port > 0 else {
            throw fault("names no host, or no port from 1 to 65535")
        }
        host = address.host
        port = address.port
        certificateHost = address.host
    }

    /// All addresses of the setting: several URLs, each of which may be a list with commas, where those behind the first may do without their scheme.
    /// All are of one kind; those without credentials have those of the first that has some.
    ///
    /// - Parameter faults: gets a fault for each URL that cannot be used, and for those that do not go together.
    /// - Returns: those that can be used; none where they do not go together.
    static func list(_ texts: [String], faults: inout [BrokerError]) -> [BusAddress] {
        var found: [(setting: ClusterSettings.Key, address: BusAddress)] = []
        for (index, text) in texts.enumerated() {
            let setting: ClusterSettings.Key = texts.count == 1 ? .broker : .url(index)
            // A variable is cut at commas, also at one in a password: a piece without a scheme may be the rest of it.
            let isPiece = index > 0 && !text.contains("://") && !text.contains("@")
            let shown = isPiece ? "(hidden)" : ClusterSettings.withoutCredentials(text)
            var scheme = ""
            for part in text.split(separator: ",", omittingEmptySubsequences: false) {
                let part = part.drop { $0 == " " }
                let url = part.contains("://") || scheme.isEmpty ? String(part) : "\(scheme)://\(part)"
                if let colon = url.firstRange(of: "://") { scheme = String(url[..<colon.lowerBound]) }
                do throws(BrokerError) { found.append((setting, try BusAddress(url, in: setting, shown: shown))) } catch {
                    if !faults.contains(error) { faults.append(error) }
                }
            }
        }
        if texts.isEmpty { faults.append(BrokerError(.unknownBroker, .broker, "the list is empty; \(rule)")) }
        guard let first = found.first?.address else { return [] }
        if let other = found.first(where: { $0.address.kind != first.kind }) {
            let sentence = "\(first) and \(other.address) are of different kinds; all servers of a list belong to one engine"
            faults.append(BrokerError(.unknownBroker, other.setting, sentence))
            return []
        }
        if let other = found.first(where: { $0.address.isTLS != first.isTLS }) {
            let sentence = "\(first) and \(other.address): either all servers of a list are spoken to by TLS or none"
            faults.append(BrokerError(.unknownBroker, other.setting, sentence))
            return []
        }
        let login = found.first { $0.address.login != .none }?.address.login ?? .none
        return found.map { $0.address.login == .none ? $0.address.with(login) : $0.address }
    }

    /// The same server, spoken to as somebody.
    func with(_ login: BusLogin) -> BusAddress { BusAddress(self, host: host, port: port, login: login) }

    /// Another server of the same engine.
    func elsewhere(_ place: HostPort) -> BusAddress { BusAddress(self, host: place.host, port: place.port, login: login) }

    // MARK: Inside

    private static func refusal(of scheme: String) -> String {
        switch scheme {
        case "memory": "cannot stand beside other brokers"
        case "ws", "wss": "is NATS over WebSocket, which is not supported: use the server's own port"
        case "unix", "redis-socket", "redis+socket", "redis+unix": "is a Unix socket, which is not supported: use the server's port"
        case _ where scheme.contains("sentinel"): "is a Redis Sentinel, which is not supported: name the server itself"
        case _ where scheme.contains("cluster"): "is a Redis Cluster, which is not supported: name a server that stands alone"
        case "http", "https": "is not a broker"
        default: "is of a kind that is not known"
        }
    }

    /// A database's number is accepted, for many have it in their URLs, and means nothing: channels are not in databases.
    private static func isDatabase(_ text: Substring) -> Bool {
        (1...5).contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    private static func login(_ text: Substring, _ kind: Kind) -> BusLogin? {
        guard let colon = text.firstIndex(of: ":") else {
            guard let word = decoded(text), !word.isEmpty else { return nil }
            // NATS has tokens; a user without a password is no login at Redis.
            return kind == .nats ? .token(word) : nil
        }
        guard let user = decoded(text[..<colon]), let password = decoded(text[text.index(after: colon)...]) else { return nil }
        guard !password.isEmpty, !user.isEmpty || kind == .redis else { return nil }
        return .password(user: user.isEmpty ? nil : user, password)
    }

    /// Without its percent-encoding; `nil` when that is broken, is no UTF-8, or a control character comes of it.
    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else { return nil }
            let value = high << 4 | low
            guard value >= 0x20, value != 0x7F else { return nil }
            bytes.append(value)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? { Character(UnicodeScalar(byte)).hexDigitValue.map(UInt8.init) }
}
