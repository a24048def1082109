// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire

/// The value of a client's Sec-WebSocket-Extensions.
///
/// Never a crash. Never an answer that the client did not offer, that cannot be read back, or that says another thing than what is then done.
enum Extensions {
    static let target = FuzzTarget(name: "Extensions", maxLength: 512) { input in
        var input = input
        let setting = input.byte()
        let wish = DeflateAgreement.Wish(contextTakeover: setting & 1 == 1, windowBits: 9 + Int(setting >> 1) % 7)
        let values = input.rest.split(separator: 0x0A).map { String(decoding: $0, as: Swift.UTF8.self) }
        check(values, wish)
    }

    static func check(_ values: [String], _ wish: DeflateAgreement.Wish) {
        guard let offers = ExtensionOffer.list(values) else { return }
        let tokens = offers.flatMap { [$0.name] + $0.parameters.flatMap { [$0.name] + ($0.value.map { [$0] } ?? []) } }
        claim(tokens.allSatisfy(HoldfastWire.Handshake.isToken), "not all are tokens: \(offers)")
        claim(ExtensionOffer.list([offers.map(\.written).joined(separator: ", ")]) == offers, "written and read again: \(offers)")

        guard let agreement = DeflateAgreement.choose(among: offers, wish: wish) else { return }
        guard let answers = ExtensionOffer.list([agreement.answer]), answers.count == 1, let answer = answers.first else {
            fatalError("no answer: \(agreement.answer)")
        }
        claim(answer.name == DeflateAgreement.name, agreement.answer)
        claim(Set(answer.parameters.map(\.name)).count == answer.parameters.count, "twice the same in \(agreement.answer)")
        claim(offers.contains { isFair(answer, to: $0, agreement) }, "answered \(offers) with \(agreement)")
        let said = Dictionary(uniqueKeysWithValues: answer.parameters.map { ($0.name, $0.value) })
        claim(agreement.serverKeepsContext == (said["server_no_context_takeover"] == nil), "\(agreement)")
        claim(agreement.clientKeepsContext == (said["client_no_context_takeover"] == nil), "\(agreement)")
        claim((9...15).contains(agreement.serverWindowBits) && agreement.serverWindowBits <= wish.windowBits, "\(agreement)")
        claim((8...15).contains(agreement.clientWindowBits), "\(agreement)")
        // A client that is told of no limit may use the whole window.
        claim(agreement.clientWindowBits == bits(said["client_max_window_bits"] ?? nil) ?? 15, "\(agreement)")
    }

    /// Whether the answer keeps to what the offer allows (RFC 7692 §7.1).
    private static func isFair(_ answer: ExtensionOffer, to offer: ExtensionOffer, _ agreement: DeflateAgreement) -> Bool {
        guard offer.name.lowercased() == answer.name else { return false }
        let offered = Dictionary(offer.parameters.map { ($0.name.lowercased(), $0.value) }) { first, _ in first }
        let said = Dictionary(uniqueKeysWithValues: answer.parameters.map { ($0.name, $0.value) })
        if offered["server_no_context_takeover"] != nil, said["server_no_context_takeover"] == nil { return false }
        if let limit = offered["server_max_window_bits"] {
            guard let limit = bits(limit), let chosen = bits(said["server_max_window_bits"] ?? nil), chosen <= limit else { return false }
            guard agreement.serverWindowBits <= chosen else { return false }
        }
        if let chosen = said["client_max_window_bits"] {
            guard let limit = offered["client_max_window_bits"], let chosen = bits(chosen), chosen <= bits(limit) ?? 15 else { return false }
        }
        let known = ["server_no_context_takeover", "client_no_context_takeover", "server_max_window_bits", "client_max_window_bits"]
        return answer.parameters.allSatisfy { known.contains($0.name) }
    }

    private static func bits(_ text: String?) -> Int? { text.flatMap { Int($0) } }
}

extension ExtensionOffer {
    fileprivate var written: String {
        name + parameters.map { "; \($0.name)" + ($0.value.map { "=\"\($0)\"" } ?? "") }.joined()
    }
}
