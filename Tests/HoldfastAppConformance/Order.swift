// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastApp

/// `{"do": …}`: what the test asks the app for, on the WebSocket.
struct Order: Decodable, Sendable {
    let `do`: String
    let value: JSONValue?
    let state: [String: JSONValue]?
    let metadata: [String: JSONValue]?
    let channel: String?
    let text: String?
    let base64: String?
    let others: Bool?
    let to: String?
    let code: Int?
    let reason: String?
    let ms: Int?
    let call: String?
    let id: String?
    let except: [String]?
    let wrongToken: Bool?
    let `repeat`: Int?
    let actions: [Order]?

    func need<Value>(_ field: Value?, _ name: String) throws -> Value {
        guard let field else { throw Mistake("\(`do`): \(name) is missing") }
        return field
    }

    /// Its text, perhaps many times over, or its bytes.
    func message() throws -> Message {
        if let base64 { return .binary(try Self.bytes(base64)) }
        return .text(String(repeating: try need(text, "text"), count: `repeat` ?? 1))
    }

    /// What is to be merged into a connection's state.
    func patch() throws -> [String: String?] {
        try need(state, "state").mapValues { value in
            guard let text = value.stringValue else {
                if value == .null { return nil }
                throw Mistake("state: expected texts and null")
            }
            return text
        }
    }

    static func bytes(_ base64: String) throws -> [UInt8] {
        guard let decoded = [UInt8](base64: base64) else { throw Mistake("not base64") }
        return decoded
    }

    /// What a call came to, as the test wants to hear it.
    static func report(_ call: () async throws(ControlError) -> JSONValue) async -> JSONValue {
        do {
            return .object(["result": try await call()])
        } catch {
            return .object(["error": .string(error.code.rawValue), "status": .integer(error.status), "detail": .string(error.detail)])
        }
    }
}
