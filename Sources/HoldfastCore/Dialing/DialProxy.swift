// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire

/// An HTTP proxy that is asked for a tunnel (`CONNECT`, RFC 9110 §9.3.6).
package struct DialProxy: Hashable, Sendable {
    package let host: String
    package let port: Int
    /// The value of `Proxy-Authorization`; `nil` for none. A secret: not for logs.
    package let authorization: String?

    package init(host: String, port: Int, authorization: String? = nil) {
        self.host = host
        self.port = port
        self.authorization = authorization
    }

    /// Reads `http://[user:password@]host[:port]`; the scheme may be left out, the port is 80 then and otherwise.
    ///
    /// - Parameter variable: where the text comes from, for the error.
    package init(_ text: String, variable: String) throws(ProxyError) {
        var rest = text[...]
        if let separator = rest.firstRange(of: "://") {
            let scheme = rest[..<separator.lowerBound].lowercased()
            guard scheme == "http" else {
                // A scheme is harmless to show; what is no scheme may be part of a password.
                let isKnown = ["https", "socks", "socks4", "socks4a", "socks5", "socks5h"].contains(scheme)
                let problem = isKnown ? "names a proxy that is reached by \(scheme)" : "is not the URL of a proxy"
                throw ProxyError("\(variable) \(problem): expected http://host:port")
            }
            rest = rest[separator.upperBound...]
        }
        rest = rest.prefix { !"/?#".contains($0) }
        var authorization: String?
        if let at = rest.lastIndex(of: "@") {
            guard let credentials = Self.decoded(rest[..<at]) else {
                throw ProxyError("\(variable) has a user or password that cannot be read: expected http://user:password@host:port, percent-encoded")
            }
            authorization = "Basic " + Base64.encode(credentials.contains(UInt8(ascii: ":")) ? credentials : credentials + [UInt8(ascii: ":")])
            rest = rest[rest.index(after: at)...]
        }
        guard let address = HostPort(String(rest), defaultPort: 80), !address.host.isEmpty, address.port > 0,
            address.host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else {
            throw ProxyError("\(variable) is not the URL of a proxy: expected http://host:port")
        }
        self.init(host: address.host, port: address.port, authorization: authorization)
    }

    /// Without its percent-encoding (RFC 3986 §2.1); `nil` when that is broken, or a control character comes of it (RFC 7617 §2).
    private static func decoded(_ text: Substring) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            var decoded = byte
            if byte == UInt8(ascii: "%") {
                guard let high = rest.popFirst(), let low = rest.popFirst(), high != UInt8(ascii: "+"),
                    let value = UInt8(String(decoding: [high, low], as: UTF8.self), radix: 16)
                else { return nil }
                decoded = value
            }
            guard decoded >= 0x20, decoded != 0x7F else { return nil }
            bytes.append(decoded)
        }
        return bytes
    }
}
