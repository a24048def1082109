// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// The part of a request that is the same every time, made once; each request adds its own fields, its length and its body in one buffer.
package struct HTTPRequestTemplate: Sendable {
    private let head: SplitHead

    /// - Parameters:
    ///   - method: such as `POST`.
    ///   - target: path and query.
    ///   - fields: in order, `host` among them. Names and values must be free of line breaks.
    package init(method: String, target: String, fields: [(name: String, value: String)]) {
        var head = SplitHead()
        head.appendShared("\(method) \(target) HTTP/1.1\r\n")
        for field in fields { head.appendField(field.name, field.value) }
        self.head = head
    }

    /// - Parameter head: a request line and fields, each with its line's end, `host` among them.
    package init(head: SplitHead) { self.head = head }

    /// A whole request.
    package func request(body: ByteBuffer, _ addFields: (inout Fields) -> Void) -> ByteBuffer {
        var fields = Fields(buffer: ByteBufferAllocator().buffer(capacity: head.count + body.readableBytes + 384))
        head.write(into: &fields.buffer)
        addFields(&fields)
        fields.buffer.writeStaticString("content-length: ")
        fields.buffer.writeDecimal(body.readableBytes)
        fields.buffer.writeStaticString("\r\n\r\n")
        fields.buffer.writeImmutableBuffer(body)
        return fields.buffer
    }

    /// Where a request's own fields are written.
    package struct Fields: Sendable {
        fileprivate var buffer: ByteBuffer

        package mutating func add(_ name: String, _ value: String) {
            buffer.writeString(name)
            buffer.writeStaticString(": ")
            buffer.writeString(value)
            buffer.writeStaticString("\r\n")
        }

        /// A field whose value is written straight into the request.
        ///
        /// - Parameter write: appends the value, free of line breaks, and nothing else.
        package mutating func add(_ name: StaticString, _ write: (inout ByteBuffer) -> Void) {
            buffer.writeStaticString(name)
            buffer.writeStaticString(": ")
            write(&buffer)
            buffer.writeStaticString("\r\n")
        }
    }
}

extension ByteBuffer {
    /// Appends a number that is not negative, in decimal, without a string of its own.
    package mutating func writeDecimal(_ number: Int) {
        var count = 0
        var rest = number
        repeat {
            count += 1
            rest /= 10
        } while rest > 0
        writeWithUnsafeMutableBytes(minimumWritableBytes: count) { target in
            var rest = number
            for place in stride(from: count - 1, through: 0, by: -1) {
                target[place] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            }
            return count
        }
    }
}
