// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore
import Testing

struct HTTPResponseReaderTests {
    // MARK: The same as llhttp

    @Test("llhttp reads a good response alike", arguments: ResponseSample.good)
    func sameAsLlhttp(_ sample: ResponseSample) throws {
        let ours = ResponseReading([sample.bytes[...]])
        #expect(ours.error == nil)
        #expect(ours.responses.count == sample.count)
        #expect(ours.taken == sample.bytes.count)
        var theirs = try PlainResponse.byLlhttp(sample.bytes[...], requests: sample.count).get()
        // llhttp believes a server of HTTP/1.0 that says keep-alive. None of these does, so that both agree on every sample.
        #expect(ours.responses == theirs)
        theirs.removeAll { $0.keepsAlive }
        #expect(theirs.count <= 1, "only the last response of a connection may end it")
    }

    @Test("However the network cuts a response, it is read alike", arguments: ResponseSample.good)
    func cuts(_ sample: ResponseSample) {
        let whole = ResponseReading([sample.bytes[...]])
        #expect(!whole.leftBytes)
        for cut in Cuts.all(sample.bytes) {
            let reading = ResponseReading(cut)
            guard reading != whole else { continue }
            Issue.record("\(Cuts.name(cut)): \(reading) instead of \(whole)")
            return
        }
    }

    // MARK: Single facts

    @Test("A response comes out with its status, fields, body and its word on the connection")
    func facts() throws {
        var reader = HTTPResponseReader(maxHeadBytes: 1000, maxBodyBytes: 1000)
        var buffer = ByteBuffer.amid("HTTP/1.1 201 Made\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok")
        let response = try #require(try reader.next(from: &buffer))
        #expect(response.head.status == 201)
        #expect(response.head.first("content-type") == "text/plain")
        #expect(response.body == ByteBuffer(string: "ok"))
        #expect(response.keepsAlive)
        #expect(buffer.readableBytes == 0)
    }

    @Test(
        "What follows a response stays in the buffer",
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n",
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nT: 1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        ] as [Raw], ["x", "\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"] as [Raw])
    func leftovers(_ response: Raw, _ extra: Raw) throws {
        let bytes = (response + extra).bytes
        for first in response.bytes.indices {
            var reader = HTTPResponseReader(maxHeadBytes: 1000, maxBodyBytes: 1000)
            var early = ByteBuffer.amid(bytes[..<first])
            #expect(try reader.next(from: &early) == nil)
            #expect(early.readableBytes == 0)
            var late = ByteBuffer.amid(bytes[first...])
            #expect(try reader.next(from: &late) != nil)
            #expect(late.bytes == extra.bytes, "the first read had \(first) bytes")
        }
    }

    @Test("A response that came in one read is not copied")
    func noCopy() throws {
        var reader = HTTPResponseReader(maxHeadBytes: 1000, maxBodyBytes: 100_000)
        var buffer = ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n" + String(repeating: "x", count: 50000))
        let storage = buffer.storageAddress
        let response = try #require(try reader.next(from: &buffer))
        let body = response.body.storageAddress
        #expect(body > storage && body < storage + 50100)
    }

    @Test("No bytes are no response")
    func nothing() throws {
        var reader = HTTPResponseReader(maxHeadBytes: 100, maxBodyBytes: 100)
        var buffer = ByteBuffer()
        #expect(try reader.next(from: &buffer) == nil)
        #expect(reader.isIdle)
        #expect(try reader.endOfStream() == nil)
    }

    // MARK: Idle

    @Test("The reader is idle before the first byte and after the last, and not between")
    func idle() throws {
        for text in [
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            "HTTP/1.1 204 No Content\r\n\r\n",
        ] {
            var reader = HTTPResponseReader(maxHeadBytes: 1000, maxBodyBytes: 1000)
            #expect(reader.isIdle)
            for (index, byte) in text.utf8.enumerated() {
                var buffer = ByteBuffer(bytes: [byte])
                let isLast = index == text.utf8.count - 1
                #expect(try (reader.next(from: &buffer) != nil) == isLast)
                #expect(reader.isIdle == isLast, "after byte \(index)")
            }
        }
    }

    @Test("After an interim response the reader is not idle: the app has seen the request")
    func notIdleAfterInterim() throws {
        var reader = HTTPResponseReader(maxHeadBytes: 1000, maxBodyBytes: 1000)
        var buffer = ByteBuffer(string: "HTTP/1.1 103 Early Hints\r\n\r\n")
        #expect(try reader.next(from: &buffer) == nil)
        #expect(!reader.isIdle)
        #expect(throws: HTTPResponseError.truncated) { try reader.endOfStream() }
    }

    @Test("After an interim response comes the response, and then the reader is idle again")
    func idleAfterInterim() throws {
        var reader = HTTPResponseReader(maxHeadBytes: 1000, maxBodyBytes: 1000)
        for text in ["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 204 None\r\n\r\n"] {
            var buffer = ByteBuffer(string: text)
            _ = try reader.next(from: &buffer)
        }
        #expect(reader.isIdle)
        #expect(try reader.endOfStream() == nil)
    }

    // MARK: The end of the connection

    @Test("An end inside a response is told as such, wherever it is", arguments: ResponseSample.good)
    func truncated(_ sample: ResponseSample) {
        let whole = ResponseReading([sample.bytes[...]])
        guard sample.count == 1, !whole.tookEnd, sample.bytes.count < 1000 else { return }
        for count in 1..<sample.bytes.count {
            let reading = ResponseReading([sample.bytes[..<count]])
            guard reading.error != .truncated || !reading.responses.isEmpty else { continue }
            Issue.record("after \(count) bytes: \(reading)")
            return
        }
    }

    @Test("An end inside the head of a body without length is told as such")
    func truncatedHead() {
        let head = Array("HTTP/1.1 200 OK\r\nServer: x\r\n\r\n".utf8)
        for count in 1..<head.count { #expect(ResponseReading([head[..<count]]).error == .truncated) }
        #expect(ResponseReading([head[...]]).responses.map(\.body) == [[]])
    }

    @Test("After HTTP/1.0 no connection is used again, not even where the app asks for it")
    func oldVersion() {
        let reading = ResponseReading("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok")
        #expect(reading.responses.map(\.keepsAlive) == [false])
    }

    @Test("A body that the end closes ends the connection")
    func closeDelimited() {
        let reading = ResponseReading("HTTP/1.1 200 OK\r\n\r\nsome")
        #expect(reading.responses.map(\.body) == [Array("some".utf8)])
        #expect(reading.responses.map(\.keepsAlive) == [false])
        #expect(reading.tookEnd)
    }
}

extension ByteBuffer {
    fileprivate var storageAddress: UInt {
        withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) }
    }
}
