// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// How `X-Forwarded-For` towards the app is made of the client's: `truncate:1,append` keeps the last address and adds the client's own.
package struct ForwardedForRule: Equatable, Sendable {
    /// How many addresses are kept, the last ones; `nil` for all.
    package let kept: Int?
    /// Whether the client's own address is added.
    package let appends: Bool

    /// What is accepted, for error messages.
    package static let rule = "expected truncate:N, append, or both with a comma between"

    /// - Parameter text: empty for a rule that changes nothing.
    /// - Returns: `nil` when the text breaks the ``rule``.
    package init?(_ text: String) {
        var kept: Int?
        var appends = false
        let words = text.filter { $0 != " " }
        for word in words.isEmpty ? [] : words.split(separator: ",", omittingEmptySubsequences: false) {
            if word == "append", !appends {
                appends = true
            } else if word.hasPrefix("truncate:"), kept == nil, word.dropFirst(9).utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
                guard let number = Int(word.dropFirst(9)) else { return nil }
                kept = number
            } else {
                return nil
            }
        }
        self.kept = kept
        self.appends = appends
    }

    /// - Parameters:
    ///   - values: the client's header, each of its lines.
    ///   - own: the client's address.
    /// - Returns: the header's value; `nil` for none.
    package func value(_ values: [String], own: String) -> String? {
        var addresses: [String] = values.flatMap { $0.split(separator: ",") }.map { String($0).filter { $0 != " " && $0 != "\t" } }
        addresses.removeAll(where: \.isEmpty)
        if let kept { addresses = Array(addresses.suffix(kept)) }
        if appends { addresses.append(own) }
        return addresses.isEmpty ? nil : addresses.joined(separator: ", ")
    }
}
