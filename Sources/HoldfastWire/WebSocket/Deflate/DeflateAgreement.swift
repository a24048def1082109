// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// What both sides of a connection keep to when they compress messages: permessage-deflate (RFC 7692).
package struct DeflateAgreement: Equatable, Sendable {
    /// What this server wants of it.
    package struct Wish: Equatable, Sendable {
        /// Whether each side may refer back to earlier messages. It compresses better, and costs memory for each connection.
        package var contextTakeover: Bool
        /// The largest window, as a power of two of bytes: 9 to 15.
        package var windowBits: Int

        package init(contextTakeover: Bool = false, windowBits: Int = 12) {
            self.contextTakeover = contextTakeover
            self.windowBits = windowBits
        }
    }

    /// Whether the server's compressor remembers earlier messages.
    package let serverKeepsContext: Bool
    /// Whether the client's does.
    package let clientKeepsContext: Bool
    /// The server's window.
    package let serverWindowBits: Int
    /// The largest window that the client uses.
    package let clientWindowBits: Int
    /// The value of the answer's `Sec-WebSocket-Extensions`.
    package let answer: String

    package static let name = "permessage-deflate"

    /// Takes the first offer that can be kept to. Others, also those of extensions that are not known, are passed over.
    ///
    /// - Returns: `nil` when there is none: messages then go uncompressed.
    package static func choose(among offers: [ExtensionOffer], wish: Wish) -> DeflateAgreement? {
        for offer in offers where offer.name.lowercased() == name {
            if let agreement = DeflateAgreement(offer, wish: wish) { return agreement }
        }
        return nil
    }

    /// Any parameter that is not known, comes twice or has a wrong value spoils an offer (RFC 7692 §7.1).
    private init?(_ offer: ExtensionOffer, wish: Wish) {
        var seen: Set<String> = []
        var keepsServer = wish.contextTakeover
        var keepsClient = wish.contextTakeover
        var serverLimit: Int?
        var clientLimit: Int?
        for parameter in offer.parameters {
            let name = parameter.name.lowercased()
            guard seen.insert(name).inserted else { return nil }
            switch (name, parameter.value) {
            case ("server_no_context_takeover", nil): keepsServer = false
            case ("client_no_context_takeover", nil): keepsClient = false
            case ("server_max_window_bits", let value?):
                // zlib cannot compress for a window of 2^8.
                guard let bits = Self.windowBits(value), bits > 8 else { return nil }
                serverLimit = bits
            case ("client_max_window_bits", nil): clientLimit = 15
            case ("client_max_window_bits", let value?):
                guard let bits = Self.windowBits(value) else { return nil }
                clientLimit = bits
            default: return nil
            }
        }
        serverKeepsContext = keepsServer
        clientKeepsContext = keepsClient
        serverWindowBits = min(wish.windowBits, serverLimit ?? 15)
        var answer = Self.name
        if !keepsServer { answer += "; server_no_context_takeover" }
        if !keepsClient { answer += "; client_no_context_takeover" }
        if serverLimit != nil { answer += "; server_max_window_bits=\(serverWindowBits)" }
        // The client's window costs us memory only where it is kept between messages, and may be limited only where the client says so.
        if let clientLimit, keepsClient {
            clientWindowBits = min(wish.windowBits, clientLimit)
            answer += "; client_max_window_bits=\(clientWindowBits)"
        } else {
            clientWindowBits = 15
        }
        self.answer = answer
    }

    /// 8 to 15, in decimal, without a zero in front.
    private static func windowBits(_ text: String) -> Int? {
        guard let bits = Int(text), (8...15).contains(bits), String(bits) == text else { return nil }
        return bits
    }
}
