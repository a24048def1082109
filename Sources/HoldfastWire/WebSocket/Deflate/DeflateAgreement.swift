// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// What both sides of a connection keep to when they compress messages: permessage-deflate (RFC 7692).
package struct DeflateAgreement: Equatable, Sendable {
    /// What this gateway wants of it, as a server or as a client.
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

    /// How one side compresses.
    package struct Side: Equatable, Sendable {
        /// Whether its compressor remembers earlier messages.
        package let keepsContext: Bool
        /// The largest window that it uses, as a power of two of bytes: 8 to 15. zlib cannot compress for 8: who is held to that sends its messages
        /// uncompressed, which a side may always do (RFC 7692 §6).
        package let windowBits: Int

        package init(keepsContext: Bool, windowBits: Int) {
            self.keepsContext = keepsContext
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

    /// What holds for the messages that the side in this role sends.
    package func side(_ role: ConnectionRole) -> Side {
        switch role {
        case .server: Side(keepsContext: serverKeepsContext, windowBits: serverWindowBits)
        case .client: Side(keepsContext: clientKeepsContext, windowBits: clientWindowBits)
        }
    }

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

    /// What a client offers: the value of its `Sec-WebSocket-Extensions`.
    ///
    /// The server may limit our window as it likes. Its own is asked to be small only where it is kept between messages, for only there it costs us memory.
    package static func offer(wish: Wish) -> String {
        guard wish.contextTakeover else { return "\(name); server_no_context_takeover; client_no_context_takeover; client_max_window_bits" }
        return "\(name); client_max_window_bits" + (wish.windowBits < 15 ? "; server_max_window_bits=\(wish.windowBits)" : "")
    }

    /// Reads a server's answer to ``offer(wish:)`` (RFC 7692 §7.1).
    ///
    /// What the server does not promise it may do: an answer without `server_no_context_takeover`, or without `server_max_window_bits`, is taken at
    /// its word, and its messages are inflated with a context and the largest window.
    ///
    /// - Throws: ``ClientHandshakeError/answer(_:)`` for a parameter that is not known, comes twice, has a wrong value, or goes beyond what was
    ///   offered: the connection must fail then.
    package init(answer offer: ExtensionOffer, wish: Wish) throws(ClientHandshakeError) {
        var seen: Set<String> = []
        var keepsServer = true
        var keepsClient = wish.contextTakeover
        var serverBits = 15
        var clientBits = wish.windowBits
        var answer = Self.name
        for parameter in offer.parameters {
            let name = parameter.name.lowercased()
            guard seen.insert(name).inserted else { throw .answer("the remote answered \(Self.name) with \(name) twice, expected once at most") }
            switch (name, parameter.value) {
            case ("server_no_context_takeover", nil): keepsServer = false
            case ("client_no_context_takeover", nil): keepsClient = false
            case ("server_max_window_bits", let value?):
                let limit = wish.contextTakeover ? wish.windowBits : 15
                guard let bits = Self.windowBits(value), bits <= limit else { throw Self.wrong(name, value, expected: "8 to \(limit)") }
                serverBits = bits
            case ("client_max_window_bits", let value?):
                guard let bits = Self.windowBits(value) else { throw Self.wrong(name, value, expected: "8 to 15") }
                clientBits = min(bits, clientBits)
            case ("server_no_context_takeover", let value?), ("client_no_context_takeover", let value?):
                throw Self.wrong(name, value, expected: "no value")
            case ("server_max_window_bits", nil), ("client_max_window_bits", nil): throw Self.wrong(name, "", expected: "8 to 15")
            default: throw .answer("the remote answered \(Self.name) with \(ClientHandshake.shown(parameter.name)), which is no parameter of it")
            }
            answer += "; \(name)" + (parameter.value.map { "=\($0)" } ?? "")
        }
        serverKeepsContext = keepsServer
        clientKeepsContext = keepsClient
        serverWindowBits = serverBits
        clientWindowBits = clientBits
        self.answer = answer
    }

    private static func wrong(_ name: String, _ value: String, expected: String) -> ClientHandshakeError {
        .answer("the remote answered \(Self.name) with \(name)=\(ClientHandshake.shown(value)), expected \(expected)")
    }

    /// 8 to 15, in decimal, without a zero in front.
    private static func windowBits(_ text: String) -> Int? {
        guard let bits = Int(text), (8...15).contains(bits), String(bits) == text else { return nil }
        return bits
    }
}
