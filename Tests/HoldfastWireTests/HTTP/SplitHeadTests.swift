// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore
import Testing

struct SplitHeadTests {
    private static func text(_ head: SplitHead) -> String {
        var buffer = ByteBuffer()
        head.write(into: &buffer)
        return String(buffer: buffer)
    }

    private static func head(key: String, agent: String) -> SplitHead {
        var head = SplitHead()
        head.appendOwn("POST / HTTP/1.1\r\n")
        head.appendField("accept", "*/*")
        head.appendField("key", key, isOwn: true)
        head.appendField("cookie", "", isOwn: true)
        head.appendField("user-agent", agent)
        return head
    }

    @Test("The text is whole and in order, wherever its own parts stand")
    func order() {
        #expect(Self.text(SplitHead()) == "")
        for pattern in 0..<64 {
            var head = SplitHead()
            var expected = ""
            for place in 0..<6 {
                let word = String(repeating: "\(place)", count: place * 50)
                if pattern & 1 << place != 0 { head.appendOwn(word) } else { head.appendShared(word) }
                expected += word
            }
            #expect(Self.text(head) == expected)
            #expect(head.count == expected.utf8.count)
        }
    }

    @Test("A field is a line")
    func fields() {
        let head = Self.head(key: "k", agent: "x")
        #expect(Self.text(head) == "POST / HTTP/1.1\r\naccept: */*\r\nkey: k\r\ncookie: \r\nuser-agent: x\r\n")
    }

    @Test("What texts share is kept once, and each remains as it was")
    func shared() {
        var shelf = SharedHeads()
        let heads = (0..<300).map { Self.head(key: "\($0)", agent: "agent \($0 % 3)") }
        let kept = heads.map { shelf.shared($0) }
        #expect(kept == heads)
        #expect(kept.map(Self.text) == heads.map(Self.text))
        #expect(Set(kept.map { $0.shared.withUnsafeBytes { Int(bitPattern: $0.baseAddress) } }).count == 3)
    }

    @Test("However many there are, none is taken for another")
    func many() {
        var shelf = SharedHeads()
        let heads = (0..<2000).map { Self.head(key: "k", agent: String(repeating: "a", count: $0 % 1000 * 7)) }
        #expect(heads.map { Self.text(shelf.shared($0)) } == heads.map(Self.text))
    }
}
