// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// What the gateway takes, so that an app learns of a mistake where it makes it.
enum Rules {
    static func closeCode(_ code: Int) throws(AnswerError) -> Int {
        switch code {
        case 1000, 1001, 1003, 1007...1014, 3000...4999: return code
        default: throw AnswerError("code: expected 1000, 1001, 1003, 1007 to 1014 or 3000 to 4999, found \(code)")
        }
    }

    static func closeReason(_ reason: String) throws(AnswerError) -> String {
        guard reason.utf8.count <= 123 else { throw AnswerError("reason: expected at most 123 bytes, found \(reason.utf8.count)") }
        return reason
    }

    static func channel(_ name: String) throws(AnswerError) -> String {
        guard (1...256).contains(name.utf8.count) else { throw AnswerError("channel: expected 1 to 256 bytes, found \(name.utf8.count)") }
        guard name.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { throw AnswerError("channel: a control character in the name") }
        return name
    }

    static func publicationID(_ id: String?) throws(AnswerError) -> String? {
        if let id, !(1...256).contains(id.utf8.count) { throw AnswerError("id: expected 1 to 256 bytes, found \(id.utf8.count)") }
        return id
    }

    static func connection(_ id: String) throws(AnswerError) -> String {
        guard !id.isEmpty else { throw AnswerError("to: expected a connection's id, found an empty text") }
        return id
    }

    static func dialURL(_ url: String) throws(AnswerError) -> String {
        let scheme = url.prefix(6).lowercased()
        guard scheme.hasPrefix("ws://") || scheme == "wss://" else {
            throw AnswerError("url: expected a URL such as wss://example.com/socket, found \"\(url)\"")
        }
        return url
    }
}
