// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import Testing

extension HTTPResponseReaderTests {
    @Test(
        "A head that breaks the grammar is refused, however it is cut",
        arguments: [
            // The status line.
            "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.2 200 OK\r\n\r\n", "HTTP/1 200 OK\r\n\r\n", "http/1.1 200 OK\r\n\r\n", "HTTPS/1.1 200 OK\r\n\r\n",
            "ICY 200 OK\r\n\r\n", " HTTP/1.1 200 OK\r\n\r\n", "\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n",
            "HTTP/1.1\t200 OK\r\n\r\n", "HTTP/1.1200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n",
            "HTTP/1.1 200OK\r\n\r\n", "HTTP/1.1 099 OK\r\n\r\n", "HTTP/1.1 000 OK\r\n\r\n", "HTTP/1.1 -20 OK\r\n\r\n", "HTTP/1.1 OK\r\n\r\n",
            "HTTP/1.1 200 O\0K\r\n\r\n", "HTTP/1.1 200 O\u{7F}K\r\n\r\n", "HTTP/1.1 200 O\rK\r\n\r\n", "HTTP/1.1 200 OK\nA: b\r\n\r\n", "\r\n\r\n",
            "A\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
            "HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\nHTTP/1.1 204 None\r\n\r\n",
            "HTTP/1.0 100 Continue\r\n\r\nHTTP/1.1 204 None\r\n\r\n",
            // Field lines.
            "HTTP/1.1 204 OK\r\nA\r\n\r\n", "HTTP/1.1 204 OK\r\n: b\r\n\r\n", "HTTP/1.1 204 OK\r\nA : b\r\n\r\n", "HTTP/1.1 204 OK\r\n A: b\r\n\r\n",
            "HTTP/1.1 204 OK\r\nA: b\r\n folded\r\n\r\n", "HTTP/1.1 204 OK\r\nA: b\r\n\tfolded\r\n\r\n", "HTTP/1.1 204 OK\r\nA b: c\r\n\r\n",
            "HTTP/1.1 204 OK\r\nA(b): c\r\n\r\n", "HTTP/1.1 204 OK\r\nÄ: c\r\n\r\n", "HTTP/1.1 204 OK\r\nA\0: c\r\n\r\n",
            "HTTP/1.1 204 OK\r\nA: b\0c\r\n\r\n", "HTTP/1.1 204 OK\r\nA: b\u{1}c\r\n\r\n", "HTTP/1.1 204 OK\r\nA: b\u{7F}c\r\n\r\n",
            "HTTP/1.1 204 OK\r\nA: b\rc\r\n\r\n", "HTTP/1.1 204 OK\r\nA: b\nC: d\r\n\r\n", "HTTP/1.1 204 OK\r\nA: b\r\r\n\r\n",
            // Framing.
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!", "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\nx",
            "HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n\r\nx", "HTTP/1.1 200 OK\r\nContent-Length: 1 1\r\n\r\nx",
            "HTTP/1.1 200 OK\r\nContent-Length: 1.0\r\n\r\nx", "HTTP/1.1 200 OK\r\nContent-Length: \"1\"\r\n\r\nx",
            "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551617\r\n\r\nx", "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\nx",
            "HTTP/1.1 200 OK\r\nContent-Length: ٣\r\n\r\nabc", "HTTP/1.1 204 OK\r\nContent-Length: x\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
            // llhttp reads the first three otherwise, or not at all.
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked \t \r\n\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\t\r\n\r\nx", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n",
        ] as [Raw])
    func malformedHead(_ head: Raw) { expectMalformed(head) }

    @Test(
        "Chunks that break the grammar are refused, however they are cut",
        arguments: [
            "\r\n", "\n", ";a\r\n", " 5\r\nhello\r\n0\r\n\r\n", "5 \r\nhello\r\n0\r\n\r\n", "5\nhello\r\n0\r\n\r\n", "5\rhello\r\n0\r\n\r\n",
            "g\r\n", "-1\r\n", "+5\r\nhello\r\n0\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n", "5h\r\nhello\r\n0\r\n\r\n", "5\r\nhello0\r\n\r\n",
            "5\r\nhello\n0\r\n\r\n", "5\r\nhello\rx0\r\n\r\n", "5\r\nhello!\r\n0\r\n\r\n", "5\r\nhell\r\n0\r\n\r\n", "5\r\nhello\r\n\r\n0\r\n\r\n",
            "0\r\n\n", "0\r\n\rx", "0\n\r\n", "0\r\nT: 1\n\r\n", "0\r\nT: 1\rx\r\n\r\n", "0\r\n: 1\r\n\r\n", "0\r\n T: 1\r\n\r\n",
            "0\r\nT: a\0b\r\n\r\n", "0\r\nT: a\u{7F}b\r\n\r\n",
            // Trailers are fields too.
            "0\r\nno colon\r\n\r\n", "0\r\nnocolon\r\n\r\n", "0\r\nT : 1\r\n\r\n", "0\r\nT: 1\r\n folded\r\n\r\n", "0\r\nT\0: 1\r\n\r\n",
            "0\r\nContent-Length: 1\r\n\r\n", "0\r\nA: b\r\nTRANSFER-ENCODING: chunked\r\n\r\n",
            "0\r\nconnection: close\r\n\r\n",
            // Extensions have a grammar of their own (RFC 9112, 7.1.1).
            "5;\r\nhello\r\n0\r\n\r\n", "5;a\nhello\r\n0\r\n\r\n", "5;a\rb\r\nhello\r\n0\r\n\r\n", "5;a\0b\r\nhello\r\n0\r\n\r\n",
            "5;a\u{7F}\r\nhello\r\n0\r\n\r\n", "5;a b\r\nhello\r\n0\r\n\r\n", "5;;\r\nhello\r\n0\r\n\r\n", "5;a=b=c\r\nhello\r\n0\r\n\r\n",
            "5;a=\"b\r\nhello\r\n0\r\n\r\n", "5;a=\"b\"c\r\nhello\r\n0\r\n\r\n", "5;a=\"b\\\r\n\"\r\nhello\r\n0\r\n\r\n",
            "5;(a)\r\nhello\r\n0\r\n\r\n",
            "5;a=b\"c\"\r\nhello\r\n0\r\n\r\n", "5;é\r\nhello\r\n0\r\n\r\n",
        ] as [Raw])
    func malformedChunks(_ chunks: Raw) { expectMalformed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks) }

    private func expectMalformed(_ raw: Raw) {
        for cut in Cuts.all(raw.bytes) {
            let reading = ResponseReading(cut)
            if case .malformed? = reading.error, reading.responses.isEmpty { continue }
            Issue.record("\(Cuts.name(cut)): \(reading)")
            return
        }
    }
}
