// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastBrokers
import NIOCore

/// What a NATS server says, or who stands in its place.
///
/// Never a crash. Never other frames or another error because the network cut the bytes elsewhere. What is read, written as a server writes it,
/// reads the same.
enum NATS {
    static let target = FuzzTarget(name: "NATS", maxLength: 1024) { input in
        var input = input
        let pieces = input.pieces()
        let whole = Reading([Array(pieces.joined())[...]])
        let cut = Reading(pieces)
        claim(whole == cut, "whole \(whole), in pieces \(cut)")
        for frame in whole.frames {
            if case .message(let subscription, _) = frame { claim(subscription >= 0, "\(frame)") }
            if case .error(let text) = frame { claim(!text.utf8.contains(0x0A), "\(frame)") }
        }
        claim(whole.error?.reason.utf8.count ?? 0 < 200 && isLine(whole.error?.reason ?? ""), "\(whole)")
        var bytes: [UInt8] = []
        for frame in whole.frames { write(frame, to: &bytes) }
        let again = Reading([bytes[...]])
        claim(again.frames == whole.frames && again.error == nil, "\(whole) is written as \(shown(bytes)), which is \(again)")
    }

    private struct Reading: Equatable {
        var frames: [NATSFrame] = []
        var error: BusFailure?

        init(_ pieces: [ArraySlice<UInt8>]) {
            var reader = NATSReader()
            do throws(BusFailure) {
                for piece in pieces {
                    reader.append(.amid(piece, noise: "\r\nPING\r\n"))
                    while let frame = try reader.next() { frames.append(frame) }
                }
            } catch {
                self.error = error
            }
        }
    }

    private static func write(_ frame: NATSFrame, to bytes: inout [UInt8]) {
        switch frame {
        case .message(let subscription, let payload):
            bytes += Array("MSG a \(subscription) \(payload.readableBytes)\r\n".utf8) + Array(payload.readableBytesView)
        case .info(let json): bytes += Array("INFO ".utf8) + Array(json.readableBytesView)
        case .ping: bytes += Array("PING".utf8)
        case .pong: bytes += Array("PONG".utf8)
        case .ok: bytes += Array("+OK".utf8)
        case .error(let text): bytes += Array("-ERR '\(text)'".utf8)
        }
        bytes += Array("\r\n".utf8)
    }
}
