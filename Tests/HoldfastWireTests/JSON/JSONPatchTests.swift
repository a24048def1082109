// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore
import Testing

struct JSONPatchTests {
    private func patched(_ document: String, _ patch: String, maxBytes: Int = 1 << 20) throws -> String {
        let patch = try JSONPatch(try JSONReader.parse(.amid(patch)))
        return String(buffer: try patch.apply(to: try JSONReader.parse(.amid(document)), maxBytes: maxBytes))
    }

    private func error(_ document: String, _ patch: String, maxBytes: Int = 1 << 20) throws -> String? {
        do {
            _ = try patched(document, patch, maxBytes: maxBytes)
            return nil
        } catch let error as JSONPatchError {
            return error.description
        }
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let document: String
        let patch: String
        let result: String

        init(_ document: String, _ patch: String, _ result: String) {
            self.document = document
            self.patch = patch
            self.result = result
        }

        var testDescription: String { "\(document) with \(patch)" }
    }

    // MARK: What changes

    static let changes: [Case] = [
        // add
        Case(#"{"a":1}"#, #"[{"op":"add","path":"/b","value":2}]"#, #"{"a":1,"b":2}"#),
        Case(#"{"a":1}"#, #"[{"op":"add","path":"/a","value":null}]"#, #"{"a":null}"#),
        Case(#"{"a":1}"#, #"[{"op":"add","path":"","value":[ 1 ]}]"#, "[ 1 ]"),
        Case(#"{"a":1}"#, #"[{"op":"add","path":"/","value":2}]"#, #"{"a":1,"":2}"#),
        Case("[1,3]", #"[{"op":"add","path":"/1","value":2}]"#, "[1,2,3]"),
        Case("[1,3]", #"[{"op":"add","path":"/0","value":0}]"#, "[0,1,3]"),
        Case("[1,3]", #"[{"op":"add","path":"/2","value":4}]"#, "[1,3,4]"),
        Case("[1,3]", #"[{"op":"add","path":"/-","value":{"x":[]}}]"#, #"[1,3,{"x":[]}]"#),
        Case("[]", #"[{"op":"add","path":"/-","value":1},{"op":"add","path":"/-","value":2}]"#, "[1,2]"),
        Case(#"{"a":{"b":[1,{"c":2}]}}"#, #"[{"op":"add","path":"/a/b/1/d","value":3}]"#, #"{"a":{"b":[1,{"c":2,"d":3}]}}"#),
        Case("1", #"[{"op":"add","path":"","value":"two"}]"#, #""two""#),
        // remove
        Case(#"{"a":1,"b":2}"#, #"[{"op":"remove","path":"/a"}]"#, #"{"b":2}"#),
        Case("[1,2,3]", #"[{"op":"remove","path":"/1"}]"#, "[1,3]"),
        Case(#"{"a":[{"b":1}]}"#, #"[{"op":"remove","path":"/a/0/b"}]"#, #"{"a":[{}]}"#),
        Case(#"{"":1,"a":2}"#, #"[{"op":"remove","path":"/"}]"#, #"{"a":2}"#),
        // replace
        Case(#"{"a":1,"b":2}"#, #"[{"op":"replace","path":"/a","value":{"c":3}}]"#, #"{"a":{"c":3},"b":2}"#),
        Case("[1,2]", #"[{"op":"replace","path":"/1","value":null}]"#, "[1,null]"),
        Case("[1,2]", #"[{"op":"replace","path":"","value":true}]"#, "true"),
        // move
        Case(#"{"a":1,"b":2}"#, #"[{"op":"move","from":"/a","path":"/c"}]"#, #"{"b":2,"c":1}"#),
        Case("[1,2,3]", #"[{"op":"move","from":"/0","path":"/2"}]"#, "[2,3,1]"),
        Case("[1,2,3]", #"[{"op":"move","from":"/0","path":"/-"}]"#, "[2,3,1]"),
        Case(#"{"a":{"b":1},"c":{}}"#, #"[{"op":"move","from":"/a/b","path":"/c/d"}]"#, #"{"a":{},"c":{"d":1}}"#),
        Case(#"{"a":{"b":1}}"#, #"[{"op":"move","from":"/a/b","path":"/a"}]"#, #"{"a":1}"#),
        Case(#"{"a":1}"#, #"[{"op":"move","from":"/a","path":"/a"}]"#, #"{"a":1}"#),
        Case(#"{"a":1}"#, #"[{"op":"move","from":"","path":""}]"#, #"{"a":1}"#),
        Case(#"{"ab":1}"#, #"[{"op":"move","from":"/ab","path":"/a"}]"#, #"{"a":1}"#),
        // copy
        Case(#"{"a":{"b":1}}"#, #"[{"op":"copy","from":"/a","path":"/c"}]"#, #"{"a":{"b":1},"c":{"b":1}}"#),
        Case("[[1],2]", #"[{"op":"copy","from":"/0","path":"/0/0"}]"#, "[[[1],1],2]"),
        Case(#"{"a":1}"#, #"[{"op":"copy","from":"","path":"/b"}]"#, #"{"a":1,"b":{"a":1}}"#),
        Case(
            #"{"a":{"b":1}}"#, #"[{"op":"copy","from":"/a","path":"/c"},{"op":"replace","path":"/a/b","value":2}]"#,
            #"{"a":{"b":2},"c":{"b":1}}"#),
        // test, followed by a change that shows that it held
        Case(#"{"a":[1,"x",null,true,{}]}"#, #"[{"op":"test","path":"/a","value":[1,"x",null,true,{}]},{"op":"remove","path":"/a"}]"#, "{}"),
        // nothing
        Case(#"{"a" : 1.0}"#, "[]", #"{"a" : 1.0}"#),
        // pointers
        Case(#"{"a/b":1,"m~n":2}"#, #"[{"op":"remove","path":"/a~1b"},{"op":"replace","path":"/m~0n","value":3}]"#, #"{"m~n":3}"#),
        Case(#"{"~1":1}"#, #"[{"op":"remove","path":"/~01"}]"#, "{}"),
        Case(#"{"0":1}"#, #"[{"op":"replace","path":"/0","value":2}]"#, #"{"0":2}"#),
        Case(#"{"-":1}"#, #"[{"op":"remove","path":"/-"}]"#, "{}"),
        Case(#"{"a":{"":{"":5}}}"#, #"[{"op":"replace","path":"/a//","value":6}]"#, #"{"a":{"":{"":6}}}"#),
        Case(#"{"é":1,"e\u0301":2}"#, #"[{"op":"remove","path":"/é"}]"#, "{\"e\u{301}\":2}"),
        Case(#"{"a b":1,"c%d":2,"k\"l":3,"g|h":4}"#, #"[{"op":"remove","path":"/k\"l"},{"op":"remove","path":"/c%d"}]"#, #"{"a b":1,"g|h":4}"#),
        // a name twice: the last one counts
        Case(#"{"a":1,"b":2,"a":3}"#, #"[{"op":"test","path":"/a","value":3},{"op":"add","path":"/c","value":4}]"#, #"{"a":3,"b":2,"c":4}"#),
        Case(#"{"a":1,"a":2}"#, #"[{"op":"remove","path":"/a"}]"#, "{}"),
        // members that nobody knows, and operations with the same member twice
        Case(#"{"a":1}"#, #"[{"op":"remove","path":"/a","why":"so"}]"#, "{}"),
        // what is not touched keeps its bytes
        Case(#"{"a": [ 1.50, 1E2 ] , "b": "\u0041"}"#, #"[{"op":"add","path":"/c","value":0}]"#, #"{"a":[ 1.50, 1E2 ],"b":"\u0041","c":0}"#),
    ]

    @Test("Operations do what RFC 6902 says", arguments: changes)
    func change(_ example: Case) throws {
        #expect(try patched(example.document, example.patch) == example.result)
        // What comes out is JSON.
        _ = try JSONReader.parse(ByteBuffer(string: example.result))
    }

    // MARK: test

    @Test(
        "A test compares values, not texts",
        arguments: [
            ("1", "1.0", true), ("10", "1e1", true), ("1.50", "15e-1", true), ("0", "-0.0e7", true), ("100", "1E+2", true), ("0.001", "1e-3", true),
            ("1", "-1", false), ("1", "1.0000000000000000000000000000000001", false), ("9007199254740993", "9007199254740992", false),
            ("1e99999999999999999999", "1e99999999999999999998", false), ("1e-9223372036854775808", "1e9223372036854775807", false),
            ("1e99999999999999999999", "1e99999999999999999999", true),
            ("\"\\u0041\"", "\"A\"", true), ("\"é\"", "\"e\u{301}\"", false), ("\"1\"", "1", false), ("null", "false", false), ("true", "true", true),
            ("[1,2]", "[ 1, 2 ]", true), ("[1,2]", "[2,1]", false), ("[1,2]", "[1]", false), ("[]", "{}", false),
            ("{\"a\":1,\"b\":[2]}", "{\"b\":[2.0],\"a\":1}", true), ("{\"a\":1}", "{\"a\":1,\"b\":2}", false), ("{\"a\":1}", "{\"b\":1}", false),
            ("{\"a\":0,\"a\":1}", "{\"a\":1}", true),
        ])
    func test(_ one: String, _ other: String, _ areSame: Bool) throws {
        for (document, value) in [(one, other), (other, one)] {
            let fault = try error("{\"x\":\(document)}", "[{\"op\":\"test\",\"path\":\"/x\",\"value\":\(value)}]")
            #expect(fault == (areSame ? nil : "[0] (test \"/x\"): the value there is another one"))
        }
    }

    // MARK: What cannot be applied

    @Test(
        "An operation that cannot be applied is named",
        arguments: [
            Case("{}", #"[{"op":"remove","path":"/a"}]"#, "[0] (remove \"/a\"): nothing is there"),
            Case("{}", #"[{"op":"replace","path":"/a","value":1}]"#, "[0] (replace \"/a\"): nothing is there"),
            Case("{}", #"[{"op":"test","path":"/a","value":null}]"#, "[0] (test \"/a\"): nothing is there"),
            Case("{}", #"[{"op":"copy","from":"/a","path":"/b"}]"#, "[0] (copy \"/b\"): nothing is there"),
            Case("{}", #"[{"op":"move","from":"/a","path":"/a"}]"#, "[0] (move \"/a\"): nothing is there"),
            Case("{}", #"[{"op":"add","path":"/a/b","value":1}]"#, "[0] (add \"/a/b\"): nothing is there"),
            Case(
                "{\"a\":1}", #"[{"op":"add","path":"/a/b","value":1}]"#, "[0] (add \"/a/b\"): the value around it is neither an object nor an array"),
            Case("{\"a\":1}", #"[{"op":"add","path":"/a/b/c","value":1}]"#, "[0] (add \"/a/b/c\"): nothing is there"),
            Case("\"a\"", #"[{"op":"remove","path":"/0"}]"#, "[0] (remove \"/0\"): nothing is there"),
            Case("[1]", #"[{"op":"add","path":"/2","value":1}]"#, "[0] (add \"/2\"): \"2\" is no place in the array there"),
            Case("[1]", #"[{"op":"add","path":"/00","value":1}]"#, "[0] (add \"/00\"): \"00\" is no place in the array there"),
            Case("[1]", #"[{"op":"add","path":"/-1","value":1}]"#, "[0] (add \"/-1\"): \"-1\" is no place in the array there"),
            Case("[1]", #"[{"op":"add","path":"/+0","value":1}]"#, "[0] (add \"/+0\"): \"+0\" is no place in the array there"),
            Case("[1]", #"[{"op":"add","path":"/1e0","value":1}]"#, "[0] (add \"/1e0\"): \"1e0\" is no place in the array there"),
            Case("[1]", #"[{"op":"add","path":"/","value":1}]"#, "[0] (add \"/\"): \"\" is no place in the array there"),
            Case(
                "[1]", #"[{"op":"add","path":"/99999999999999999999","value":1}]"#,
                "[0] (add \"/99999999999999999999\"): \"99999999999999999999\" is no place in the array there"),
            Case("[1]", #"[{"op":"remove","path":"/-"}]"#, "[0] (remove \"/-\"): nothing is there"),
            Case("[1]", #"[{"op":"remove","path":"/1"}]"#, "[0] (remove \"/1\"): nothing is there"),
            Case("[1]", #"[{"op":"replace","path":"/-","value":1}]"#, "[0] (replace \"/-\"): nothing is there"),
            Case("[[1]]", #"[{"op":"remove","path":"/-/0"}]"#, "[0] (remove \"/-/0\"): nothing is there"),
            Case("{}", #"[{"op":"remove","path":""}]"#, "[0] (remove \"\"): the whole document cannot be removed"),
            Case("{\"a\":{}}", #"[{"op":"move","from":"/a","path":"/a/b"}]"#, "[0] (move \"/a/b\"): a value cannot be moved into itself"),
            Case("{\"a\":{}}", #"[{"op":"move","from":"","path":"/a"}]"#, "[0] (move \"/a\"): a value cannot be moved into itself"),
            Case(
                "{\"a\":1}", #"[{"op":"add","path":"/b","value":1},{"op":"test","path":"/b","value":2}]"#,
                "[1] (test \"/b\"): the value there is another one"),
        ])
    func fault(_ example: Case) throws {
        #expect(try error(example.document, example.patch) == example.result)
    }

    @Test(
        "What is no patch is refused before anything is applied",
        arguments: [
            ("{}", "expected an array of operations, found an object"),
            ("[1]", "[0]: expected an object, found a number"),
            ("[{}]", "[0].op: expected a string, but it is missing"),
            (#"[{"op":1,"path":""}]"#, "[0].op: expected a string, found a number"),
            (#"[{"op":"add"}]"#, "[0].path: expected a string, but it is missing"),
            (#"[{"op":"add","path":null,"value":1}]"#, "[0].path: expected a string, found null"),
            (#"[{"op":"add","path":"a","value":1}]"#, "[0].path: expected a JSON pointer, such as /rooms/0/name"),
            (#"[{"op":"add","path":"/a~","value":1}]"#, "[0].path: expected a JSON pointer, such as /rooms/0/name"),
            (#"[{"op":"add","path":"/a~2","value":1}]"#, "[0].path: expected a JSON pointer, such as /rooms/0/name"),
            (#"[{"op":"add","path":"/a"}]"#, "[0].value: expected a value, but it is missing"),
            (#"[{"op":"replace","path":"/a"}]"#, "[0].value: expected a value, but it is missing"),
            (#"[{"op":"test","path":"/a"}]"#, "[0].value: expected a value, but it is missing"),
            (#"[{"op":"move","path":"/a"}]"#, "[0].from: expected a string, but it is missing"),
            (#"[{"op":"copy","path":"/a","from":"b"}]"#, "[0].from: expected a JSON pointer, such as /rooms/0/name"),
            (
                #"[{"op":"Add","path":"/a","value":1}]"#,
                "[0].op: unknown operation \"Add\"; accepted: add, remove, replace, move, copy, test"
            ),
            (
                #"[{"op":"remove","path":"/a"},{"op":"spam","path":"/a"}]"#,
                "[1].op: unknown operation \"spam\"; accepted: add, remove, replace, move, copy, test"
            ),
        ])
    func noPatch(_ patch: String, _ message: String) throws {
        #expect(try error("{\"a\":1}", patch) == message)
    }

    // MARK: Limits

    @Test("A patch may have so many operations and no more")
    func operations() throws {
        func patch(_ count: Int) -> String {
            "[" + Array(repeating: #"{"op":"test","path":"","value":1}"#, count: count).joined(separator: ",") + "]"
        }
        #expect(try error("1", patch(JSONPatch.maxOperations)) == nil)
        #expect(try error("1", patch(JSONPatch.maxOperations + 1)) == "expected at most 10000 operations, found 10001")
    }

    @Test("The result may be so long and no longer")
    func length() throws {
        let patch = #"[{"op":"add","path":"/b","value":"xyz"}]"#
        #expect(try patched("{\"a\":1}", patch, maxBytes: 17) == "{\"a\":1,\"b\":\"xyz\"}")
        #expect(try error("{\"a\":1}", patch, maxBytes: 16) == "the result is longer than 16 bytes")
        #expect(try error("[1]", "[]", maxBytes: 2) == "the result is longer than 2 bytes")
    }

    @Test("Nesting stays within what the reader reads again")
    func nesting() throws {
        let most = JSONReader.maxDepth
        func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
        let result = try patched("[]", "[{\"op\":\"add\",\"path\":\"/0\",\"value\":\(nested(most - 3))}]")
        #expect(result == nested(most - 2))
        #expect(
            try patched(nested(most), "[{\"op\":\"add\",\"path\":\"\(String(repeating: "/0", count: most - 1))/-\",\"value\":1}]").utf8.count == 2
                * most + 1)
        #expect(
            try error(nested(most), "[{\"op\":\"add\",\"path\":\"\(String(repeating: "/0", count: most - 1))/-\",\"value\":[]}]")?
                .hasSuffix("nested deeper than 128 levels") == true)
        let replacing = try error(
            nested(2),
            "[{\"op\":\"copy\",\"from\":\"\",\"path\":\"/0/-\"}" + String(repeating: ",{\"op\":\"copy\",\"from\":\"\",\"path\":\"/0/-\"}", count: 70)
                + "]")
        #expect(replacing?.hasSuffix("nested deeper than 128 levels") == true || replacing?.hasSuffix("the patch takes too much work") == true)
    }

    @Test("A patch that multiplies a document is given up")
    func multiplying() throws {
        // Each copy doubles the document; the values are shared, so only the look at them costs.
        let patch = "[" + Array(repeating: #"{"op":"copy","from":"","path":"/-"}"#, count: 100).joined(separator: ",") + "]"
        let fault = try error("[[1,2,3]]", patch)
        #expect(fault?.contains("the patch takes too much work") == true)
        let twenty = "[" + Array(repeating: #"{"op":"copy","from":"","path":"/-"}"#, count: 12).joined(separator: ",") + "]"
        #expect(try error("[[1,2,3]]", twenty, maxBytes: 5000) == "the result is longer than 5000 bytes")
    }

    @Test("A long array costs what it is long, however often it is changed")
    func work() throws {
        let long = "[" + Array(repeating: "0", count: 50_000).joined(separator: ",") + "]"
        let few = "[" + Array(repeating: #"{"op":"remove","path":"/0"}"#, count: 4).joined(separator: ",") + "]"
        #expect(try patched(long, few).utf8.count == long.utf8.count - 8)
        let many = "[" + Array(repeating: #"{"op":"remove","path":"/0"}"#, count: 6).joined(separator: ",") + "]"
        #expect(try error(long, many) == "[5] (remove \"/0\"): the patch takes too much work")
    }

    // MARK: Against another way of doing it

    @Test("Random changes of a document agree with the same changes of plain values")
    func random() throws {
        var generator = SplitMix64(seed: 7)
        for _ in 0..<300 {
            var plain: [String: [Int]] = ["a": [1, 2], "b": []]
            var operations: [String] = []
            for _ in 0..<Int.random(in: 1...12, using: &generator) {
                let name = ["a", "b", "c"].randomElement(using: &generator) ?? "a"
                let value = Int.random(in: 0...99, using: &generator)
                if var list = plain[name] {
                    switch Int.random(in: 0...3, using: &generator) {
                    case 0:
                        let place = Int.random(in: 0...list.count, using: &generator)
                        list.insert(value, at: place)
                        operations.append("{\"op\":\"add\",\"path\":\"/\(name)/\(place)\",\"value\":\(value)}")
                    case 1 where !list.isEmpty:
                        list.remove(at: 0)
                        operations.append("{\"op\":\"remove\",\"path\":\"/\(name)/0\"}")
                    case 2 where !list.isEmpty:
                        list[list.count - 1] = value
                        operations.append("{\"op\":\"replace\",\"path\":\"/\(name)/\(list.count - 1)\",\"value\":\(value)}")
                    default:
                        list.append(value)
                        operations.append("{\"op\":\"add\",\"path\":\"/\(name)/-\",\"value\":\(value)}")
                    }
                    plain[name] = list
                } else {
                    plain[name] = [value]
                    operations.append("{\"op\":\"add\",\"path\":\"/\(name)\",\"value\":[\(value)]}")
                }
            }
            let result = try JSONReader.parse(ByteBuffer(string: try patched(#"{"a":[1,2],"b":[]}"#, "[\(operations.joined(separator: ","))]")))
            #expect(result.object?.count == plain.count)
            for (name, list) in plain { #expect(result[name]?.array?.compactMap(\.integer) == list) }
        }
    }
}
