// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Which proxy of the environment a URL is dialled through, as curl and most tools have it.
///
/// For `ws` it is `http_proxy`; for `wss`, `https_proxy` or `HTTPS_PROXY`; where that is not set, `all_proxy` or `ALL_PROXY`. `HTTP_PROXY` is not read: under CGI
/// a client sets it, by a header `Proxy`. `no_proxy` or `NO_PROXY` lists what is dialled directly. An empty variable is as good as none.
package struct ProxyChoice: Equatable, Sendable {
    /// One entry of `no_proxy`.
    private enum Exception: Equatable, Sendable {
        case all
        /// This host and all below it.
        case name(String, port: Int?)
        case network(IPAddress, prefix: Int, port: Int?)
    }

    private struct Variable: Equatable, Sendable {
        let name: String
        let value: String
    }

    private let forPlain: Variable?
    private let forTLS: Variable?
    private let exceptions: [Exception]

    /// - Parameter environment: the variables of the process.
    package init(environment: [String: String]) {
        func first(_ names: String...) -> Variable? {
            for name in names {
                if let value = environment[name], !value.isEmpty { return Variable(name: name, value: value) }
            }
            return nil
        }
        forPlain = first("http_proxy", "all_proxy", "ALL_PROXY")
        forTLS = first("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
        exceptions = (first("no_proxy", "NO_PROXY")?.value ?? "").split { $0 == "," || $0.isWhitespace }.compactMap { Self.exception(String($0)) }
    }

    /// The proxy for a URL; `nil` when it is dialled directly, as whatever is on this machine always is.
    ///
    /// - Throws: when the variable that counts here names no proxy that can be used. It is not passed over: who sets a proxy wants nothing to get around it.
    package func proxy(for url: DialURL) throws(ProxyError) -> DialProxy? {
        guard let variable = url.isTLS ? forTLS : forPlain, !isDirect(url) else { return nil }
        return try DialProxy(variable.value, variable: variable.name)
    }

    private func isDirect(_ url: DialURL) -> Bool {
        let host = Self.plain(url.host)
        let address = IPAddress(host)
        if host == "localhost" || host.hasSuffix(".localhost") || address.map(Self.isLoopback) == true { return true }
        return exceptions.contains { exception in
            switch exception {
            case .all: true
            case .name(let name, let port): (port ?? url.port) == url.port && (host == name || host.hasSuffix("." + name))
            case .network(let network, let prefix, let port):
                (port ?? url.port) == url.port && address?.isIn(network, prefix: prefix) == true
            }
        }
    }

    /// - Returns: `nil` for what cannot be meant: such an entry excepts nothing.
    private static func exception(_ text: String) -> Exception? {
        if text == "*" { return .all }
        if let slash = text.lastIndex(of: "/") {
            guard let network = IPAddress(plain(String(text[..<slash]))), let bits = UInt8(text[text.index(after: slash)...]),
                bits <= network.bytes.count * 8
            else { return nil }
            return .network(network, prefix: Int(bits), port: nil)
        }
        var host = text
        var port: Int?
        if IPAddress(text) == nil, let colon = text.lastIndex(of: ":"), !text.hasSuffix("]") {
            guard let number = UInt16(text[text.index(after: colon)...]) else { return nil }
            port = Int(number)
            host = String(text[..<colon])
        }
        host = plain(host)
        if let address = IPAddress(host) { return .network(address, prefix: address.bytes.count * 8, port: port) }
        if host.hasPrefix("*.") { host.removeFirst() }
        if host.hasPrefix(".") { host.removeFirst() }
        return host.isEmpty ? nil : .name(host, port: port)
    }

    private static func isLoopback(_ address: IPAddress) -> Bool {
        address.bytes.count == 4 ? address.bytes[0] == 127 : address.bytes.dropLast().allSatisfy { $0 == 0 } && address.bytes[15] == 1
    }

    private static func plain(_ host: String) -> String {
        var name = host.lowercased()[...]
        if name.hasPrefix("["), name.hasSuffix("]") { name = name.dropFirst().dropLast() }
        if name.hasSuffix(".") { name = name.dropLast() }
        return String(name)
    }
}
