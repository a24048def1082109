// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastBrokers
import NIOCore

/// What a Redis server says, or who stands in its place.
///
/// Never a crash. Never other frames or another error because the network cut the bytes elsewhere. What is read, written as a server writes it,
/// reads the same.
enum RESP {
    static let target = FuzzTarget(name: "RESP", maxLength: 1024) { input in
        var input = input
        let pieces = input.pieces()
        let whole = Reading([Array(pieces.joined())[...]])
        let cut = Reading(pieces)
        claim(whole == cut, "whole \(whole), in pieces \(cut)")
        claim(whole.error?.reason.utf8.count ?? 0 < 200 && isLine(whole.error?.reason ?? ""), "\(whole)")
        var bytes: [UInt8] = []
        for frame in whole.frames { write(frame, to: &bytes) }
        let again = Reading([bytes[...]])
        claim(again.frames == whole.frames && again.error == nil, "\(whole) is written as \(shown(bytes)), which is \(again)")
    }

    private struct Reading: Equatable {
        var frames: [RESPFrame] = []
        var error: BusFailure?

        init(_ pieces: [ArraySlice<UInt8>]) {
            var reader = RESPReader()
            do throws(BusFailure) {
                for piece in pieces {
                    reader.append(.amid(piece, noise: "\r\n+OK\r\n"))
                    while let frame = try reader.next() { frames.append(frame) }
                }
            } catch {
                self.error = error
            }
        }
    }

    private static func write(_ frame: RESPFrame, to bytes: inout [UInt8]) {
        switch frame {
        case .message(let channel, let payload):
            write(.push([.bytes(ByteBuffer(string: "message")), .bytes(ByteBuffer(string: channel)), .bytes(payload)]), to: &bytes)
        case .value(let value): write(value, to: &bytes)
        }
    }

    private static func write(_ value: RESPValue, to bytes: inout [UInt8]) {
        func line(_ kind: String, _ text: String) { bytes += Array((kind + text + "\r\n").utf8) }
        func bulk(_ kind: String, _ content: some Collection<UInt8>) {
            line(kind, "\(content.count)")
            bytes += Array(content) + [0x0D, 0x0A]
        }
        func all(_ kind: String, _ values: [RESPValue], count: Int) {
            line(kind, "\(count)")
            for value in values { write(value, to: &bytes) }
        }
        switch value {
        case .null: line("_", "")
        case .bool(let value): line("#", value ? "t" : "f")
        case .number(let value): line(":", "\(value)")
        case .word(let text): bulk("=", Array("txt:".utf8) + Array(text.utf8))
        case .bytes(let content): bulk("$", content.readableBytesView)
        case .error(let text): bulk("!", text.utf8)
        case .array(let values): all("*", values, count: values.count)
        case .map(let values): all("%", values, count: values.count / 2)
        case .push(let values): all(">", values, count: values.count)
        }
    }
}
