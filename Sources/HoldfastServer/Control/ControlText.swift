// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HoldfastCore
import HoldfastWire
import NIOCore

/// What the texts in a control request's head stand for.
enum ControlText {
    /// The content type without parameters, in lower case.
    static func mediaType(_ contentType: String) -> String {
        contentType.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces).lowercased()
    }

    /// The value of a query's parameter, decoded as browsers and libraries encode it: a plus is a space.
    static func queryValue(_ name: String, in query: String) -> String? {
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts[0] == name else { continue }
            let value = parts.count > 1 ? String(parts[1]).replacing("+", with: " ") : ""
            return value.removingPercentEncoding ?? value
        }
        return nil
    }

    /// A part of a path, decoded.
    static func pathValue(_ raw: String) -> String { raw.utf8.contains(UInt8(ascii: "%")) ? raw.removingPercentEncoding ?? raw : raw }
}

extension Payload {
    /// A raw body as a message: text unless its media type says octets.
    ///
    /// - Returns: `nil` for text that is not valid UTF-8.
    init?(body: ByteBuffer, mediaType: String?) {
        if mediaType == "application/octet-stream" {
            self = .binary(body)
            return
        }
        var validator = UTF8Validator()
        let isText = body.withUnsafeReadableBytes { validator.take($0) } && validator.isComplete
        guard isText else { return nil }
        self = .text(body)
    }
}
