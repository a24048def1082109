// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore
import Testing

struct TraceContextTests {
    @Test("A trace that a client began goes on: its id and flags are kept, the span is new", arguments: ["00", "01", "ff"])
    func goesOn(_ flags: String) throws {
        let trace = try #require(TraceContext(traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-\(flags)"))
        #expect(trace.traceparent(span: 0xABCD_EF01_2345_6789) == "00-4bf92f3577b34da6a3ce929d0e0e4736-abcdef0123456789-\(flags)")
    }

    @Test("A new trace is one that others accept, and is not sampled by decree", arguments: 0..<20)
    func new(_ seed: UInt64) throws {
        var generator = QuickRandom(seed: seed)
        let trace = TraceContext(using: &generator)
        let header = trace.traceparent(span: generator.next())
        #expect(TraceContext(traceparent: header) == trace)
        #expect(header.hasPrefix("00-") && header.hasSuffix("-00"))
        #expect(header.utf8.count == 55)
    }

    @Test("Neither the trace nor the span is ever all zero, which the standard forbids")
    func neverZero() {
        struct Zeros: RandomNumberGenerator {
            mutating func next() -> UInt64 { 0 }
        }
        var zeros = Zeros()
        let header = TraceContext(using: &zeros).traceparent(span: 0)
        #expect(header == "00-00000000000000000000000000000001-0000000000000001-00")
        #expect(TraceContext(traceparent: header) != nil)
    }

    @Test("Half of a trace's id may be zero", arguments: ["0000000000000000a3ce929d0e0e4736", "4bf92f3577b34da60000000000000000"])
    func halfZero(_ id: String) {
        #expect(TraceContext(traceparent: "00-\(id)-00f067aa0ba902b7-01")?.traceparent(span: 1) == "00-\(id)-0000000000000001-01")
    }

    @Test(
        "Anything but a header of version 00 is refused",
        arguments: [
            "", "00", "-", "---", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-001",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-00",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "0-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e47366-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b77-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-00F067aa0ba902b7-01",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-+1",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n",
        ])
    func refuses(_ header: String) {
        #expect(TraceContext(traceparent: header) == nil)
    }
}

extension TraceContext {
    /// The header of one request within the trace, as text.
    fileprivate func traceparent(span: UInt64) -> String {
        var text = ByteBuffer(string: "before ")
        write(span: span, into: &text)
        #expect(text.readString(length: 7) == "before " && text.readableBytes == Self.length)
        return String(buffer: text)
    }
}
