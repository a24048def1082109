// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Values that become a part of a request.
extension SettingType where Value == String {
    /// A name as HTTP has it (RFC 9110 §5.6.2).
    static var token: Self {
        Self(rule: "expected a name of letters, digits and signs such as - or _") { $0.isToken ? $0 : nil }
    }

    /// How `X-Forwarded-For` is made.
    static var forwardedFor: Self {
        Self(rule: "expected off, append, truncate:N, or truncate:N,append") { text in
            if text == "off" || text == "false" { return "" }
            return text.isEmpty || ForwardedForRule(text) == nil ? nil : text
        }
    }

    /// The beginning of a path, or nothing.
    static var pathPrefix: Self {
        Self(rule: "expected the beginning of a path such as /v1, or an empty text") { text in
            text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") } ? text : nil
        }
    }

    /// The beginning of a channel's name.
    static var channelPrefix: Self {
        Self(rule: "expected 1 to \(ChannelName.maxBytes - 1) bytes without control characters") { text in
            text.utf8.count < ChannelName.maxBytes && ChannelName(text) != nil ? text : nil
        }
    }

    /// What a `Host` header says.
    static var authority: Self {
        Self(rule: "expected a host name such as example.com, or one with a port") { text in
            !text.isEmpty && text.utf8.allSatisfy { $0.isHostNameByte || ":[]".utf8.contains($0) } ? text : nil
        }
    }

    /// The name of a host alone, in lower case.
    static var hostName: Self {
        Self(rule: "expected a host name such as example.com, without a port") { text in
            !text.isEmpty && text.utf8.allSatisfy(\.isHostNameByte) ? text.lowercased() : nil
        }
    }
}

extension SettingType where Value == OpeningRequest.Field {
    /// Headers that the gateway writes itself.
    private static var ownHeaders: [String] {
        ["host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "expect"]
    }

    /// A header with its value, which may be empty.
    static var header: Self {
        let rule =
            "expected a header such as \"X-Env: test\", an empty value takes the client's away; \(ownHeaders.joined(separator: ", ")) cannot be set"
        return Self(rule: rule) { text in
            guard let colon = text.firstIndex(of: ":"), case let name = text[..<colon].lowercased(), name.isToken, !ownHeaders.contains(name) else {
                return nil
            }
            let value = String(text[text.index(after: colon)...].drop { $0 == " " })
            guard value.isFieldValue else { return nil }
            return OpeningRequest.Field(name: name, value: value)
        }
    }
}

extension String {
    /// Whether it could be the value of a header (RFC 9110 §5.5).
    var isFieldValue: Bool { utf8.allSatisfy { ($0 >= 0x20 || $0 == 0x09) && $0 != 0x7F } }

    /// Whether it could be the name of a header (RFC 9110 §5.6.2).
    var isToken: Bool {
        !isEmpty && utf8.allSatisfy { $0.isLetterOrDigit || "!#$%&'*+-.^_`|~".utf8.contains($0) }
    }
}

extension UInt8 {
    fileprivate var isLetterOrDigit: Bool { (0x61...0x7A).contains(self | 0x20) || (0x30...0x39).contains(self) }
    fileprivate var isHostNameByte: Bool { isLetterOrDigit || ".-_".utf8.contains(self) }
}
