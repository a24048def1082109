// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// One WebSocket message, received or to be sent.
///
/// A string literal is a text: `try answer.send("hello")`.
public enum Message: Sendable, Hashable {
    /// A text message.
    case text(String)
    /// A binary message.
    case binary([UInt8])

    /// A text message that holds a value as JSON.
    ///
    /// - Throws: an ``AnswerError`` when the value does not encode.
    public static func json(_ value: some Encodable) throws(AnswerError) -> Message {
        do {
            return .text(String(decoding: try JSONEncoder().encode(value), as: UTF8.self))
        } catch EncodingError.invalidValue(_, let context) {
            throw AnswerError("message: a value of \(type(of: value)) does not encode as JSON: \(context.debugDescription)")
        } catch {
            throw AnswerError("message: a value of \(type(of: value)) does not encode as JSON: \(error)")
        }
    }

    /// Reads the message, text or binary, as JSON.
    ///
    /// - Throws: a ``MessageError`` that says what is wrong and where.
    public func decode<Value: Decodable>(as type: Value.Type) throws(MessageError) -> Value {
        let data =
            switch self {
            case .text(let text): Data(text.utf8)
            case .binary(let bytes): Data(bytes)
            }
        return try BodyReader.decode(type, from: data, orThrow: MessageError.init)
    }
}

extension Message: ExpressibleByStringInterpolation {
    public init(stringLiteral value: String) { self = .text(value) }
}
