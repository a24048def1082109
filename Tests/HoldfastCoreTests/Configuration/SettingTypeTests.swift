// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

struct SettingTypeTests {
    @Test(
        "A whole number lies within its range",
        arguments: [
            ("1", 1), ("10", 10), ("007", 7), ("0", nil), ("11", nil), ("-1", nil), ("", nil), (" 1", nil), ("1 ", nil), ("1.0", nil), ("1e1", nil),
            ("0x1", nil),
            ("one", nil), ("99999999999999999999", nil),
        ] as [(String, Int?)])
    func integer(_ text: String, _ value: Int?) {
        #expect(SettingType.integer(1...10).parse(text) == value)
    }

    @Test("The rule of a number names its range")
    func integerRule() {
        #expect(SettingType.integer(1...10).rule == "expected a whole number from 1 to 10")
        #expect(SettingType.integer(1...Int.max).rule == "expected a whole number from 1 up")
    }

    @Test(
        "A whole number that may be off is one, or off",
        arguments: [
            ("1", .some(1)), ("10", .some(10)), ("007", .some(7)), ("off", .some(nil)), ("false", .some(nil)), ("0", nil), ("11", nil), ("-1", nil),
            ("", nil), ("Off", nil), ("none", nil), ("1.5", nil), ("off ", nil),
        ] as [(String, Int??)])
    func integerOrOff(_ text: String, _ value: Int??) {
        #expect(SettingType.integerOrOff(1...10).parse(text) == value)
        #expect(SettingType.integerOrOff(1...10).rule == "expected a whole number from 1 to 10, or off")
    }

    @Test(
        "A size is a number of bytes, or of larger units",
        arguments: [
            ("1", 1), ("512", 512), ("512B", 512), ("16KiB", 16_384), ("1MiB", 1_048_576), ("1GiB", 1_073_741_824), ("16KB", 16_000),
            ("1MB", 1_000_000),
            ("2GB", 2_000_000_000), ("2147483647", 2_147_483_647), ("2147483648", nil), ("2GiB", nil), ("9999999999999999GiB", nil), ("0", nil),
            ("0KiB", nil),
            ("-1", nil), ("-1KiB", nil), ("", nil), ("KiB", nil), ("B", nil), ("1 KiB", nil), ("1kib", nil), ("1K", nil), ("1.5MiB", nil),
            ("MiB1", nil), ("many", nil),
        ] as [(String, Int?)])
    func bytes(_ text: String, _ value: Int?) {
        #expect(SettingType.bytes().parse(text) == value)
    }

    @Test("A size may have another least value, and a rule that says so")
    func bytesAtLeast() {
        #expect(SettingType.bytes(atLeast: 0).parse("0") == 0)
        #expect(SettingType.bytes(atLeast: 256).parse("256") == 256)
        #expect(SettingType.bytes(atLeast: 256).parse("255") == nil)
        #expect(SettingType.bytes(atLeast: 256).rule == "expected a size such as 512, 16KiB or 1MiB, at least 256 bytes")
        #expect(SettingType.bytes().rule == "expected a size such as 512, 16KiB or 1MiB")
    }

    private static let durations: [(String, Duration?)] = [
        ("250ms", .milliseconds(250)), ("10s", .seconds(10)), ("2m", .seconds(120)), ("1h", .seconds(3600)), ("1.5s", .milliseconds(1500)),
        ("0.5ms", .microseconds(500)), ("0.25h", .seconds(900)), ("87600h", .seconds(315_360_000)), ("10", nil), ("s", nil), ("", nil), ("10 s", nil),
        (" 10s", nil),
        ("10S", nil), ("10sec", nil), ("0s", nil), ("0ms", nil), ("-1s", nil), ("-0s", nil), ("0.0000001ms", nil), ("infs", nil), ("nans", nil),
        ("infinitys", nil),
        ("1000000h", nil), ("99999999999999999999999h", nil), ("1m30s", nil), ("ten s", nil),
    ]

    @Test("A duration is a number with its unit, above zero", arguments: durations)
    func duration(_ text: String, _ value: Duration?) {
        #expect(SettingType.duration.parse(text) == value)
    }

    @Test("A duration that may be off is one, or off", arguments: durations)
    func durationOrOff(_ text: String, _ value: Duration?) {
        #expect(SettingType.durationOrOff.parse(text) == value.map { Optional.some($0) })
    }

    @Test(
        "Off is a value, which false means too: so YAML reads off",
        arguments: [("off", true), ("false", true), ("Off", false), ("no", false), ("none", false), ("0", false)])
    func off(_ text: String, _ isOff: Bool) {
        #expect(SettingType.durationOrOff.parse(text) == (isOff ? .some(.none) : .none))
        #expect(SettingType.duration.parse(text) == nil)
    }

    @Test(
        "A word is one of those that are accepted, exactly",
        arguments: [("close", SlowReaderPolicy.close), ("dropOldest", .dropOldest), ("Close", nil), ("drop", nil), ("", nil), ("close ", nil)]
            as [(String, SlowReaderPolicy?)])
    func word(_ text: String, _ value: SlowReaderPolicy?) {
        #expect(SettingType<SlowReaderPolicy>.word.parse(text) == value)
        #expect(SettingType<SlowReaderPolicy>.word.rule == "expected close, dropOldest, dropNewest")
    }

    @Test("A text is anything but nothing")
    func text() {
        #expect(SettingType.text.parse("a b") == "a b")
        #expect(SettingType.text.parse("") == nil)
    }

    @Test(
        "True and false are written so",
        arguments: [("true", true), ("false", false), ("True", nil), ("yes", nil), ("1", nil), ("", nil)] as [(String, Bool?)])
    func bool(_ text: String, _ value: Bool?) {
        #expect(SettingType.bool.parse(text) == value)
    }
}
