// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// What a client sends once its socket is open.
///
/// Never a crash. Never another reading because the network cut the bytes elsewhere. Never a message beyond the limit, inflated or not, a text
/// that is no UTF-8, a control frame beyond 125 bytes or a close code that must not be on the wire.
enum Frames {
    static let target = FuzzTarget(name: "Frames", maxLength: 1024) { input in
        var input = input
        let setting = input.byte()
        let limit = input.choice([0, 1, 10, 125, 126, 1000, 65536, 1 << 20, Int(Int32.max)])
        let pieces = input.pieces()
        let whole = Reading([Array(pieces.joined())[...]], setting: setting, limit: limit, noise: "\u{1}\u{7F}\u{0}\r\n")
        let cut = Reading(pieces, setting: setting, limit: limit, noise: "\u{2}\u{8}\u{9}abc")
        claim(whole == cut, "whole \(whole), in pieces \(cut)")
        for step in whole.steps { check(step, limit: limit) }
        if let violation = whole.violation {
            claim([1002, 1007, 1009].contains(violation.code.rawValue) && isLine(violation.reason), "\(violation)")
        }
    }

    private struct Reading: Equatable {
        var steps: [MessageReader.Step] = []
        var violation: Violation?

        init(_ pieces: [ArraySlice<UInt8>], setting: UInt8, limit: Int, noise: StaticString) {
            var reader = MessageReader(expectsMask: setting & 1 == 0, maxMessageBytes: limit)
            let inflater = setting & 2 == 0 ? nil : Inflater(windowBits: setting & 4 == 0 ? 15 : 9, keepsContext: setting & 8 == 0)
            for piece in pieces {
                var buffer = ByteBuffer.amid(piece, noise: noise)
                do throws(Violation) {
                    var step = try reader.next(from: &buffer, inflater: inflater)
                    while step != .needMore {
                        steps.append(step)
                        step = try reader.next(from: &buffer, inflater: inflater)
                    }
                } catch {
                    violation = error
                    return
                }
                claim(buffer.readableBytes == 0, "more is wanted, but \(buffer.readableBytes) bytes are left")
            }
        }
    }

    private static func check(_ step: MessageReader.Step, limit: Int) {
        switch step {
        case .needMore: break
        case .text(let body):
            claim(body.readableBytes <= limit, "\(body.readableBytes) bytes of text, but \(limit) are the limit")
            claim(String(validating: body.readableBytesView, as: Swift.UTF8.self) != nil, "no UTF-8: \(shown(body.readableBytesView))")
        case .binary(let body): claim(body.readableBytes <= limit, "\(body.readableBytes) bytes, but \(limit) are the limit")
        case .ping(let body), .pong(let body): claim(body.readableBytes <= 125, "a control frame of \(body.readableBytes) bytes")
        case .close(let code, let reason):
            claim(code == .none ? reason.isEmpty : code.isAllowedOnWire, "close code \(code)")
            claim(reason.utf8.count <= CloseCode.maxReasonBytes, "a reason of \(reason.utf8.count) bytes")
        }
    }
}
