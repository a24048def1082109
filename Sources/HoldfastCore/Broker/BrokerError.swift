// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Why a node cannot join its cluster.
package struct BrokerError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Code: Equatable, Sendable {
        /// Another node of that name is there.
        case nameTaken
        /// The URL names no broker that this build has, or cannot be understood.
        case unknownBroker
        /// The engine refuses this node: credentials, permissions, TLS.
        case refused
        /// What a file of credentials or certificates holds cannot be used.
        case unusableFile
    }

    package let code: Code
    package let description: String

    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
