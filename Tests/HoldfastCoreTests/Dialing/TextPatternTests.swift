// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct TextPatternTests {
    private func isFound(_ pattern: String, in text: String, isWhole: Bool = true) throws -> Bool {
        let pattern = try TextPattern(pattern)
        return Array(text.utf8).withUnsafeBytes { pattern.isFound(in: $0, isWhole: isWhole) }
    }

    @Test(
        "A pattern is found or not",
        arguments: [
            // itself
            ("heartbeat", #"{"type":"heartbeat"}"#, true), ("heartbeat", "heart beat", false), ("a", "", false), ("é🎈", "x é🎈", true),
            ("aab", "aaab", true), ("Ab", "ab", false),
            // any, anchors
            ("a.c", "abc", true), ("a.c", "a\nc", false), ("a.c", "a🎈c", true), ("^a", "ba", false), ("^a", "ab", true), ("a$", "ba", true),
            ("a$", "ab", false), ("a$", "a\n", false), ("^$", "", true), ("^$", "a", false), ("$", "abc", true), ("\\Aa\\z", "a", true),
            ("\\bbeat\\b", "heart beat", true), ("\\bbeat\\b", "heartbeat", false), ("t\\Bb", "heartbeat", true), ("^b", "a\nb", false),
            ("(?m)^b$", "a\nb\nc", true), ("(?m)a$", "a\nb", true),
            // choice and groups
            ("ping|pong", "a pong", true), ("ping|pong", "pang", false), ("^(ping|pong)$", "pong", true), ("p(i|o|)ng", "png", true),
            ("a|", "b", true),
            ("(?:ab)+c", "ababc", true), ("(?<name>a)b", "ab", true), ("(?P<name>a)b", "ab", true), ("()", "", true),
            // quantifiers
            ("ab*c", "ac", true), ("ab*c", "abbbc", true), ("ab+c", "ac", false), ("ab+c", "abbc", true), ("ab?c", "abbc", false),
            ("ab?c", "ac", true),
            ("^a{2}$", "aa", true), ("^a{2}$", "aaa", false), ("^a{2,}$", "aaaa", true), ("^a{2,}$", "a", false), ("^a{1,2}$", "aaa", false),
            ("^a{0}$", "", true), ("a{,2}", "a{,2}", true), ("{\"a\":", "{\"a\":1}", true), ("a{x}", "a{x}", true), ("^(a*)*$", "aaab", false),
            ("^a+?b*?$", "aabb", true), ("(a|b)*c", "ababc", true), ("(){1000}", "", true), ("((a?){10}){10}", "", true), ("(\\b){3}x", "x", true),
            // classes
            ("[abc]", "xxb", true), ("[^abc]", "abc", false), ("[^abc]", "abcd", true), ("[a-c]x", "bx", true), ("[a-c]x", "dx", false),
            ("[]a]", "]", true), ("[^]a]", "]", false), ("[a-]", "-", true), ("[-a]", "-", true), ("[\\]]", "]", true), ("[\\w-]", "-", true),
            ("[\\d.]+x", "1.5x", true), ("^\\d+$", "123", true), ("^\\d+$", "12a", false), ("\\D", "123", false), ("^\\w+$", "a_1", true),
            ("\\W", "a_1", false), ("a\\sb", "a\tb", true), ("\\S", " \t\n", false), ("[[:digit:]]+x", "12x", true), ("[^[:alpha:]]", "abc", false),
            ("[α-ω]", "λ", true), ("[α-ω]", "a", false), ("[^a]", "🎈", true), ("[\\b]", "\u{8}", true),
            // escapes
            ("\\.", "a", false), ("\\.", ".", true), ("\\x41\\u0042\\x{1F388}", "AB🎈", true), ("\\{\"type\":\"ping\"\\}", #"{"type":"ping"}"#, true),
            ("a\\nb\\tc", "a\nb\tc", true), ("\\\\", "\\", true), ("\\\"", "\"", true),
            // flags
            ("(?i)PiNg", "a pInG", true), ("(?i)[a-c]+$", "ABC", true), ("a(?i)b", "aB", true), ("a(?i)b", "AB", false), ("(?i:a)b", "AB", false),
            ("(?i:a)b", "Ab", true), ("((?i)a)b", "AB", false), ("(?s)a.b", "a\nb", true), ("(?si)a.B", "A\nb", true), ("(?i-i)a", "A", false),
            ("(?i)[^a]", "A", false),
        ])
    func found(_ pattern: String, _ text: String, _ expected: Bool) throws {
        #expect(try isFound(pattern, in: text) == expected)
    }

    @Test("Where a text goes on beyond what is looked at, its end is no end")
    func cut() throws {
        #expect(try !isFound("a$", in: "a", isWhole: false))
        #expect(try !isFound("(?m)a$", in: "a", isWhole: false))
        #expect(try isFound("(?m)a$", in: "a\n", isWhole: false))
        #expect(try isFound("a", in: "a", isWhole: false))
    }

    @Test("A scalar that is cut off at the end is left out")
    func cutScalar() throws {
        let balloon = Array("a🎈".utf8)
        for length in 2..<balloon.count {
            let any = try TextPattern("a.")
            #expect(!balloon.prefix(length).withUnsafeBytes { any.isFound(in: $0, isWhole: false) }, "\(length)")
        }
    }

    @Test(
        "What is wrong is told with its place",
        arguments: [
            ("", "expected 1 to 500 bytes"), (String(repeating: "a", count: 501), "expected 1 to 500 bytes"),
            ("a(", "a ( without its ), at character 2"), ("a(b", "a ( without its ), at character 2"), ("a)", "a ) without its (, at character 2"),
            ("(?i", "a ( without its ), at character 1"), ("[a", "a [ without its ], at character 1"), ("[]", "a [ without its ], at character 1"),
            ("[^]", "a [ without its ], at character 1"), ("a[b-a]", "not a range, at character 3"), ("[\\d-z]", "not a range, at character 2"),
            ("*a", "* has nothing in front of it to repeat, at character 1"), ("a|+", "+ has nothing in front of it to repeat, at character 3"),
            ("a**", "a second quantifier, at character 3"), ("a{2}{3}", "a second quantifier, at character 2"),
            ("a+{2}", "a second quantifier, at character 2"), ("a???", "a second quantifier, at character 4"),
            ("a{2,1}", "fewer repetitions at most than at least, at character 2"), ("a{1001}", "more than 1000 repetitions, at character 2"),
            ("a{99999999999999999999}", "more than 1000 repetitions, at character 2"), ("\\", "a \\ at the end, at character 1"),
            ("[\\", "a \\ at the end, at character 2"), ("\\q", "unknown escape \\q, at character 1"), ("\\pL", "unknown escape \\p, at character 1"),
            ("(a)\\1", "\\1 would be what a group matched before, which is not possible, at character 4"),
            ("(?=a)", "looking ahead or behind is not possible, at character 1"),
            ("(?!a)", "looking ahead or behind is not possible, at character 1"),
            ("(?<=a)", "looking ahead or behind is not possible, at character 1"),
            ("(?<!a)", "looking ahead or behind is not possible, at character 1"),
            ("(?P=a)", "expected (?P<name>…), at character 1"), ("(?<a", "a group's name without its >, at character 1"),
            ("(?x)a", "unknown flag x; there are i, m and s, at character 1"), ("(?i--s)a", "unknown flag -; there are i, m and s, at character 1"),
            ("\\x4", "expected \\x7F, \\u007F or \\x{1F600}, at character 1"), ("\\x{}", "expected \\x7F, \\u007F or \\x{1F600}, at character 1"),
            ("\\x{41", "expected \\x7F, \\u007F or \\x{1F600}, at character 1"), ("\\ud800", "expected \\x7F, \\u007F or \\x{1F600}, at character 1"),
            ("\\x{110000}", "expected \\x7F, \\u007F or \\x{1F600}, at character 1"),
            (
                "[[:vowel:]]",
                "unknown class; there are [:alpha:], [:digit:], [:alnum:], [:upper:], [:lower:], [:space:], [:blank:], [:punct:], [:xdigit:], [:word:], "
                    + "at character 2"
            ),
            ("(a{100}){100}", "too large: it needs more than 1000 steps"), ("((a{1000}){1000}){1000}", "too large: it needs more than 1000 steps"),
            (String(repeating: "(", count: 51) + String(repeating: ")", count: 51), "more than 50 groups within each other, at character 51"),
        ])
    func faults(_ pattern: String, _ message: String) {
        let error = #expect(throws: TextPatternError.self) { try TextPattern(pattern) }
        #expect(error?.description == message)
    }

    @Test(
        "No pattern makes the work grow with more than the text's length",
        arguments: ["^(a+)+$", "^(a|a)*$", "^(a|aa)+$", "(.*)(.*)(.*)(.*)x", "(a*)*b"])
    func catastrophic(_ pattern: String) throws {
        let clock = ContinuousClock()
        let start = clock.now
        #expect(try !isFound(pattern, in: String(repeating: "a", count: TextFilter.maxTextBytes - 1) + "!"))
        #expect(clock.now - start < .seconds(5), "a backtracking search would not end")
    }

    /// Random patterns and texts of a small alphabet, compared with Swift's own regular expressions.
    @Test("It agrees with another implementation", arguments: 0..<UInt64(8))
    func agreement(_ seed: UInt64) throws {
        var random = QuickRandom(seed: seed)
        for _ in 0..<300 {
            let text = Self.pattern(depth: 3, using: &random)
            guard let pattern = try? TextPattern(text), let reference = try? Regex(text).matchingSemantics(.unicodeScalar).wordBoundaryKind(.simple)
            else { continue }
            for _ in 0..<5 {
                let sample = String((0..<Int.random(in: 0...6, using: &random)).map { _ in "ab\n".randomElement(using: &random) ?? "a" })
                let found = Array(sample.utf8).withUnsafeBytes { pattern.isFound(in: $0) }
                let isExpected = try reference.firstMatch(in: sample) != nil
                #expect(found == isExpected, "\(text.debugDescription) in \(sample.debugDescription)")
            }
        }
    }

    private static func pattern(depth: Int, using random: inout QuickRandom) -> String {
        guard depth > 0 else { return ["a", "b", ".", "[^a]", "[ab]", "\\w", "\\s", "\\b", "^", "\\z"].randomElement(using: &random) ?? "a" }
        let one = pattern(depth: depth - 1, using: &random)
        let other = pattern(depth: depth - 1, using: &random)
        switch Int.random(in: 0..<7, using: &random) {
        case 0: return "(?:\(one))*"
        case 1: return "(\(one))?"
        case 2: return "(?:\(one)){1,2}"
        case 3: return "(\(one)|\(other))"
        case 4: return "(?:\(one))+"
        default: return one + other
        }
    }
}
