// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Testing

/// The bytes of one connection, by a name that says what is particular about them.
struct ResponseSample: CustomTestStringConvertible, Sendable {
    var name: String
    var bytes: [UInt8]
    /// How many whole responses, interim ones not counted.
    var count: Int

    init(_ name: String, _ text: String, count: Int = 1) {
        self.name = name
        self.bytes = Array(text.utf8)
        self.count = count
    }

    var testDescription: String { name }

    /// Good responses, in each way in which a body can end.
    static let good: [ResponseSample] = [
        ResponseSample("a body by its length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
        ResponseSample("an empty body by its length", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        ResponseSample("a length with leading zeros", "HTTP/1.1 200 OK\r\nContent-Length: 0005\r\n\r\nhello"),
        ResponseSample("a body that looks like heads", "HTTP/1.1 200 OK\r\nContent-Length: 23\r\n\r\nHTTP/1.1 200 OK\r\n\r\n\r\n\r\n"),
        ResponseSample("a body of any bytes", "HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n\0\r\n\u{7F}é€😀"),
        ResponseSample("one chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
        ResponseSample(
            "several chunks", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n00a\r\n\r\n\r\n012345\r\n0\r\n\r\n"),
        ResponseSample("no chunk but the last", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ResponseSample("a last chunk of several zeros", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0000\r\n\r\n"),
        ResponseSample(
            "chunk sizes in both cases of hexadecimal",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\nA\r\n0123456789\r\nb\r\n0123456789A\r\n0F\r\n0123456789abcde\r\n0\r\n\r\n"),
        ResponseSample(
            "chunk extensions",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a\r\nabc\r\n2;a=b;c=\"d e;\\\"\";f\r\nde\r\n0;last=1\r\n\r\n"),
        ResponseSample(
            "trailers", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nDigest: x\r\nA:\r\nExpires: 0, \"1\" \r\n\r\n"),
        ResponseSample("a body up to the end", "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nall of it\r\n\r\n"),
        ResponseSample("an empty body up to the end", "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"),
        ResponseSample("a body up to the end of HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nold"),
        ResponseSample("continue before the response", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
        ResponseSample(
            "early hints and processing before the response",
            "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
        ResponseSample("an interim response with a length", "HTTP/1.1 100 Continue\r\nContent-Length: 4\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"),
        ResponseSample("an interim response that nobody registered", "HTTP/1.1 199 Odd\r\nA: b\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"),
        ResponseSample("204", "HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n"),
        ResponseSample("204 without fields", "HTTP/1.1 204 No Content\r\n\r\n"),
        ResponseSample("204 with a length", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"),
        ResponseSample("304 with the length that 200 would have", "HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\nContent-Length: 500\r\n\r\n"),
        ResponseSample("304 of a chunked body", "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ResponseSample("an end by Connection: close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"),
        ResponseSample("close among other options", "HTTP/1.1 200 OK\r\nConnection: x-thing ,\tCLOSE\r\nContent-Length: 2\r\n\r\nok"),
        ResponseSample("keep-alive said aloud", "HTTP/1.1 200 OK\r\nConnection: Keep-Alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 2\r\n\r\nok"),
        ResponseSample("an option that begins like close", "HTTP/1.1 200 OK\r\nConnection: closed\r\nContent-Length: 2\r\n\r\nok"),
        ResponseSample("an end by HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"),
        ResponseSample(
            "chunks that end the connection", "HTTP/1.1 500 No\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n"),
        ResponseSample("no reason phrase", "HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok"),
        ResponseSample("no space before the missing phrase", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok"),
        ResponseSample("a reason phrase of many words", "HTTP/1.1 404 Nicht da: schön\tso\r\nContent-Length: 0\r\n\r\n"),
        ResponseSample("a status that nobody registered", "HTTP/1.1 799 What\r\nContent-Length: 0\r\n\r\n"),
        ResponseSample(
            "names in any case", "HTTP/1.1 200 OK\r\nCONTENT-LENGTH: 2\r\nx-MiXeD-nAmE: VaLuE\r\nCoNnEcTiOn: ClOsE\r\n\r\nok"),
        ResponseSample(
            "white space around values", "HTTP/1.1 200 OK\r\nA:1\r\nB:  2\r\nC:\t3 \t \r\nD:\r\nE:   \r\nF: 4  5\r\nContent-Length:\t 2 \r\n\r\nok"),
        ResponseSample("a repeated field", "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n"),
        ResponseSample("a name of all token characters", "HTTP/1.1 200 OK\r\n!#$%&'*+-.^_`|~09azAZ: 1\r\nContent-Length: 0\r\n\r\n"),
        ResponseSample("a value of other characters", "HTTP/1.1 200 OK\r\nX: \"(),/:;<=>?@[]{}\\\" é€😀\r\nContent-Length: 0\r\n\r\n"),
        ResponseSample(
            "two responses", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\noneHTTP/1.1 404 No\r\nContent-Length: 3\r\n\r\ntwo", count: 2),
        ResponseSample(
            "four responses of all kinds",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\nT: 1\r\n\r\nHTTP/1.1 204 None\r\n\r\n"
                + "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n\r\nlast",
            count: 4),
        ResponseSample(
            "a body of 70,000 bytes", "HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n" + String(repeating: "0123456789", count: 7000)),
        ResponseSample(
            "a chunk of 65,536 bytes",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000\r\n" + String(repeating: "x", count: 65536) + "\r\n1\r\n!\r\n0\r\n\r\n"),
        ResponseSample("20,000 bytes up to the end", "HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "y", count: 20000)),
    ]
}
