// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// What a client asked for when it came: the facts that the app decides on.
package struct OpeningRequest: Equatable, Sendable {
    package struct Field: Equatable, Sendable {
        /// In lower case.
        package let name: String
        package let value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    package let path: String
    /// Without the question mark; empty when there was none.
    package let query: String
    package let remoteAddress: String
    /// In the order received, repetitions included.
    package let headers: [Field]
    /// The subprotocols offered, in the client's order of preference.
    package let protocols: [String]
    /// Whether the client speaks TLS.
    package let isSecure: Bool
    /// Whether it comes from a GRIP proxy that the route trusts.
    package var isTrusted = false

    package init(path: String, query: String, remoteAddress: String, headers: [Field], protocols: [String], isSecure: Bool = false) {
        self.isSecure = isSecure
        self.path = path
        self.query = query
        self.remoteAddress = remoteAddress
        self.headers = headers
        self.protocols = protocols
    }

    /// The first value of a header whose name is given in lower case.
    package func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}
