// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore
import Testing

/// What a client offers, and how it reads the answer.
struct DeflateAgreementClientTests {
    private typealias Wish = DeflateAgreement.Wish

    private static func read(_ parameters: String, _ wish: Wish) throws -> DeflateAgreement {
        let offers = try #require(ExtensionOffer.list(["permessage-deflate" + parameters]))
        return try DeflateAgreement(answer: try #require(offers.first), wish: wish)
    }

    @Test(
        "The offer asks for no more than is wished",
        arguments: [
            (false, 9, "; server_no_context_takeover; client_no_context_takeover; client_max_window_bits"),
            (false, 15, "; server_no_context_takeover; client_no_context_takeover; client_max_window_bits"),
            (true, 12, "; client_max_window_bits; server_max_window_bits=12"),
            (true, 9, "; client_max_window_bits; server_max_window_bits=9"),
            (true, 15, "; client_max_window_bits"),
        ])
    func offer(_ keeps: Bool, _ bits: Int, _ expected: String) throws {
        let offer = DeflateAgreement.offer(wish: Wish(contextTakeover: keeps, windowBits: bits))
        #expect(offer == "permessage-deflate" + expected)
        #expect(ExtensionOffer.list([offer])?.count == 1)
    }

    /// An answer's parameters, and what holds for the server's messages and for ours.
    struct Row: CustomTestStringConvertible, Sendable {
        let answer: String
        let keeps: Bool
        let bits: Int
        let server: (Bool, Int)
        let client: (Bool, Int)

        init(_ answer: String, wish keeps: Bool, _ bits: Int = 12, server: (Bool, Int), client: (Bool, Int)) {
            self.answer = answer
            self.keeps = keeps
            self.bits = bits
            self.server = server
            self.client = client
        }

        var testDescription: String { "\(keeps ? "keeping" : "not keeping") \(bits)\(answer)" }
    }

    private static let none = "; server_no_context_takeover; client_no_context_takeover"

    @Test(
        "An answer is kept to",
        arguments: [
            // What the server does not promise, it may do; what we said of ourselves we do, whether it is repeated or not.
            Row("", wish: false, server: (true, 15), client: (false, 12)),
            Row(none, wish: false, server: (false, 15), client: (false, 12)),
            Row("; server_no_context_takeover", wish: false, server: (false, 15), client: (false, 12)),
            Row("; client_no_context_takeover", wish: false, server: (true, 15), client: (false, 12)),
            Row(none + "; client_max_window_bits=15", wish: false, server: (false, 15), client: (false, 12)),
            Row(none + "; client_max_window_bits=9", wish: false, server: (false, 15), client: (false, 9)),
            Row(none + "; client_max_window_bits=8", wish: false, server: (false, 15), client: (false, 8)),
            Row(none + "; server_max_window_bits=8", wish: false, server: (false, 8), client: (false, 12)),
            Row(none + "; server_max_window_bits=15", wish: false, server: (false, 15), client: (false, 12)),
            Row("", wish: true, server: (true, 15), client: (true, 12)),
            Row("", wish: true, 15, server: (true, 15), client: (true, 15)),
            Row("; server_max_window_bits=12", wish: true, server: (true, 12), client: (true, 12)),
            Row("; server_max_window_bits=8", wish: true, server: (true, 8), client: (true, 12)),
            Row("; server_max_window_bits=15", wish: true, 15, server: (true, 15), client: (true, 15)),
            Row("; client_max_window_bits=10; server_max_window_bits=10", wish: true, server: (true, 10), client: (true, 10)),
            Row("; client_max_window_bits=8", wish: true, 9, server: (true, 15), client: (true, 8)),
            Row("; client_no_context_takeover", wish: true, server: (true, 15), client: (false, 12)),
            Row("; SERVER_no_context_takeover", wish: true, server: (false, 15), client: (true, 12)),
            Row(none, wish: true, server: (false, 15), client: (false, 12)),
            Row("; server_max_window_bits=\"11\"", wish: true, server: (true, 11), client: (true, 12)),
        ])
    func answers(_ row: Row) throws {
        let agreement = try Self.read(row.answer, Wish(contextTakeover: row.keeps, windowBits: row.bits))
        #expect(agreement.side(.server) == .init(keepsContext: row.server.0, windowBits: row.server.1))
        #expect(agreement.side(.client) == .init(keepsContext: row.client.0, windowBits: row.client.1))
        #expect(agreement.answer == "permessage-deflate" + row.answer.lowercased().replacing("\"", with: ""))
    }

    @Test(
        "Anything else fails, and is told",
        arguments: [
            ("; what", "\"what\", which is no parameter of it"),
            ("; x=1", "\"x\", which is no parameter of it"),
            ("; server_no_context_takeover; server_no_context_takeover", "server_no_context_takeover twice, expected once at most"),
            ("; client_max_window_bits=9; CLIENT_max_window_bits=9", "client_max_window_bits twice, expected once at most"),
            ("; server_no_context_takeover=1", "server_no_context_takeover=\"1\", expected no value"),
            ("; client_no_context_takeover=true", "client_no_context_takeover=\"true\", expected no value"),
            ("; server_max_window_bits", "server_max_window_bits=\"\", expected 8 to 15"),
            ("; client_max_window_bits", "client_max_window_bits=\"\", expected 8 to 15"),
            ("; client_max_window_bits=7", "client_max_window_bits=\"7\", expected 8 to 15"),
            ("; client_max_window_bits=16", "client_max_window_bits=\"16\", expected 8 to 15"),
            ("; client_max_window_bits=09", "client_max_window_bits=\"09\", expected 8 to 15"),
            ("; client_max_window_bits=+9", "client_max_window_bits=\"+9\", expected 8 to 15"),
            ("; server_max_window_bits=13", "server_max_window_bits=\"13\", expected 8 to 12"),
            ("; server_max_window_bits=7", "server_max_window_bits=\"7\", expected 8 to 12"),
            ("; server_max_window_bits=x", "server_max_window_bits=\"x\", expected 8 to 12"),
        ])
    func refused(_ answer: String, _ sentence: String) {
        #expect(throws: ClientHandshakeError.answer("the remote answered permessage-deflate with " + sentence)) {
            try Self.read(answer, Wish(contextTakeover: true))
        }
    }

    @Test("A server that is Holdfast agrees with a client that is", arguments: [false, true], [9, 12, 15])
    func bothSides(_ keeps: Bool, _ bits: Int) throws {
        for serverKeeps in [false, true] {
            for serverBits in [9, 12, 15] {
                let (ours, theirs) = (Wish(contextTakeover: keeps, windowBits: bits), Wish(contextTakeover: serverKeeps, windowBits: serverBits))
                let offers = try #require(ExtensionOffer.list([DeflateAgreement.offer(wish: ours)]))
                let server = try #require(DeflateAgreement.choose(among: offers, wish: theirs))
                let answer = try #require(ExtensionOffer.list([server.answer])?.first)
                let client = try DeflateAgreement(answer: answer, wish: ours)
                #expect(client.side(.server).keepsContext == server.side(.server).keepsContext)
                #expect(client.side(.server).windowBits >= server.side(.server).windowBits)
                #expect(client.side(.client).keepsContext == server.side(.client).keepsContext)
                #expect(client.side(.client).windowBits <= server.side(.client).windowBits)
                #expect(client.answer == server.answer)
            }
        }
    }

    @Test("The two roles are each other's peer")
    func roles() {
        #expect(ConnectionRole.client.peer == .server)
        #expect(ConnectionRole.server.peer == .client)
        #expect(ConnectionRole.allCases.count == 2)
    }
}
