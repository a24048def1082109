// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// What a remote answers that the gateway has dialled: its head, then the judgement.
///
/// Never a crash. Never another reading of the same bytes in other pieces, nor an agreement on what was not offered.
enum ClientHandshake {
    private static let accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    private static let offered = ["chat", "superchat"]

    static let target = FuzzTarget(name: "ClientHandshake", maxLength: 1024) { input in
        var input = input
        let setting = input.byte()
        let wish = DeflateAgreement.Wish(contextTakeover: setting & 1 == 1, windowBits: 9 + Int(setting >> 1) % 7)
        let limit = 16 + Int(input.byte()) * 4
        let whole = input.rest.dropFirst()
        let answer = read(input.pieces(), limit)
        claim(answer == read([whole], limit), "\(answer) in pieces, \(read([whole], limit)) whole: \(shown(whole))")
        guard let status = answer.status else { return }
        claim(status == 101 || (200...999).contains(status), "status \(status)")
        for wish in [wish, nil] {
            do throws(ClientHandshakeError) {
                let agreed = try HoldfastWire.ClientHandshake.judge(
                    status: status, expectedAccept: accept, offeredProtocols: offered, offeredDeflate: wish, values: answer.values)
                check(agreed, answer, wish)
            } catch {
                claim(isLine(error.description) && !error.description.isEmpty, error.description)
            }
        }
    }

    private struct Answer: Equatable {
        var status: Int?
        var fields: [String] = []
        var isFault = false
        var rest: [UInt8] = []

        func values(_ name: String) -> [String] {
            fields.compactMap { $0.hasPrefix(name + ":") ? String($0.dropFirst(name.count + 1)) : nil }
        }
    }

    private static func read(_ pieces: [ArraySlice<UInt8>], _ limit: Int) -> Answer {
        var reader = HTTPResponseHeadReader(maxHeadBytes: limit)
        var answer = Answer()
        for piece in pieces {
            var buffer = ByteBuffer.amid(piece)
            if answer.isFault { break }
            if answer.status == nil {
                do throws(HTTPResponseError) {
                    guard let head = try reader.next(from: &buffer) else {
                        claim(buffer.readableBytes == 0, "bytes are left, and none is wanted")
                        continue
                    }
                    answer.status = head.status
                    head.forEach { answer.fields.append("\($0):\($1)") }
                } catch {
                    answer.isFault = true
                    continue
                }
            }
            answer.rest += buffer.readableBytesView
        }
        return answer
    }

    private static func check(_ agreed: HoldfastWire.ClientHandshake.Agreed, _ answer: Answer, _ wish: DeflateAgreement.Wish?) {
        claim(answer.status == 101 && answer.values("sec-websocket-accept") == [accept], "agreed on \(answer)")
        claim(agreed.subprotocol.map(offered.contains) ?? answer.values("sec-websocket-protocol").isEmpty, "chosen \(agreed)")
        guard let deflate = agreed.deflate else { return }
        guard let wish else { fatalError("compression that was not offered: \(deflate)") }
        claim((8...wish.windowBits).contains(deflate.side(.client).windowBits), "\(deflate)")
        claim((8...15).contains(deflate.side(.server).windowBits), "\(deflate)")
        claim(wish.contextTakeover || !deflate.side(.client).keepsContext, "\(deflate)")
        claim(ExtensionOffer.list([deflate.answer])?.count == 1, deflate.answer)
    }
}
