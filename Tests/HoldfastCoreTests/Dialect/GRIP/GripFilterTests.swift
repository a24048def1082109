// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore
import Testing

struct GripFilterTests {
    private typealias Reason = GripFilterOutcome.Reason

    private func outcome(
        _ filters: [GripFilter], contentFilters: [String]? = nil, meta: [String: String] = [:], channels: Set<String> = [],
        ids: [String: String] = [:],
        publication: [String: String] = [:], _ content: String = "x", maxBytes: Int = 1000
    ) -> GripFilterOutcome {
        GripFilter.outcome(
            of: filters, contentFilters: contentFilters, meta: meta, isMember: { channels.contains($0) }, previousID: { ids[$0] },
            publicationMeta: publication, content: ByteBuffer(string: content), maxBytes: maxBytes)
    }

    private func pass(_ text: String) -> GripFilterOutcome { .pass(ByteBuffer(string: text)) }

    // MARK: Names

    @Test("Names are GRIP's; unknown ones are left out, and the order stays")
    func names() {
        #expect(GripFilter.allCases.map(\.rawValue) == ["skip-self", "skip-users", "require-sub", "build-id", "var-subst"])
        #expect(GripFilter.list(["var-subst", "http-check", "", "Skip-Self", "skip-self", "skip-self"]) == [.varSubst, .skipSelf, .skipSelf])
        #expect(GripFilter.list([]).isEmpty)
        #expect(GripFilter.allCases.filter(\.changesContent) == [.buildID, .varSubst])
    }

    @Test("Without filters everything passes, whatever the meta")
    func noFilters() {
        let meta = ["user": "alice", "sender": "alice", "skip_users": "alice", "require_sub": "none"]
        #expect(outcome([], meta: meta, publication: meta, "50 % %(user)s %I") == pass("50 % %(user)s %I"))
    }

    // MARK: Who gets it

    @Test(
        "skip-self keeps a publication from its sender",
        arguments: [
            ("alice", "alice", true), ("alice", "bob", false), ("alice", "Alice", false), ("alice", nil, false), (nil, "alice", false),
            (nil, nil, false), ("", "", false), ("", nil, false), ("alice", "", false),
            // Equal to Swift, but not to others.
            ("\u{E9}", "e\u{301}", false), ("\u{E9}", "\u{E9}", true),
        ] as [(String?, String?, Bool)])
    func skipSelf(_ user: String?, _ sender: String?, _ isDropped: Bool) {
        var meta: [String: String] = [:]
        var publication = ["skip_users": "alice"]
        meta["user"] = user
        publication["sender"] = sender
        #expect(outcome([.skipSelf], meta: meta, publication: publication) == (isDropped ? .drop(.unwanted(.skipSelf)) : pass("x")))
    }

    @Test(
        "skip-users keeps a publication from those in a list",
        arguments: [
            ("alice", "alice", true), ("alice", "bob,alice", true), ("alice", " bob ,\talice , eve", true), ("alice", "alice2,ali,ce", false),
            ("alice", "", false), ("alice", ",, ,", false), ("alice", nil, false), (nil, "alice", false), ("", ",,", false), ("", "", false),
            ("a b", "a b", true), ("alice", "bob\nalice", false),
        ] as [(String?, String?, Bool)])
    func skipUsers(_ user: String?, _ skipped: String?, _ isDropped: Bool) {
        var meta: [String: String] = [:]
        var publication = ["sender": "alice"]
        meta["user"] = user
        publication["skip_users"] = skipped
        #expect(outcome([.skipUsers], meta: meta, publication: publication) == (isDropped ? .drop(.unwanted(.skipUsers)) : pass("x")))
    }

    @Test(
        "require-sub keeps a publication from those who are not on a second channel",
        arguments: [("a", false), ("b", true), ("", false), (nil, false), ("a,b", true)] as [(String?, Bool)])
    func requireSub(_ channel: String?, _ isDropped: Bool) {
        var publication: [String: String] = [:]
        publication["require_sub"] = channel
        #expect(
            outcome([.requireSub], channels: ["a", "c"], publication: publication) == (isDropped ? .drop(.unwanted(.requireSub)) : pass("x")))
    }

    // MARK: Variables

    @Test(
        "var-subst puts the connection's meta into the content",
        arguments: [
            ("hello %(user)s", "hello alice"), ("%(user)s", "alice"), ("%(user)s%(user)s!", "alicealice!"), ("a%(none)sb", "ab"),
            ("100 %% of %(user)s", "100 % of alice"), ("%%(user)s", "%(user)s"), ("%%%(user)s", "%alice"), ("plain", "plain"), ("", ""),
            // A backslash takes a character as it is.
            (#"%(a\)b)s"#, "bracket"), (#"%(a\\b)s"#, "backslash"), (#"%(us\er)s"#, "alice"), ("%((a)s", "opening"),
            // What is put in is not looked at again, nor is text that only looks like it.
            ("%(trap)s", "%(user)s"), ("(user)s", "(user)s"), ("\u{0} %(é)s", "\u{0} ü"),
        ])
    func varSubst(_ content: String, _ expected: String) {
        let meta = ["user": "alice", "none": "", "a)b": "bracket", #"a\b"#: "backslash", "(a": "opening", "trap": "%(user)s", "é": "ü"]
        #expect(outcome([.varSubst], meta: meta, content) == pass(expected))
    }

    @Test(
        "What cannot be put in drops the publication, and the reason says why",
        arguments: [
            ("%(eve)s", #"no value for "eve" at byte 0"#), ("hello %(eve)s", #"no value for "eve" at byte 6"#), ("%s", "%s without a name at byte 0"),
            ("%()s", "%s without a name at byte 0"), ("%", "the directive at byte 0 has no end"), ("100 %", "the directive at byte 4 has no end"),
            ("%(", "the directive at byte 0 has no end"), ("%(user", "the directive at byte 0 has no end"),
            ("%(user)", "the directive at byte 0 has no end"), (#"%(user\)s"#, "the directive at byte 0 has no end"),
            (#"%(user\"#, "the directive at byte 0 has no end"), ("100 % of", "unknown directive (byte 32) at byte 4"),
            ("%(user)d", "unknown directive 'd' at byte 0"), ("%I", "unknown directive 'I' at byte 0"),
            ("%(user)%", "unknown directive '%' at byte 0"),
            ("%1", "unknown directive '1' at byte 0"), ("%é", "unknown directive (byte 195) at byte 0"),
            ("%(user)s %(eve)s", #"no value for "eve" at byte 9"#),
        ])
    func varSubstFaults(_ content: String, _ why: String) {
        let dropped = outcome([.varSubst], meta: ["user": "alice"], content)
        #expect(dropped == .drop(.failed(.varSubst, why)))
        guard case .drop(let reason) = dropped else { return }
        #expect(reason.description == "var-subst: \(why)")
    }

    // MARK: Ids

    @Test(
        "build-id puts ids into the content",
        arguments: [
            ("The id is %I.", [:], "The id is C3PO."), ("%I", ["id_encoding": "hex"], "4333504f"), ("%(R2D2)I", [:], "R2D2"),
            ("%(R2D2)I", ["id_encoding": "hex"], "52324432"), ("%()I", [:], "C3PO"), ("%% %I%%", [:], "% C3PO%"), ("plain", [:], "plain"),
            (#"%(a\)b)I"#, [:], "a)b"),
            // The format has places of its own, for the last ids of channels.
            ("%I", ["id_format": "%(a)s-%(b)s%%"], "7-8%"), ("%I", ["id_format": "é%(a)s", "id_encoding": "hex"], "c3a937"),
            ("%I", ["id_format": ""], ""),
        ] as [(String, [String: String], String)])
    func buildID(_ content: String, _ meta: [String: String], _ expected: String) {
        let meta = ["id_format": "C3PO"].merging(meta) { $1 }
        #expect(outcome([.buildID], meta: meta, ids: ["a": "7", "b": "8"], content) == pass(expected))
    }

    @Test(
        "An id that cannot be made drops the publication, even one without a place for it",
        arguments: [
            ([:], "%I", "the connection's meta has no id_format"), ([:], "plain", "the connection's meta has no id_format"),
            (["id_format": "x", "id_encoding": "base64"], "plain", #"the connection's meta has the id_encoding "base64"; accepted: hex"#),
            (["id_format": "x", "id_encoding": ""], "%I", #"the connection's meta has the id_encoding ""; accepted: hex"#),
            (["id_format": "at %(c)s"], "plain", #"no value for "c" at byte 3"#), (["id_format": "%I"], "%I", "unknown directive 'I' at byte 0"),
            (["id_format": "%"], "plain", "the directive at byte 0 has no end"), (["id_format": "x"], "a%(b)s", "unknown directive 's' at byte 1"),
            (["id_format": "x"], "a%i", "unknown directive 'i' at byte 1"), (["id_format": "x"], "%(", "the directive at byte 0 has no end"),
        ] as [([String: String], String, String)])
    func buildIDFaults(_ meta: [String: String], _ content: String, _ why: String) {
        #expect(outcome([.buildID], meta: meta, ids: ["a": "7"], content) == .drop(.failed(.buildID, why)))
    }

    @Test("Without a way to the channels' last ids there are none")
    func noIDs() {
        let made = GripFilter.outcome(
            of: [.buildID], meta: ["id_format": "%(a)s"], isMember: { _ in true }, publicationMeta: [:], content: ByteBuffer(string: "%I"),
            maxBytes: 10)
        #expect(made == .drop(.failed(.buildID, #"no value for "a" at byte 0"#)))
    }

    // MARK: Several

    @Test("Filters run in their order, and the first that drops ends it")
    func order() {
        let meta = ["user": "alice", "id_format": "%%(user)s"]
        #expect(outcome([.skipSelf, .varSubst], meta: meta, publication: ["sender": "bob"], "hello %(user)s") == pass("hello alice"))
        #expect(outcome([.varSubst, .skipSelf], meta: meta, publication: ["sender": "alice"], "%(user)s") == .drop(.unwanted(.skipSelf)))
        #expect(outcome([.skipSelf, .varSubst], meta: meta, publication: ["sender": "alice"], "%(eve)s") == .drop(.unwanted(.skipSelf)))
        #expect(
            outcome([.varSubst, .skipSelf], meta: meta, publication: ["sender": "alice"], "%(eve)s")
                == .drop(.failed(.varSubst, #"no value for "eve" at byte 0"#)))
        // What one makes, the next one reads.
        #expect(outcome([.buildID, .varSubst], meta: meta, "%I") == pass("alice"))
        #expect(outcome([.varSubst, .buildID], meta: meta, "%I") == .drop(.failed(.varSubst, "unknown directive 'I' at byte 0")))
        #expect(outcome([.varSubst, .varSubst], meta: meta, "%%%%") == pass("%"))
    }

    @Test(
        "A publication's content filters must be the subscription's that change content, in order",
        arguments: [
            ([], nil, true), ([.buildID], nil, true), ([], [], true), ([.skipSelf, .requireSub], [], true), ([.buildID], ["build-id"], true),
            ([.skipSelf, .buildID, .skipUsers, .varSubst], ["build-id", "var-subst"], true),
            ([.varSubst, .buildID], ["build-id", "var-subst"], false),
            ([.buildID], [], false), ([], ["build-id"], false), ([.buildID], ["var-subst"], false), ([.buildID], ["build-id", "build-id"], false),
            ([.skipSelf], ["skip-self"], false), ([.buildID], ["build-id", "http-modify"], false), ([], ["http-modify"], false), ([], [""], false),
        ] as [([GripFilter], [String]?, Bool)])
    func contentFilters(_ filters: [GripFilter], _ wanted: [String]?, _ isPassed: Bool) {
        let own = filters.filter(\.changesContent).map(\.rawValue)
        let expected: GripFilterOutcome = isPassed ? pass("x") : .drop(.otherFilters(subscription: own, publication: wanted ?? []))
        #expect(outcome(filters, contentFilters: wanted, meta: ["id_format": "7"]) == expected)
    }

    @Test("Reasons are sentences")
    func reasons() {
        #expect(Reason.unwanted(.skipSelf).description == "skip-self keeps it back")
        #expect(
            Reason.otherFilters(subscription: ["build-id", "var-subst"], publication: []).description
                == "the subscription's content filters are [build-id, var-subst], the publication's []")
    }

    // MARK: Size

    @Test("What becomes too large is dropped, in the text and in its id")
    func size() {
        let why = "more than 10 bytes come out"
        #expect(outcome([.varSubst], meta: ["a": "12345"], "%(a)s%(a)s", maxBytes: 10) == pass("1234512345"))
        #expect(outcome([.varSubst], meta: ["a": "12345"], "%(a)s%(a)s.", maxBytes: 10) == .drop(.failed(.varSubst, why)))
        #expect(outcome([.varSubst], meta: ["a": "12345"], ".%(a)s%(a)s", maxBytes: 10) == .drop(.failed(.varSubst, why + " at byte 6")))
        #expect(
            outcome([.buildID], meta: ["id_format": "123456", "id_encoding": "hex"], "%I", maxBytes: 10)
                == .drop(.failed(.buildID, why + " at byte 0")))
        #expect(
            outcome([.buildID], meta: ["id_format": "%(a)s%(a)s"], ids: ["a": "123456"], "plain", maxBytes: 10)
                == .drop(.failed(.buildID, why + " at byte 5")))
        // One megabyte of places for one megabyte each ends early.
        let long = String(repeating: "x", count: 1 << 20)
        let places = String(repeating: "%(a)s", count: 200_000)
        #expect(
            outcome([.varSubst], meta: ["a": long], places, maxBytes: 2 << 20)
                == .drop(.failed(.varSubst, "more than 2097152 bytes come out at byte 10")))
    }

    @Test(
        "Content in which nothing is replaced is not copied, and only its readable bytes count",
        arguments: [[.varSubst], [.buildID], []] as [[GripFilter]])
    func noCopy(_ filters: [GripFilter]) throws {
        var whole = ByteBuffer(string: "%(eve)s plain %I")
        whole.moveReaderIndex(to: 8)
        whole.moveWriterIndex(to: 13)
        let result = GripFilter.outcome(
            of: filters, meta: ["id_format": "x"], isMember: { _ in false }, publicationMeta: [:], content: whole, maxBytes: 5)
        guard case .pass(let passed) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(String(buffer: passed) == "plain")
        #expect(whole.withUnsafeReadableBytes { $0.baseAddress } == passed.withUnsafeReadableBytes { $0.baseAddress })
    }

    @Test("Places are found where they lie in a buffer that begins elsewhere")
    func amid() {
        var whole = ByteBuffer(string: "%%%% say %(a)s! %")
        whole.moveReaderIndex(to: 5)
        whole.moveWriterIndex(to: 15)
        let result = GripFilter.outcome(
            of: [.varSubst], meta: ["a": "hi"], isMember: { _ in false }, publicationMeta: [:], content: whole, maxBytes: 100)
        #expect(result == pass("say hi!"))
        whole.moveWriterIndex(to: 13)
        #expect(
            GripFilter.outcome(of: [.varSubst], meta: ["a": "hi"], isMember: { _ in false }, publicationMeta: [:], content: whole, maxBytes: 100)
                == .drop(.failed(.varSubst, "the directive at byte 4 has no end")))
    }
}
