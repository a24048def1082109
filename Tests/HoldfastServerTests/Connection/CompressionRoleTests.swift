// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore
import Testing

@testable import HoldfastServer

/// What one compresses with who dialled.
@Suite struct CompressionRoleTests {
    private static func answered(_ parameters: String, wish: DeflateAgreement.Wish = .init()) throws -> DeflateAgreement {
        let answers = try #require(ExtensionOffer.list(["permessage-deflate" + parameters]))
        return try DeflateAgreement(answer: try #require(answers.first), wish: wish)
    }

    private static let neither = "; server_no_context_takeover; client_no_context_takeover"

    @Test func aClientWithoutContextsSharesWithTheServersOfItsEventLoop() throws {
        var shelf = CompressionShelf()
        let dialled = shelf.compression(for: try Self.answered(Self.neither), policy: CompressionPolicy(), role: .client)
        #expect(dialled.isShared)
        #expect(dialled === shelf.compression(for: try .sample(), policy: CompressionPolicy()))
    }

    @Test func eachSideCompressesAsTheOtherInflates() throws {
        for keeps in [false, true] {
            let wish = DeflateAgreement.Wish(contextTakeover: keeps, windowBits: 12)
            let policy = CompressionPolicy(wish: wish)
            let offers = try #require(ExtensionOffer.list([DeflateAgreement.offer(wish: wish)]))
            let agreement = try #require(DeflateAgreement.choose(among: offers, wish: wish))
            let answer = try #require(ExtensionOffer.list([agreement.answer])?.first)
            var (here, there) = (CompressionShelf(), CompressionShelf())
            let client = here.compression(for: try DeflateAgreement(answer: answer, wish: wish), policy: policy, role: .client)
            let server = there.compression(for: agreement, policy: policy)
            #expect(client.isShared == !keeps)
            var random = QuickRandom(seed: 3)
            for _ in 0..<20 {
                let words = (0..<600).map { _ in ["alpha", "beta", "gamma", "delta"].randomElement(using: &random) ?? "" }
                let message = ByteBuffer(string: words.joined(separator: " "))
                #expect(try server.inflater.inflate(client.deflater.deflate(message), limit: 10_000) == message)
                #expect(try client.inflater.inflate(server.deflater.deflate(message), limit: 10_000) == message)
            }
        }
    }

    @Test func contextsAreOfTheSideThatKeepsThem() throws {
        var shelf = CompressionShelf()
        let policy = CompressionPolicy(wish: .keeping)
        let stateless = shelf.compression(for: try .sample(), policy: CompressionPolicy())
        let own = shelf.compression(for: try Self.answered("; server_no_context_takeover", wish: .keeping), policy: policy, role: .client)
        #expect(!own.isShared)
        #expect(own.inflater === stateless.inflater)
        #expect(own.deflater !== stateless.deflater)
        let peer = shelf.compression(for: try Self.answered("; client_no_context_takeover", wish: .keeping), policy: policy, role: .client)
        #expect(peer.isShared)
        #expect(peer.inflater !== stateless.inflater)
        #expect(peer.deflater === stateless.deflater)
    }

    @Test func whoIsHeldToTheSmallestWindowSendsMessagesAsTheyAre() throws {
        var shelf = CompressionShelf()
        for (parameters, wish) in [(Self.neither, DeflateAgreement.Wish()), ("", .keeping)] {
            let agreement = try Self.answered(parameters + "; client_max_window_bits=8", wish: wish)
            let compression = shelf.compression(for: agreement, policy: CompressionPolicy(wish: wish), role: .client)
            #expect(compression.threshold == .max)
            // What the remote compresses is inflated all the same.
            let hello = ByteBuffer(bytes: [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00])
            #expect(try compression.inflater.inflate(hello, limit: 10) == ByteBuffer(string: "Hello"))
        }
        #expect(shelf.compression(for: try .sample(), policy: CompressionPolicy()).threshold == 256, "nobody else is meant")
    }

    @Test func aRemoteThatPromisedNothingMayReferBackAsFarAsItLikes() throws {
        var shelf = CompressionShelf()
        let compression = shelf.compression(for: try Self.answered(""), policy: CompressionPolicy(), role: .client)
        let remote = Deflater(level: 9, windowBits: 15, keepsContext: true)
        var random = QuickRandom(seed: 4)
        var bytes = ByteBuffer()
        for _ in 0..<3000 { bytes.writeInteger(random.next()) }
        _ = try compression.inflater.inflate(remote.deflate(bytes), limit: 100_000)
        let again = remote.deflate(bytes)
        #expect(again.readableBytes < 1000, "it does refer back")
        #expect(try compression.inflater.inflate(again, limit: 100_000) == bytes)
    }
}
