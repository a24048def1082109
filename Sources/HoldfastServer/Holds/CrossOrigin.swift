// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore

/// Has web pages of any origin read a route's answers (CORS, the Fetch standard §3.2), for apps that leave that to the gateway.
enum CrossOrigin {
    /// How long a browser may remember the answer to its question, in seconds.
    private static let maxAge = "3600"

    /// Whether a browser asks with this request what it may send. The gateway answers that itself.
    static func isPreflight(method: String, _ header: (String) -> String?) -> Bool {
        method == "OPTIONS" && header("origin") != nil && header("access-control-request-method") != nil
    }

    /// The fields of the answer to a browser's question: all that it wants to send is allowed.
    static func preflight(_ header: (String) -> String?) -> [OpeningRequest.Field] {
        var fields = common(header)
        fields.append(.init(name: "access-control-allow-methods", value: header("access-control-request-method") ?? "*"))
        if let wanted = header("access-control-request-headers") { fields.append(.init(name: "access-control-allow-headers", value: wanted)) }
        fields.append(.init(name: "access-control-max-age", value: maxAge))
        return fields
    }

    /// An answer's fields with those that let pages read it. What the app says of that itself stands.
    static func adding(to fields: [OpeningRequest.Field], _ header: (String) -> String?) -> [OpeningRequest.Field] {
        let given = Set(fields.map(\.name))
        var all = fields + common(header).filter { $0.name == "vary" || !given.contains($0.name) }
        if !given.contains("access-control-expose-headers") {
            let exposed = given.subtracting(safe).filter { !$0.hasPrefix("access-control-") && $0 != "set-cookie" && $0 != "vary" }.sorted()
            if !exposed.isEmpty { all.append(.init(name: "access-control-expose-headers", value: exposed.joined(separator: ", "))) }
        }
        return all
    }

    /// The fields that pages may read unasked.
    private static let safe: Set<String> = [
        "cache-control", "content-language", "content-length", "content-type", "expires", "last-modified", "pragma",
    ]

    private static func common(_ header: (String) -> String?) -> [OpeningRequest.Field] {
        guard let origin = header("origin") else { return [.init(name: "access-control-allow-origin", value: "*")] }
        // The wildcard does not go together with credentials, and an answer for one origin must not be kept for another.
        return [
            .init(name: "access-control-allow-origin", value: origin), .init(name: "access-control-allow-credentials", value: "true"),
            .init(name: "vary", value: "Origin"),
        ]
    }
}
