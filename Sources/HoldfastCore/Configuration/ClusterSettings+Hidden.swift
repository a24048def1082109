// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

extension ClusterSettings {
    /// A text of the setting `broker`, fit to be shown: without users, passwords and tokens, also where it is no URL that can be used.
    ///
    /// What might be a part of a password counts as one: a comma in it ends a URL of a list, and leaves pieces such as `nats://user:half`.
    package static func withoutCredentials(_ broker: String) -> String {
        var urls: [String] = []
        for piece in broker.split(separator: ",", omittingEmptySubsequences: false) {
            // A piece without a scheme belongs to the URL before it, or to its password.
            if urls.isEmpty || piece.contains("://") { urls.append(String(piece)) } else { urls[urls.count - 1] += ",\(piece)" }
        }
        return urls.map(shown).joined(separator: ",")
    }

    /// One URL, with the hosts without a scheme that follow it.
    private static func shown(_ url: String) -> String {
        let at = url.lastIndex(of: "@")
        var start = url.firstRange(of: "://")?.upperBound ?? url.startIndex
        if let at, start > at { start = url.startIndex }
        let rest = url[start...]
        if let at { return "\(url[..<start])(hidden)\(withoutParameters(url[at...]))" }
        let isPlain = rest.split(separator: ",", omittingEmptySubsequences: false).allSatisfy(hasNothingButPort)
        return "\(url[..<start])\(isPlain ? withoutParameters(rest) : "(hidden)")"
    }

    /// Whether a colon, if there is one, can only be that in front of a port.
    private static func hasNothingButPort(_ place: Substring) -> Bool {
        var authority = place.prefix { !"/?#".contains($0) }
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") { authority = authority[end...] }
        guard let colon = authority.firstIndex(of: ":") else { return true }
        let port = authority[authority.index(after: colon)...]
        return port.utf8.count <= 5 && port.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    /// Some programs take a password as a parameter.
    private static func withoutParameters(_ text: Substring) -> String {
        guard let mark = text.firstIndex(where: { $0 == "?" || $0 == "#" }) else { return String(text) }
        return "\(text[...mark])(hidden)"
    }
}
