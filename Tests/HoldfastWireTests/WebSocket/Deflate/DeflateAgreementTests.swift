// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import Testing

struct DeflateAgreementTests {
    private typealias Wish = DeflateAgreement.Wish

    private static let name = "permessage-deflate"
    private static let stateless = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

    private static func choose(_ header: String, _ wish: Wish) throws -> DeflateAgreement? {
        DeflateAgreement.choose(among: try #require(ExtensionOffer.list([header])), wish: wish)
    }

    // MARK: One offer

    /// An offer's parameters, and what is agreed on: who keeps its context, the windows, and the answer behind the extension's name.
    struct Row: CustomTestStringConvertible, Sendable {
        let offer: String
        let keeps: (server: Bool, client: Bool)
        let bits: (server: Int, client: Int)
        let answer: String

        init(_ offer: String, _ server: Bool, _ client: Bool, _ serverBits: Int, _ clientBits: Int, _ answer: String) {
            self.offer = offer
            keeps = (server, client)
            bits = (serverBits, clientBits)
            self.answer = answer
        }

        var testDescription: String { offer.isEmpty ? "(nothing)" : offer }

        func check(_ wish: DeflateAgreement.Wish) throws {
            let agreement = try #require(try DeflateAgreementTests.choose("permessage-deflate" + offer, wish))
            #expect(agreement.answer == "permessage-deflate" + answer)
            #expect(agreement.serverKeepsContext == keeps.server)
            #expect(agreement.clientKeepsContext == keeps.client)
            #expect(agreement.serverWindowBits == bits.server)
            #expect(agreement.clientWindowBits == bits.client)
        }
    }

    @Test("Without context takeover both sides are told to begin each message anew, and the client's window is its own business", arguments: plain)
    func withoutTakeover(_ row: Row) throws { try row.check(Wish()) }

    private static let plain: [Row] = {
        let none = "; server_no_context_takeover; client_no_context_takeover"
        return [
            Row("", false, false, 12, 15, none),
            Row("; server_no_context_takeover", false, false, 12, 15, none),
            Row("; client_no_context_takeover", false, false, 12, 15, none),
            Row("; client_no_context_takeover; server_no_context_takeover", false, false, 12, 15, none),
            Row("; client_max_window_bits", false, false, 12, 15, none),
            Row("; client_max_window_bits=8", false, false, 12, 15, none),
            Row("; client_max_window_bits=15", false, false, 12, 15, none),
            Row("; server_max_window_bits=9", false, false, 9, 15, none + "; server_max_window_bits=9"),
            Row("; server_max_window_bits=12", false, false, 12, 15, none + "; server_max_window_bits=12"),
            Row("; server_max_window_bits=15", false, false, 12, 15, none + "; server_max_window_bits=12"),
            Row(
                "; client_max_window_bits=10; server_max_window_bits=10; server_no_context_takeover; client_no_context_takeover", false, false, 10,
                15,
                none + "; server_max_window_bits=10"),
            // A quoted value is the value.
            Row("; server_max_window_bits=\"10\"", false, false, 10, 15, none + "; server_max_window_bits=10"),
            Row("; server_max_window_bits=\"1\\0\"", false, false, 10, 15, none + "; server_max_window_bits=10"),
            // The names' case does not matter.
            Row("; Server_Max_Window_Bits=10; CLIENT_MAX_WINDOW_BITS", false, false, 10, 15, none + "; server_max_window_bits=10"),
        ]
    }()

    @Test(
        "With context takeover each side keeps its context unless the client declines, and the client's window is limited where it may be",
        arguments: keeping)
    func withTakeover(_ row: Row) throws { try row.check(Wish(contextTakeover: true, windowBits: 12)) }

    private static let keeping = [
        Row("", true, true, 12, 15, ""),
        Row("; server_no_context_takeover", false, true, 12, 15, "; server_no_context_takeover"),
        Row("; client_no_context_takeover", true, false, 12, 15, "; client_no_context_takeover"),
        Row(
            "; client_no_context_takeover; server_no_context_takeover", false, false, 12, 15,
            "; server_no_context_takeover; client_no_context_takeover"),
        Row("; client_max_window_bits", true, true, 12, 12, "; client_max_window_bits=12"),
        Row("; client_max_window_bits=15", true, true, 12, 12, "; client_max_window_bits=12"),
        Row("; client_max_window_bits=10", true, true, 12, 10, "; client_max_window_bits=10"),
        Row("; client_max_window_bits=8", true, true, 12, 8, "; client_max_window_bits=8"),
        Row("; client_max_window_bits; client_no_context_takeover", true, false, 12, 15, "; client_no_context_takeover"),
        Row("; server_max_window_bits=9", true, true, 9, 15, "; server_max_window_bits=9"),
        Row("; server_max_window_bits=13", true, true, 12, 15, "; server_max_window_bits=12"),
        Row(
            "; client_max_window_bits=\"11\"; server_max_window_bits=10", true, true, 10, 11, "; server_max_window_bits=10; client_max_window_bits=11"
        ),
        Row(
            "; server_no_context_takeover; client_max_window_bits; server_max_window_bits=15", false, true, 12, 12,
            "; server_no_context_takeover; server_max_window_bits=12; client_max_window_bits=12"),
    ]

    @Test("The window is never larger than was wished", arguments: 9...15, [true, false])
    func windows(_ bits: Int, _ keeps: Bool) throws {
        let wish = Wish(contextTakeover: keeps, windowBits: bits)
        let open = try #require(try Self.choose("permessage-deflate; client_max_window_bits", wish))
        #expect(open.serverWindowBits == bits)
        #expect(open.clientWindowBits == (keeps ? bits : 15))
        #expect(open.answer == (keeps ? "permessage-deflate; client_max_window_bits=\(bits)" : Self.stateless))
        for offered in 9...15 {
            let least = min(bits, offered)
            let agreement = try #require(
                try Self.choose("permessage-deflate; client_max_window_bits=\(offered); server_max_window_bits=\(offered)", wish))
            #expect(agreement.serverWindowBits == least)
            #expect(agreement.clientWindowBits == (keeps ? least : 15))
            let answer =
                keeps
                ? "permessage-deflate; server_max_window_bits=\(least); client_max_window_bits=\(least)"
                : "\(Self.stateless); server_max_window_bits=\(least)"
            #expect(agreement.answer == answer)
        }
    }

    @Test("Whatever is offered and wished, the answer is one that the client may accept (RFC 7692 §7.1)", arguments: [true, false])
    func answersAreAllowed(_ keeps: Bool) throws {
        let ownBits: [String?] = [nil] + (9...15).map { "server_max_window_bits=\($0)" }
        let clientBits: [String?] = [nil, "client_max_window_bits"] + (8...15).map { "client_max_window_bits=\($0)" }
        for bits in [9, 12, 15] {
            for parts in ownBits.flatMap({ own in clientBits.map { [own, $0] } }) {
                for flags in [
                    [], ["server_no_context_takeover"], ["client_no_context_takeover"], ["server_no_context_takeover", "client_no_context_takeover"],
                ] {
                    let header = ([Self.name] + flags + parts.compactMap { $0 }).joined(separator: "; ")
                    let offer = try #require(ExtensionOffer.list([header])?.first)
                    let agreement = try #require(DeflateAgreement.choose(among: [offer], wish: Wish(contextTakeover: keeps, windowBits: bits)))
                    let fault = Self.fault(in: agreement, to: offer)
                    #expect(fault == nil, "\(header), \(bits) bits: \(agreement.answer)")
                }
            }
        }
    }

    /// What a client that made the offer would say against the answer; `nil` if it is content.
    private static func fault(in agreement: DeflateAgreement, to offer: ExtensionOffer) -> String? {
        guard let answers = ExtensionOffer.list([agreement.answer]), answers.count == 1, answers[0].name == name else { return "no single extension" }
        let answer = Dictionary(answers[0].parameters.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        let offered = Dictionary(offer.parameters.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        if answer.count != answers[0].parameters.count { return "a parameter twice" }
        if offered.keys.contains("server_no_context_takeover"), !answer.keys.contains("server_no_context_takeover") { return "keeps its context" }
        if agreement.serverKeepsContext == answer.keys.contains("server_no_context_takeover") { return "says otherwise of its own context" }
        if agreement.clientKeepsContext, answer.keys.contains("client_no_context_takeover") { return "says otherwise of the client's context" }
        // The client keeps none on its own, or because it is told.
        let tells = answer.keys.contains("client_no_context_takeover") || offered.keys.contains("client_no_context_takeover")
        if agreement.clientKeepsContext == tells { return "does not know the client's context" }
        if let limit = offered["server_max_window_bits"] ?? nil {
            guard let bits = (answer["server_max_window_bits"] ?? nil).flatMap({ Int($0) }), bits == agreement.serverWindowBits,
                (8...(Int(limit) ?? 0)).contains(bits)
            else { return "server's window" }
        }
        guard let answeredBits = answer["client_max_window_bits"] else { return agreement.clientWindowBits == 15 ? nil : "a limit that is not told" }
        guard let limit = offered["client_max_window_bits"] else { return "a limit that the client does not understand" }
        let most = limit.flatMap { Int($0) } ?? 15
        guard let bits = answeredBits.flatMap({ Int($0) }), bits == agreement.clientWindowBits, (8...most).contains(bits) else {
            return "client's window"
        }
        return nil
    }

    // MARK: Offers that cannot be kept to

    @Test("An offer with a parameter that is wrong, twice or unknown is declined (RFC 7692 §7.1)", arguments: spoilt)
    func declined(_ parameters: String) throws {
        for wish in [Wish(), Wish(contextTakeover: true, windowBits: 15)] {
            #expect(try Self.choose("permessage-deflate; \(parameters)", wish) == nil)
            // The next offer is taken instead.
            let other = try #require(try Self.choose("permessage-deflate; \(parameters), permessage-deflate; server_max_window_bits=9", wish))
            #expect(other.serverWindowBits == 9)
        }
    }

    private static let spoilt: [String] = {
        var all = [
            // A window is always a number for the server; 2^8 is one that zlib cannot compress for.
            "server_max_window_bits", "server_max_window_bits=8", "server_max_window_bits=\"8\"",
            // Flags have no value.
            "server_no_context_takeover=1", "server_no_context_takeover=true", "client_no_context_takeover=1", "client_no_context_takeover=\"x\"",
            // Twice, alike or not, whatever the case.
            "server_no_context_takeover; server_no_context_takeover", "client_no_context_takeover; Client_No_Context_Takeover",
            "server_max_window_bits=10; server_max_window_bits=10", "client_max_window_bits; client_max_window_bits=10",
            "client_max_window_bits=10; CLIENT_MAX_WINDOW_BITS=11",
            // Unknown, alone and beside good ones.
            "x", "x=1", "max_window_bits=10", "server_max_window_bits=10; x", "client_no_context_takeover; mux; server_no_context_takeover",
            "server-no-context-takeover", "no_context_takeover",
        ]
        for value in [
            "7", "16", "0", "-8", "+10", "08", "010", "100", "1", "99999999999999999999", "ten", "0xA", "10.0", "1e1", "\"7\"", "\"16\"", "\"+9\"",
            "\"09\"",
        ] {
            all += ["server_max_window_bits=\(value)", "client_max_window_bits=\(value)"]
        }
        return all
    }()

    // MARK: Several offers

    @Test(
        "The first offer that can be kept to is taken; other extensions are passed over",
        arguments: [
            ("", nil), ("x-webkit-deflate-frame", nil), ("permessage-bzip2; level=9, x", nil), ("permessage-deflate2", nil), ("deflate", nil),
            ("permessage-deflate; x, permessage-deflate; server_max_window_bits", nil),
            ("permessage-deflate", 12), ("PerMessage-Deflate", 12), ("foo; a=1, permessage-deflate; server_max_window_bits=10, bar", 10),
            ("permessage-deflate; server_max_window_bits=10, permessage-deflate; server_max_window_bits=11", 10),
            ("permessage-deflate; server_max_window_bits=8, permessage-deflate; server_max_window_bits=11", 11),
            ("permessage-deflate; x=1; server_max_window_bits=9, foo, permessage-deflate; y, permessage-deflate; server_max_window_bits=11", 11),
            ("permessage-deflate; server_max_window_bits=8, permessage-deflate", 12),
        ] as [(String, Int?)])
    func preference(_ header: String, _ serverBits: Int?) throws {
        let agreement = try Self.choose(header, Wish())
        #expect(agreement?.serverWindowBits == serverBits)
        if let agreement { #expect(agreement.answer.hasPrefix("permessage-deflate; ")) }
    }

    @Test("An offer that was made otherwise than from a header has its values checked too", arguments: ["", " 10", "10 ", "٩", "１０", "10\0"])
    func rawValues(_ value: String) {
        for name in ["server_max_window_bits", "client_max_window_bits"] {
            let offer = ExtensionOffer(name: Self.name, parameters: [.init(name: name, value: value)])
            #expect(DeflateAgreement.choose(among: [offer], wish: Wish()) == nil)
        }
    }

    @Test("A wish is modest unless it says otherwise")
    func defaults() {
        #expect(Wish() == Wish(contextTakeover: false, windowBits: 12))
        #expect(DeflateAgreement.name == "permessage-deflate")
    }
}
