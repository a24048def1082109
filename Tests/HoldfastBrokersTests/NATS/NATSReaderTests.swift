// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing

@testable import HoldfastBrokers

@Suite struct NATSReaderTests {
    @Test("A complaint loses its quotes and nothing else, whatever stands between them", arguments: ["", "Some Error", "\u{301}a", "'a'", "'"])
    func quotes(text: String) throws {
        var reader = NATSReader()
        reader.append(ByteBuffer(string: "-ERR '\(text)'\r\n"))
        guard case .error(let read)? = try reader.next() else { throw BusFailure.lost("no complaint") }
        // Not as characters: a mark belongs to the quote before it.
        #expect(Array(read.utf8) == Array(text.utf8))
    }
}
