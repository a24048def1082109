// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// The answers of GRIP's control API. Each body ends with a line break.
package enum GripPublishReply {
    /// The whole request was carried out. It says nothing of who was there to hear it; JSON does, in a list that Pushpin does not have.
    ///
    /// - Parameter results: one for each item, in order.
    package static func published(_ format: GripReplyFormat, _ results: [ActionResult]) -> ControlReply {
        switch format {
        case .text: text(200, "Published")
        case .json: json("Published") { write(results, into: &$0) }
        }
    }

    /// The answer to `POST /recover/`.
    package static func updated(_ format: GripReplyFormat) -> ControlReply {
        switch format {
        case .text: text(200, "Updated")
        case .json: json("Updated")
        }
    }

    package static func invalid(_ error: GripPublishError) -> ControlReply { text(400, error.description) }

    /// `GET /`, by which tools see what API this is.
    package static let root = text(200, "Pushpin API")
    package static let notFound = text(404, "Not Found")
    package static let notAcceptable = text(406, "Not Acceptable. Supported formats are text/plain and application/json.")
    /// For a body over the limit of the control port.
    package static let bodyTooLarge = text(400, "Request body too large.")

    package static func methodNotAllowed(_ method: String) -> ControlReply {
        text(405, "Method not allowed: \(method).", headers: [OpeningRequest.Field(name: "allow", value: "POST")])
    }

    private static func text(_ status: Int, _ text: String, headers: [OpeningRequest.Field] = []) -> ControlReply {
        ControlReply(status: status, contentType: "text/plain", headers: headers, body: "\(text)\n")
    }

    private static func json(_ message: String, with more: (inout JSONWriter) -> Void = { _ in }) -> ControlReply {
        var json = JSONWriter()
        json.beginObject()
        json.key("message")
        json.string(message)
        more(&json)
        json.endObject()
        return ControlReply(status: 200, body: String(buffer: json.buffer) + "\n")
    }

    private static func write(_ results: [ActionResult], into json: inout JSONWriter) {
        json.key("items")
        json.beginArray()
        for result in results {
            json.beginObject()
            switch result {
            case .done(let delivered):
                json.key("delivered")
                json.integer(delivered)
            // Nobody to deliver it to.
            case .notFound, .dialling:
                json.key("delivered")
                json.integer(0)
            case .duplicate:
                json.key("duplicate")
                json.bool(true)
            case .full:
                json.key("full")
                json.bool(true)
            case .refused(let why):
                json.key("refused")
                json.string(why)
            case .unreachable:
                json.key("unreachable")
                json.bool(true)
            }
            json.endObject()
        }
        json.endArray()
    }
}
