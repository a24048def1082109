// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

@Suite struct GripKeyTests {
    @Test(
        arguments: [
            ("changeme", Array("changeme".utf8)), (" ", [0x20]), ("é", [0xC3, 0xA9]), ("e\u{301}", [0x65, 0xCC, 0x81]), ("base64:AP8A", [0, 255, 0]),
            ("base64:AA==", [0]), ("base64:+/+/", [0xFB, 0xFF, 0xBF]), ("Base64:AA==", Array("Base64:AA==".utf8)), ("base64", Array("base64".utf8)),
            ("base64 :AA==", Array("base64 :AA==".utf8)), ("file", Array("file".utf8)), ("FILE:x", Array("FILE:x".utf8)), ("#1", Array("#1".utf8)),
        ] as [(String, [UInt8])])
    func secrets(_ text: String, _ bytes: [UInt8]) throws {
        #expect(try GripKey(text) == .secret(bytes))
    }

    @Test(arguments: [
        ("file:key.pem", "key.pem"), ("file:/etc/key", "/etc/key"), ("file: ", " "), ("file:base64:AA==", "base64:AA=="), ("file:file:x", "file:x"),
        // The combining accent must not glue the colon to what follows.
        ("file:\u{301}x", "\u{301}x"),
    ])
    func files(_ text: String, _ path: String) throws {
        #expect(try GripKey(text) == .file(path))
    }

    @Test(
        arguments: [
            ("", .empty), ("base64:", .empty), ("base64:A", .badBase64), ("base64:AA", .badBase64), ("base64:AA=", .badBase64),
            ("base64:AB==", .badBase64),
            ("base64:AA== ", .badBase64), ("base64: AA==", .badBase64), ("base64:-_-_", .badBase64), ("base64:AA==\n", .badBase64),
            ("base64:====", .badBase64), ("file:", .noPath), ("-----BEGIN PUBLIC KEY-----", .inlinePEM),
            ("\n-----BEGIN EC PRIVATE KEY-----\nAAAA", .inlinePEM),
        ] as [(String, GripKeyError)])
    func faults(_ text: String, _ fault: GripKeyError) {
        #expect(throws: fault) { try GripKey(text) }
        #expect(!fault.description.isEmpty && (text.count < 12 || !fault.description.contains(text)))
    }

    @Test func ruleNamesEachForm() {
        for form in ["secret", "base64:", "file:"] { #expect(GripKey.rule.contains(form)) }
    }

    @Test(arguments: ["tellnobody", "base64:dGVsbG5vYm9keQ=="])
    func secretIsInNoTextOfTheKey(_ text: String) throws {
        let key = try GripKey(text)
        #expect(key == .secret(Array("tellnobody".utf8)))
        #expect(key.description == "(hidden)")
        var dumped = ""
        dump([key], to: &dumped)
        // 116 is the secret's first byte: how a list of numbers would begin.
        for shown in ["\(key)", "\([key])", "\(Optional(key) as Any)", String(reflecting: key), String(reflecting: ["x": key]), dumped] {
            #expect(shown.contains("(hidden)"))
            #expect(!shown.contains("116") && !shown.contains("tell") && !shown.contains("dGVs"))
        }
    }

    @Test func fileShowsItsPath() {
        #expect(GripKey.file("/etc/key.pem").description == "file:/etc/key.pem")
    }

    @Test func keysDifferByKindAndContent() throws {
        #expect(try GripKey("key") == GripKey("base64:a2V5"))
        #expect(try GripKey("key") != GripKey("file:key"))
        #expect(try GripKey("key") != GripKey("kez"))
    }
}
