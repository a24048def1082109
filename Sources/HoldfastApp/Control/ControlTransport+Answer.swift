// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

extension ControlTransport.Answer {
    private struct Problem: Decodable {
        let title: String?
        let detail: String?
    }

    /// Reads an answer of 2xx.
    ///
    /// - Throws: the problem that the gateway tells of, or ``ControlError/Code/unexpected``.
    func read<Value: Decodable>(_ type: Value.Type) throws(ControlError) -> Value {
        guard (200..<300).contains(status) else { throw error() }
        return try BodyReader.decode(type, from: body) {
            ControlError(.unexpected, status: status, detail: "an answer that is not the gateway's: \($0)")
        }
    }

    /// The answer as an error.
    ///
    /// - Parameter forbidden: what 403 means here.
    func error(forbidden: ControlError.Code = .forbidden) -> ControlError {
        let problem = try? BodyReader.decode(Problem.self, from: body) { AnswerError($0) }
        let code: ControlError.Code =
            switch status {
            case 400, 415: .badRequest
            case 401: .unauthorized
            case 403: forbidden
            case 404: .notFound
            case 409: .limit
            case 413: .tooLarge
            case 429: .full
            case 500...599: .unavailable
            default: .unexpected
            }
        return ControlError(
            code, status: status, title: problem?.title ?? "", detail: problem?.detail ?? text ?? "the gateway answered with the status \(status)")
    }

    /// The first 200 bytes of an answer that is plain text.
    private var text: String? {
        guard isText else { return nil }
        let words = String(decoding: body.prefix(200), as: UTF8.self).split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return words.isEmpty ? nil : words
    }
}
