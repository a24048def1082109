// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// What a reader made of the bytes of one connection.
struct ResponseReading: Equatable, CustomStringConvertible {
    var responses: [PlainResponse] = []
    var error: HTTPResponseError?
    /// How many bytes the responses took, interim ones among them.
    var taken = 0
    /// Whether the last response needed the connection's end to be whole.
    var tookEnd = false
    /// Whether the reader held to its promise of taking all bytes when it asks for more.
    var leftBytes = false

    var description: String { "\(responses) \(error.map(\.description) ?? "no error") after \(taken) bytes" }

    /// Feeds the pieces, then the end of the connection, and stops where a client would: at an error or a response that ends the connection.
    init(_ pieces: [ArraySlice<UInt8>], closes: Bool = true, maxHeadBytes: Int = 16 << 10, maxBodyBytes: Int = 1 << 20) {
        var reader = HTTPResponseReader(maxHeadBytes: maxHeadBytes, maxBodyBytes: maxBodyBytes)
        do throws(HTTPResponseError) {
            var before = 0
            for piece in pieces {
                var buffer = ByteBuffer.amid(piece)
                while let response = try reader.next(from: &buffer) {
                    responses.append(PlainResponse(response))
                    taken = before + piece.count - buffer.readableBytes
                    if !response.keepsAlive { return }
                }
                if buffer.readableBytes > 0 { leftBytes = true }
                before += piece.count
            }
            guard closes, let response = try reader.endOfStream() else { return }
            responses.append(PlainResponse(response))
            taken = before
            tookEnd = true
        } catch {
            self.error = error
        }
    }

    init(_ text: String, closes: Bool = true, maxHeadBytes: Int = 16 << 10, maxBodyBytes: Int = 1 << 20) {
        self.init([Array(text.utf8)[...]], closes: closes, maxHeadBytes: maxHeadBytes, maxBodyBytes: maxBodyBytes)
    }
}
