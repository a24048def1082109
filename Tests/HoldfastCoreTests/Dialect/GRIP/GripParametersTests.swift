// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct GripParametersTests {
    private typealias Parameter = GripParameters.Parameter

    /// Members in a plain form: each value in brackets, so that white space around it is seen.
    private static func plain(_ members: [GripParameters]) -> String {
        members.map { member in
            "[\(member.value)]" + member.parameters.map { "{\($0.name)" + ($0.value.map { "=\($0)" } ?? "") + "}" }.joined()
        }.joined()
    }

    private static func plain(_ pairs: [Parameter]) -> String {
        pairs.map { "{\($0.name)" + ($0.value.map { "=\($0)" } ?? "") + "}" }.joined()
    }

    // MARK: Lists

    @Test(
        "A list's members are divided by commas, over all values of the header",
        arguments: [
            ([], ""), ([""], ""), ([" ,\t, "], ""), (["a"], "[a]"), ([" a "], "[a]"), (["a, b ,c"], "[a][b][c]"), (["a", "b, c"], "[a][b][c]"),
            ([",a,,b,"], "[a][b]"), (["room 7!"], "[room 7!]"), (["é"], "[é]"), (["a=b"], "[a=b]"),
            // Parameters.
            (["a;x=1"], "[a]{x=1}"), (["a; x=1; y=2, b; z"], "[a]{x=1}{y=2}[b]{z}"), (["a; filter=f1; filter=f2"], "[a]{filter=f1}{filter=f2}"),
            (["a ;\tx = 1 ;y"], "[a]{x=1}{y}"), (["a; x="], "[a]{x=}"), (["a; x=; y"], "[a]{x=}{y}"), (["a;;; x"], "[a]{x}"), (["a;"], "[a]"),
            (["a; x=1=2"], "[a]{x=1=2}"), (["a; x=b c"], "[a]{x=b c}"), (["; x=1"], "[]{x=1}"), (["a; x=(b)/@"], "[a]{x=(b)/@}"),
            // Quoted.
            ([#"grip; message-prefix="""#], "[grip]{message-prefix=}"), ([#"a; x="1, 2; 3""#], "[a]{x=1, 2; 3}"),
            ([#"a; x="\"\\\a""#], #"[a]{x="\a}"#),
            ([#"a; x= "1" ; y"#], "[a]{x=1}{y}"), ([#"a; x="é", b"#], "[a]{x=é}[b]"), ([#"a; x=b"c,d"e, f"#], #"[a]{x=b"c,d"e}[f]"#),
            // Quotation marks of a value are its own, but commas and semicolons between them are text.
            ([#""a, b; c"; x, d"#], #"["a, b; c"]{x}[d]"#), ([#""\"," "#], #"["\","]"#),
        ] as [([String], String)])
    func lists(_ values: [String], _ expected: String) throws {
        #expect(Self.plain(try GripParameters.list(values)) == expected)
    }

    @Test("Parameters are found in any case of ASCII letters; the first counts that has a value, or all in order")
    func found() throws {
        let member = try #require(try GripParameters.list(["a; x; X=1; filter=f; x=2; FILTER=g; filter"]).first)
        #expect(member["x"] == "1")
        #expect(member["Filter"] == "f")
        #expect(member["a"] == nil)
        #expect(member["y"] == nil)
        #expect(member.all("filter") == ["f", "g"])
        #expect(member.all("y") == [])
        // The Kelvin sign is no K, and @ no small `.
        #expect(try GripParameters.list(["a; \u{212A}=1; @=2"]).first?["k"] == nil)
        #expect(try GripParameters.list(["a; @=2"]).first?["`"] == nil)
    }

    @Test(
        "A broken member spoils the list, and is told by its byte",
        arguments: [
            (#"a; x="b"#, 5, "a quotation mark that is never closed"), (#"a; x=""#, 5, "a quotation mark that is never closed"),
            (#"a; x="b\"#, 5, "a quotation mark that is never closed"), (#"a; x="b\""#, 5, "a quotation mark that is never closed"),
            (#"say "hi"#, 4, "a quotation mark that is never closed"), (#"a; x=b"c"#, 6, "a quotation mark that is never closed"),
            (#"a; x="b"c"#, 8, "unexpected text behind a closing quotation mark"),
            (#"a; x="b" "c""#, 9, "unexpected text behind a closing quotation mark"),
            ("a; =b", 3, "expected a name before '='"), ("a;=", 2, "expected a name before '='"), ("b, a; =", 6, "expected a name before '='"),
        ])
    func broken(_ value: String, _ offset: Int, _ message: String) throws {
        let error = #expect(throws: GripParametersError.self) { try GripParameters.list([value]) }
        #expect(error == GripParametersError(offset: offset, message: message))
        #expect(error?.description == "byte \(offset): \(message)")
        #expect(throws: GripParametersError.self) { try GripParameters.list(["good", value]) }
        #expect(throws: GripParametersError.self) { try GripParameters.list([value, "good"]) }
    }

    // MARK: Links

    @Test(
        "A link is what stands in angle brackets, commas and semicolons included",
        arguments: [
            (["</next>; rel=next"], "[/next]{rel=next}"),
            (["<http://x/?a=1,2;3=\">; rel=\"next\"; timeout=120"], "[http://x/?a=1,2;3=\"]{rel=next}{timeout=120}"),
            (["</a>;rel=next,</b> ; rel=gone"], "[/a]{rel=next}[/b]{rel=gone}"), (["</a>", " </b> "], "[/a][/b]"), (["< /a >"], "[/a]"), ([""], ""),
        ] as [([String], String)])
    func links(_ values: [String], _ expected: String) throws {
        #expect(Self.plain(try GripParameters.links(values)) == expected)
    }

    @Test(
        "A link without its angle brackets is refused",
        arguments: [
            ("/a; rel=next", 0, "expected a URI in angle brackets: <URI>"), ("</a", 0, "an angle bracket that is never closed"),
            ("<>; rel=next", 0, "expected a URI in the angle brackets"),
            ("</a>, < \t>", 6, "expected a URI in the angle brackets"), ("</a>b; rel=next", 4, "unexpected text behind a closing angle bracket"),
            ("</a>; rel=next, /b", 16, "expected a URI in angle brackets: <URI>"), ("; rel=next", 0, "expected a URI in angle brackets: <URI>"),
            ("</a>; rel=\"next", 10, "a quotation mark that is never closed"),
        ])
    func brokenLinks(_ value: String, _ offset: Int, _ message: String) {
        let error = #expect(throws: GripParametersError.self) { try GripParameters.links([value]) }
        #expect(error == GripParametersError(offset: offset, message: message))
    }

    // MARK: One member

    @Test(
        "A whole value runs to the first semicolon, whatever is in it",
        arguments: [
            (#"\n; format=cstring; timeout=20"#, #"[\n]{format=cstring}{timeout=20}"#), ("a, b; mode=interval", "[a, b]{mode=interval}"),
            (#""; x=1"#, #"["]{x=1}"#), (#""a;b""#, #"["a]{b"}"#), ("cGluZzMK==; format=base64", "[cGluZzMK==]{format=base64}"), (" a ", "[a]"),
            ("", "[]"),
            (";x", "[]{x}"), ("a; x=1,2; y=\"3,;4\"", "[a]{x=1,2}{y=3,;4}"), (",", "[,]"),
        ])
    func whole(_ value: String, _ expected: String) throws {
        #expect(Self.plain([try GripParameters.whole(value)]) == expected)
    }

    @Test("In a whole value only parameters can be broken", arguments: [("a; x=\"", 5), ("\"; x=\"a", 5)])
    func brokenWhole(_ value: String, _ offset: Int) {
        let error = #expect(throws: GripParametersError.self) { try GripParameters.whole(value) }
        #expect(error == GripParametersError(offset: offset, message: "a quotation mark that is never closed"))
    }

    // MARK: Assignments

    @Test(
        "Assignments have names and values",
        arguments: [
            ([], ""), ([""], ""), (["foo=bar, bar=baz"], "{foo=bar}{bar=baz}"), ([#"k="v", k2=v2"#], "{k=v}{k2=v2}"),
            (["a=1", "b=2,c"], "{a=1}{b=2}{c}"),
            ([#"a="1, 2; \"3\"""#], #"{a=1, 2; "3"}"#), (["a=,b="], "{a=}{b=}"), (["a = 1 , ,b"], "{a=1}{b}"), (["a=1; x=2; y, b=3"], "{a=1}{b=3}"),
            (["User=Alice"], "{User=Alice}"), (["a=1,a=2"], "{a=1}{a=2}"),
        ] as [([String], String)])
    func pairs(_ values: [String], _ expected: String) throws {
        #expect(Self.plain(try GripParameters.pairs(values)) == expected)
    }

    @Test(
        "A broken assignment is refused",
        arguments: [
            ("=1", 0, "expected a name before '='"), ("a=1, =2", 5, "expected a name before '='"), ("; a=1", 0, "expected a name"),
            ("a=\"1", 2, "a quotation mark that is never closed"), ("a=\"1\"2", 5, "unexpected text behind a closing quotation mark"),
            ("a=1; b=\"", 7, "a quotation mark that is never closed"),
        ])
    func brokenPairs(_ value: String, _ offset: Int, _ message: String) {
        let error = #expect(throws: GripParametersError.self) { try GripParameters.pairs([value]) }
        #expect(error == GripParametersError(offset: offset, message: message))
    }

    @Test("Any text is read or refused in each form, and its pieces come from it", arguments: 0..<200)
    func anyText(_ seed: Int) throws {
        var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 1
        let letters = Array("ab=;,\"\\<> \té")
        var text = ""
        for _ in 0..<(seed % 24) {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            text.append(letters[Int(state >> 33) % letters.count])
        }
        var members: [GripParameters] = []
        members += (try? GripParameters.list([text])) ?? []
        members += (try? GripParameters.links([text])) ?? []
        members += (try? [GripParameters.whole(text)]) ?? []
        members += [GripParameters("", (try? GripParameters.pairs([text])) ?? [])]
        for member in members {
            #expect(text.contains(member.value))
            for parameter in member.parameters {
                #expect(!parameter.name.isEmpty && text.contains(parameter.name))
                #expect(parameter.value?.utf8.count ?? 0 < text.utf8.count)
            }
        }
    }
}
