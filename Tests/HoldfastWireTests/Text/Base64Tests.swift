// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore
import Testing

struct Base64Tests {
    @Test(
        "The vectors of RFC 4648 hold in both directions",
        arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy")])
    func vectors(_ plain: String, _ encoded: String) {
        let bare = encoded.filter { $0 != "=" }
        #expect(Base64.encode(plain.utf8) == encoded)
        #expect(Base64.encode(plain.utf8, urlSafe: true) == bare)
        #expect(Base64.decode(encoded) == ByteBuffer(string: plain))
        #expect(Base64.decode(bare, urlSafe: true) == ByteBuffer(string: plain))
    }

    @Test("The alphabets differ in two characters")
    func alphabets() {
        let bytes: [UInt8] = [0xFB, 0xFF, 0xBF]
        #expect(Base64.encode(bytes) == "+/+/")
        #expect(Base64.encode(bytes, urlSafe: true) == "-_-_")
        #expect(Base64.decode("+/+/")?.bytes == bytes)
        #expect(Base64.decode("-_-_", urlSafe: true)?.bytes == bytes)
        #expect(Base64.decode("-_-_") == nil)
        #expect(Base64.decode("+/+/", urlSafe: true) == nil)
    }

    @Test("All 64 characters stand for their values")
    func values() {
        for (value, letter) in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".enumerated() {
            #expect(Base64.decode("\(letter)A==")?.bytes == [UInt8(value << 2)])
            #expect(Base64.encode([UInt8(value << 2)]) == "\(letter)A==")
        }
    }

    @Test("All lengths come back as they went in", arguments: 0...10)
    func roundTrip(_ count: Int) {
        for seed in 0..<50 {
            var random = SplitMix64(seed: UInt64(seed))
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            let standard = Base64.encode(bytes)
            let bare = Base64.encode(bytes, urlSafe: true)
            #expect(standard.utf8.count == (count + 2) / 3 * 4)
            #expect(bare.utf8.count == (count * 4 + 2) / 3)
            #expect(Base64.decode(standard)?.bytes == bytes)
            #expect(Base64.decode(bare, urlSafe: true)?.bytes == bytes)
        }
    }

    @Test("Text is appended to what the buffer holds")
    func appends() {
        var buffer = ByteBuffer(string: "key: ")
        [UInt8]("foob".utf8).withUnsafeBytes { Base64.encode($0, into: &buffer) }
        [UInt8]("f".utf8).withUnsafeBytes { Base64.encode($0, into: &buffer, urlSafe: true) }
        [UInt8]().withUnsafeBytes { Base64.encode($0, into: &buffer) }
        #expect(String(buffer: buffer) == "key: Zm9vYg==Zg")
    }

    @Test(
        "Wrong padding is refused",
        arguments: [
            "=", "==", "===", "====", "Z", "Zg", "Zg=", "Zg===", "Zm8", "Zm8==", "Z===", "Zm9v=", "Zm9v==", "Zm9v====", "Zg==Zg==", "Z=g=", "=Zg=",
            "Zm=v",
            "Zm9vYg", "Zm9vYmE", "A==A",
        ])
    func padding(_ text: String) { #expect(Base64.decode(text) == nil) }

    @Test(
        "The URL-safe alphabet has no padding, and no length that is one above a multiple of four",
        arguments: ["Zg==", "Zm8=", "Z", "Zm9vY", "=", "Zg="])
    func bare(_ text: String) { #expect(Base64.decode(text, urlSafe: true) == nil) }

    @Test(
        "Unused bits must be zero", arguments: [("Zg==", true), ("Zh==", false), ("Zv==", false), ("Zm8=", true), ("Zm9=", false), ("Zm/=", false)])
    func unusedBits(_ text: String, _ isValid: Bool) {
        #expect((Base64.decode(text) != nil) == isValid)
        let bare = text.filter { $0 != "=" }.replacing("/", with: "_")
        #expect((Base64.decode(bare, urlSafe: true) != nil) == isValid)
    }

    @Test("No byte outside the alphabet passes, at any place")
    func foreign() {
        let letters = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        for byte in (UInt8.min...0x7F) where !letters.contains(byte) {
            for place in 0..<8 {
                var text = Array("Zm9vYmFy".utf8)
                text[place] = byte
                // At the end, a padding character is in its place.
                if byte == UInt8(ascii: "="), place == 7 { continue }
                #expect(Base64.decode(String(decoding: text, as: UTF8.self)) == nil, "byte \(byte) at \(place)")
            }
        }
        for text in ["Zm9v Zm8=", "Zm9v\nZm8=", "Zm9é", "Zm9v\0\0\0\0"] { #expect(Base64.decode(text) == nil) }
    }
}
