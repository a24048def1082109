// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore
import Testing

@testable import HoldfastServer

@Suite struct CompressionShelfTests {
    private let hello = ByteBuffer(bytes: [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00])
    /// Hello again, as one writes it who refers back to the first.
    private let helloAgain = ByteBuffer(bytes: [0xF2, 0x00, 0x11, 0x00, 0x00])

    @Test func withoutAContextConnectionsThatAgreedAlikeHaveTheSame() throws {
        var shelf = CompressionShelf()
        let first = shelf.compression(for: try .sample(), policy: CompressionPolicy())
        #expect(first.isShared)
        #expect(first.threshold == 256)
        for parameters in [
            "", "; client_max_window_bits", "; client_no_context_takeover", "; server_max_window_bits=12", "; server_max_window_bits=15",
        ] {
            #expect(shelf.compression(for: try .sample(parameters), policy: CompressionPolicy()) === first, "\(parameters)")
        }
    }

    @Test func anotherWindowOrLevelIsAnotherCompressor() throws {
        var shelf = CompressionShelf()
        let kinds = [
            shelf.compression(for: try .sample(), policy: CompressionPolicy()),
            shelf.compression(for: try .sample("; server_max_window_bits=9"), policy: CompressionPolicy()),
            shelf.compression(for: try .sample(), policy: CompressionPolicy(level: 9)),
        ]
        #expect(Set(kinds.map { ObjectIdentifier($0.deflater) }).count == 3)
        #expect(Set(kinds.map { ObjectIdentifier($0.inflater) }).count == 1, "one inflater is enough for all")
    }

    @Test func anotherThresholdIsKeptWithTheSameCompressor() throws {
        var shelf = CompressionShelf()
        let low = shelf.compression(for: try .sample(), policy: CompressionPolicy(threshold: 10))
        let high = shelf.compression(for: try .sample(), policy: CompressionPolicy(threshold: 1000))
        #expect(low.threshold == 10)
        #expect(high.threshold == 1000)
        #expect(low.deflater === high.deflater)
        #expect(shelf.compression(for: try .sample(), policy: CompressionPolicy(threshold: 10)) === low)
    }

    @Test func withAContextEachConnectionHasItsOwn() throws {
        var shelf = CompressionShelf()
        let policy = CompressionPolicy(wish: .keeping)
        let one = shelf.compression(for: try .sample(wish: .keeping), policy: policy)
        let other = shelf.compression(for: try .sample(wish: .keeping), policy: policy)
        #expect(!one.isShared && !other.isShared)
        #expect(one.deflater !== other.deflater)
        #expect(one.inflater !== other.inflater)
        #expect(try one.inflater.inflate(hello, limit: 10) == ByteBuffer(string: "Hello"))
        #expect(try one.inflater.inflate(helloAgain, limit: 10) == ByteBuffer(string: "Hello"))
        #expect(throws: Violation.self) { try other.inflater.inflate(helloAgain, limit: 10) }
    }

    @Test func aClientThatDeclinesAContextForUsSharesTheCompressorAndKeepsItsInflater() throws {
        var shelf = CompressionShelf()
        let stateless = shelf.compression(for: try .sample(), policy: CompressionPolicy())
        let agreement = try DeflateAgreement.sample("; server_no_context_takeover", wish: .keeping)
        let policy = CompressionPolicy(wish: .keeping)
        let (one, other) = (shelf.compression(for: agreement, policy: policy), shelf.compression(for: agreement, policy: policy))
        #expect(one.isShared && other.isShared)
        #expect(one.deflater === stateless.deflater && other.deflater === stateless.deflater)
        #expect(one.inflater !== other.inflater && one.inflater !== stateless.inflater)
        #expect(try one.inflater.inflate(hello, limit: 10) == ByteBuffer(string: "Hello"))
        #expect(try one.inflater.inflate(helloAgain, limit: 10) == ByteBuffer(string: "Hello"))
    }

    @Test func aClientThatKeepsNoContextSharesTheInflaterAndHasItsOwnCompressor() throws {
        var shelf = CompressionShelf()
        let stateless = shelf.compression(for: try .sample(), policy: CompressionPolicy())
        let agreement = try DeflateAgreement.sample("; client_no_context_takeover", wish: .keeping)
        let policy = CompressionPolicy(wish: .keeping)
        let (one, other) = (shelf.compression(for: agreement, policy: policy), shelf.compression(for: agreement, policy: policy))
        #expect(!one.isShared && !other.isShared)
        #expect(one.inflater === stateless.inflater && other.inflater === stateless.inflater)
        #expect(one.deflater !== other.deflater && one.deflater !== stateless.deflater)
    }

    @Test func twoEventLoopsShareNothing() throws {
        var (left, right) = (CompressionShelf(), CompressionShelf())
        let one = left.compression(for: try .sample(), policy: CompressionPolicy())
        let other = right.compression(for: try .sample(), policy: CompressionPolicy())
        #expect(one.deflater !== other.deflater)
        #expect(one.inflater !== other.inflater)
    }
}
