// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

@testable import holdfast

@Suite("The lines of a routes file") struct PushpinRoutesTests {
    private typealias Property = PushpinRoutes.Property
    private typealias Section = PushpinRoutes.Section

    private func line(_ text: String) throws -> PushpinRoutes.Line {
        let routes = try PushpinRoutes.parse(text, file: "routes")
        return try #require(routes.lines.first)
    }

    @Test func aConditionAndItsTargetsHaveProperties() throws {
        let line = try line("example.com,path_beg=/a,debug app:8000,over_http,sub=x [::1]:9000")
        #expect(
            line.condition
                == Section(value: "example.com", properties: [Property(name: "path_beg", value: "/a"), Property(name: "debug", value: "")]))
        #expect(
            line.targets == [
                Section(value: "app:8000", properties: [Property(name: "over_http", value: ""), Property(name: "sub", value: "x")]),
                Section(value: "[::1]:9000", properties: []),
            ])
    }

    @Test func emptyLinesAndCommentsAreSkippedAndLinesKeepTheirNumbers() throws {
        let routes = try PushpinRoutes.parse("\u{FEFF}# routes\r\n\r\n  # indented\n* a:1\r\n\t\n* b:2 # the rest\n", file: "routes")
        #expect(routes.lines.map(\.number) == [4, 6])
        #expect(routes.lines.map { $0.targets.map(\.value) } == [["a:1"], ["b:2"]])
    }

    @Test(arguments: ["  *   a:1  ", "*\ta:1", "* a:1#comment", "* a:1 #comment", "\"*\" \"a:1\"", "* a\":\"1"])
    func blanksQuotesAndCommentsDoNotChangeALine(text: String) throws {
        let line = try line(text)
        #expect(line.condition.value == "*")
        #expect(line.targets.map(\.value) == ["a:1"])
    }

    @Test(arguments: [
        (#"header="X: a, \"b\" # \\ c""#, "header", #"X: a, "b" # \ c"#), (#"header=X:"a b"c"#, "header", "X:a bc"),
        ("sig_key=a=b", "sig_key", "a=b"),
        (#"sig_key="""#, "sig_key", ""), ("debug", "debug", ""), ("header=Ключ: é", "header", "Ключ:"),
    ])
    func valuesAreTakenOutOfTheirQuotes(text: String, name: String, value: String) throws {
        // The last one stands unquoted, so the blank ends it; what follows is then a target.
        #expect(try line("*,\(text) a:1").condition.properties == [Property(name: name, value: value)])
    }

    @Test(arguments: [",id=x a:1", "id=x a:1", "\"\",id=x a:1"])
    func aConditionMayBeginWithItsProperties(text: String) throws {
        #expect(try line(text).condition == Section(value: "", properties: [Property(name: "id", value: "x")]))
    }

    @Test func theLastOfAPropertyCountsAndNoneIsNotEmpty() throws {
        let section = try line("*,prefix=a,prefix=b,id= a:1").condition
        #expect(section.text("prefix") == "b")
        #expect(section.texts("prefix") == ["a", "b"])
        #expect(section.text("id") == nil)
        #expect(section.has("id"))
        #expect(!section.has("debug"))
    }

    @Test(arguments: [
        ("*", "expected a condition and a target, such as * localhost:8000"),
        ("path_beg=/x", "expected a condition and a target, such as * localhost:8000"),
        ("*, a:1", "expected a property after the comma, such as path_beg=/api"),
        ("* a:1,", "expected a property after the comma, such as path_beg=/api"),
        ("*,,debug a:1", "expected a property after the comma, such as path_beg=/api"),
        ("*,=x a:1", "a property without a name before its ="),
        ("* a:1,sub=\"x", "a quotation mark that is not closed"),
        ("* a:1,sub=\"x\\", #"in quotes only " and \ may follow a \"#),
        ("* a:1,sub=\"x\\n\"", #"in quotes only " and \ may follow a \"#),
    ])
    func whatIsNoRouteIsToldWithItsLine(text: String, message: String) {
        let found = faults { _ = try PushpinRoutes.parse("# one\n\(text)\n", file: "my/routes") }
        #expect(found.map(\.description) == ["my/routes:2: \(message)"])
    }

    @Test func allWrongLinesAreToldAtOnce() {
        let found = faults { _ = try PushpinRoutes.parse("*\n* a:1\n*,= a:1\n", file: "routes") }
        #expect(found.map(\.source) == [.file("routes", line: 1), .file("routes", line: 3)])
    }
}
