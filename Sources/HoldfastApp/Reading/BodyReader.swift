// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Reads JSON bodies, and says what is wrong with them and where.
enum BodyReader {
    /// - Parameter failure: makes the error of what is wrong and where.
    static func decode<Value: Decodable, Failure: Error>(
        _ type: Value.Type, from data: Data, orThrow failure: (String) -> Failure
    ) throws(Failure) -> Value {
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch let error as DecodingError {
            throw failure(describe(error))
        } catch {
            throw failure("\(error)")
        }
    }

    /// Such as `events[0].text: expected a string`.
    static func describe(_ error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, let context): "\(path(context.codingPath + [key])): missing"
        case .valueNotFound(let type, let context): "\(path(context.codingPath)): expected \(words(for: type)), found null"
        case .typeMismatch(let type, let context): "\(path(context.codingPath)): expected \(words(for: type))"
        case .dataCorrupted(let context):
            if context.codingPath.isEmpty {
                context.debugDescription.hasPrefix("The given data was not valid JSON") ? "not JSON" : context.debugDescription
            } else {
                "\(path(context.codingPath)): \(context.debugDescription)"
            }
        @unknown default: "not JSON of this dialect"
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        var text = ""
        for key in keys {
            if let index = key.intValue {
                text += "[\(index)]"
            } else {
                text += text.isEmpty ? key.stringValue : ".\(key.stringValue)"
            }
        }
        return text.isEmpty ? "the body" : text
    }

    private static func words(for type: any Any.Type) -> String {
        switch type {
        case is String.Type: "a string"
        case is Int.Type: "a whole number"
        case is Double.Type: "a number"
        case is Bool.Type: "true or false"
        case is any ArrayLike.Type: "an array"
        default: "an object"
        }
    }
}

/// Lets ``BodyReader`` know arrays of whatever elements.
private protocol ArrayLike {}
extension Array: ArrayLike {}
