// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import Testing

struct ExtensionOfferTests {
    /// An offer as a header has it in its plainest form: what was written in any other form must come out as this.
    private static func plain(_ offers: [ExtensionOffer]) -> String {
        offers.map { offer in
            ([offer.name] + offer.parameters.map { parameter in parameter.name + (parameter.value.map { "=\($0)" } ?? "") }).joined(separator: ";")
        }.joined(separator: ",")
    }

    // MARK: Good

    @Test(
        "All values of the header are one list, in order",
        arguments: [
            ([], ""), ([""], ""), (["", " ", "\t"], ""), (["a"], "a"), (["a", "b"], "a,b"), (["a,b", "c"], "a,b,c"), (["a , b\t,\tc"], "a,b,c"),
            // Empty members.
            ([","], ""), ([" ,\t, "], ""), ([",a"], "a"), (["a,"], "a"), (["a,,b"], "a,b"), ([", a ,, ,b ,"], "a,b"), (["", "a", ",", "b"], "a,b"),
            // Parameters.
            (["a;b"], "a;b"), (["a;b;c"], "a;b;c"), (["a;b=1"], "a;b=1"), (["a;b=1;c;d=2"], "a;b=1;c;d=2"), (["a;b, c;d=1", "e"], "a;b,c;d=1,e"),
            (["a;b;b=1;b"], "a;b;b=1;b"), (["a;b,a;b"], "a;b,a;b"),
            // White space, wherever the grammar has a border.
            ([" \ta ; b\t=  1 \t;\tc "], "a;b=1;c"), (["a\t;b"], "a;b"), (["a;b = \"1\" , c"], "a;b=1,c"),
            // Quoted values.
            (["a;b=\"1\""], "a;b=1"), (["a;b=\"\\1\""], "a;b=1"), (["a;b=\"\\1\\2\\x\""], "a;b=12x"), (["a;b=\"1\";c"], "a;b=1;c"),
            (["a;b=\"1\",c"], "a;b=1,c"),
            // Every character of a token, and the case as it was.
            (["Permessage-Deflate;Client_Max=X"], "Permessage-Deflate;Client_Max=X"), (["!#$%&'*+-.^_`|~09azAZ"], "!#$%&'*+-.^_`|~09azAZ"),
            (["a;b=!#$%&'*+-.^_`|~09azAZ"], "a;b=!#$%&'*+-.^_`|~09azAZ"), (["a;b=\"!#$%&'*+-.^_`|~09azAZ\""], "a;b=!#$%&'*+-.^_`|~09azAZ"),
        ] as [([String], String)])
    func reads(_ values: [String], _ expected: String) throws {
        #expect(Self.plain(try #require(ExtensionOffer.list(values))) == expected)
    }

    @Test("A parameter that is only named has no value")
    func named() {
        let expected = ExtensionOffer(name: "x", parameters: [.init(name: "y", value: nil), .init(name: "z", value: "0")])
        #expect(ExtensionOffer.list(["x; y; z=0"]) == [expected])
    }

    @Test("Offers differ by name, parameters and their order, and a value from none")
    func equality() throws {
        let texts = ["a", "b", "a;x", "a;y", "a;x=1", "a;x=2", "a;x;y", "a;y;x", "A"]
        let offers = try texts.map { try #require(ExtensionOffer.list([$0])) }
        for (index, left) in offers.enumerated() {
            for (other, right) in offers.enumerated() { #expect((left == right) == (index == other)) }
        }
    }

    // MARK: Malformed

    @Test("A value that breaks the grammar spoils the whole list, also among good ones", arguments: malformed)
    func refuses(_ value: Raw) {
        #expect(ExtensionOffer.list([value.text]) == nil)
        #expect(ExtensionOffer.list(["good", value.text]) == nil)
        #expect(ExtensionOffer.list([value.text, "good; a=1"]) == nil)
        #expect(ExtensionOffer.list(["good, " + value.text]) == nil)
    }

    private static let malformed: [Raw] = [
        // No name, or two.
        ";", ";a", ";a=1", "=", "=1", "a b", "a\tb", "a b;c", "\"a\"", "\"\"",
        // Parameters without a name, or two.
        "a;", "a ; ", "a;;b", "a;b;", "a;=1", "a; =", "a;b c", "a;b=1 c", "a;\"b\"", "a;b;,c",
        // Values that are none.
        "a;b=", "a;b= ", "a;b=;c", "a;b=,c", "a;b==1", "a;b=1=2", "a=1", "a=1;b",
        // Quoted values: empty, not closed, with more behind, or no token once they are unescaped.
        "a;b=\"\"", "a;b=\"", "a;b=\"1", "a;b=\"1;c", "a;b=\"1\\", "a;b=\"\\", "a;b=\"1\\\"", "a;b=\"1\"2", "a;b=\"1\"\"2\"", "a;b=1\"2\"",
        "a;b=\"1 2\"",
        "a;b=\" 1\"", "a;b=\"1,2\"", "a;b=\"1;2\"", "a;b=\"\\\"\"", "a;b=\"\\\\\"", "a;b=\"\\ \"", "a;b=\"\t\"", "a;b='1 2'",
        // Bytes that are in no token.
        "a/b", "(a)", "a@b", "[a]", "{a}", "a:b", "a?b", "<a>", "\\a", "a\0", "a\u{7F}", "é", "a;é", "a;b=é", "a;b=\"é\"", "e\u{301}", "\u{212A}",
        "a\r\n", "a\n;b", "a;\u{B}b", "\u{A0}a", "a;b=\u{2028}1",
    ]

    // MARK: Random

    /// The grammar of RFC 6455 §9.1 as a pattern; the header may have empty members as every list.
    private static func grammar() throws -> Regex<AnyRegexOutput> {
        let token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
        let quoted = #""(?:\\?[!#$%&'*+.^_`|~0-9A-Za-z-])+""#
        let parameter = "\(token)(?:[ \\t]*=[ \\t]*(?:\(token)|\(quoted)))?"
        let offer = "\(token)(?:[ \\t]*;[ \\t]*\(parameter))*"
        return try Regex("[ \\t]*(?:\(offer))?[ \\t]*(?:,[ \\t]*(?:\(offer))?[ \\t]*)*")
    }

    @Test("A random text is a list exactly when it matches the grammar", arguments: 0..<10)
    func random(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let grammar = try Self.grammar()
        var good = 0
        for _ in 0..<300 {
            var text = ""
            for _ in 0..<Int.random(in: 0...9, using: &random) {
                text += ["a", "b1", "-", ",", ";", ";c", "=", "=d", "\"", "\"e\"", "=\"f\"", "\\", " ", "\t"].randomElement(using: &random) ?? ""
            }
            let isGood = text.wholeMatch(of: grammar) != nil
            if isGood { good += 1 }
            #expect((ExtensionOffer.list([text]) != nil) == isGood, "\(printable(text.utf8))")
        }
        #expect(good > 20, "the texts are not all wrong")
    }

    @Test("Random bytes crash nothing, and what is read holds tokens only", arguments: 0..<20)
    func randomBytes(_ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for _ in 0..<200 {
            let values = (0..<Int.random(in: 1...2, using: &random)).map { _ in
                String(decoding: (0..<Int.random(in: 0...12, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }, as: UTF8.self)
            }
            for offer in ExtensionOffer.list(values) ?? [] {
                let tokens = [offer.name] + offer.parameters.flatMap { [$0.name] + ($0.value.map { [$0] } ?? []) }
                #expect(tokens.allSatisfy(Handshake.isToken))
            }
        }
    }
}
