// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import Testing

struct ExpositionWriterTests {
    private func written(_ write: (inout ExpositionWriter) -> Void) -> String {
        var writer = ExpositionWriter()
        write(&writer)
        return writer.text
    }

    @Test(
        "A family begins with its help and its type",
        arguments: [("counter", ExpositionWriter.Kind.counter), ("gauge", .gauge), ("histogram", .histogram)])
    func family(_ name: String, _ kind: ExpositionWriter.Kind) {
        #expect(written { $0.family("up", kind, help: "Whether it is up.") } == "# HELP up Whether it is up.\n# TYPE up \(name)\n")
    }

    @Test("Samples belong to the family that was begun last")
    func samples() {
        let text = written {
            $0.family("a_total", .counter, help: "A.")
            $0.sample([], 3)
            $0.sample([("route", "chat")], 4)
            $0.family("b", .gauge, help: "B.")
            $0.sample([("route", "chat"), ("kind", "text")], 0.5)
        }
        #expect(
            text == """
                # HELP a_total A.
                # TYPE a_total counter
                a_total 3
                a_total{route="chat"} 4
                # HELP b B.
                # TYPE b gauge
                b{route="chat",kind="text"} 0.5

                """)
    }

    @Test("Nothing written is nothing")
    func empty() { #expect(written { _ in } == "") }

    @Test(
        "Numbers are as short as they are exact",
        arguments: [
            (0, "0"), (-0.0, "0"), (1, "1"), (-1, "-1"), (0.1, "0.1"), (0.005, "0.005"), (1.5, "1.5"), (123_456_789, "123456789"),
            (999_999_999_999_999, "999999999999999"), (1e15, "1000000000000000.0"), (1e16, "1e+16"), (1e300, "1e+300"),
            (0.1 + 0.2, "0.30000000000000004"), (1e-7, "1e-07"),
        ] as [(Double, String)])
    func numbers(_ value: Double, _ expected: String) {
        #expect(written { $0.sample([], value) } == " \(expected)\n")
        #expect(Double(expected) == value)
    }

    @Test(
        "What is no finite number is written so that Prometheus reads it", arguments: [(Double.nan, "nan"), (.infinity, "inf"), (-.infinity, "-inf")])
    func notFinite(_ value: Double, _ expected: String) { #expect(written { $0.sample([], value) } == " \(expected)\n") }

    @Test(
        "In a label's value the backslash, the quote and the line feed are escaped, and nothing else",
        arguments: [
            ("plain", "plain"), ("a\\b", "a\\\\b"), ("a\"b", "a\\\"b"), ("a\nb", "a\\nb"), ("\\n", "\\\\n"), ("\r\n", "\r\\n"), ("é{}=,", "é{}=,"),
            ("", ""),
            ("e\u{301}\"\u{301}", "e\u{301}\\\"\u{301}"),
        ] as [(Raw, Raw)])
    func escapes(_ value: Raw, _ expected: Raw) {
        let text = written { $0.sample([("l", value.text)], 1) }
        #expect(Array(text.utf8) == ("{l=\"" + expected + "\"} 1\n").bytes)
    }

    @Test("In a help text the backslash and the line feed are escaped, so that it stays one line")
    func help() {
        #expect(written { $0.family("a", .gauge, help: "C:\\temp\nand \"more\"") } == "# HELP a C:\\\\temp\\nand \"more\"\n# TYPE a gauge\n")
    }

    @Test("A histogram's buckets add up, and end with one for everything")
    func histogram() {
        let text = written {
            $0.family("seconds", .histogram, help: "S.")
            $0.histogram([("route", "chat")], bounds: [0.005, 0.1, 1], counts: [2, 0, 3, 1], sum: 7.25)
        }
        #expect(
            text == """
                # HELP seconds S.
                # TYPE seconds histogram
                seconds_bucket{route="chat",le="0.005"} 2
                seconds_bucket{route="chat",le="0.1"} 2
                seconds_bucket{route="chat",le="1"} 5
                seconds_bucket{route="chat",le="+Inf"} 6
                seconds_sum{route="chat"} 7.25
                seconds_count{route="chat"} 6

                """)
    }

    @Test("A histogram without labels or bounds has one bucket")
    func bareHistogram() {
        let text = written {
            $0.family("s", .histogram, help: "S.")
            $0.histogram(bounds: [], counts: [4], sum: 2)
        }
        #expect(text.hasSuffix("s_bucket{le=\"+Inf\"} 4\ns_sum 2\ns_count 4\n"))
    }
}
