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
    /// The setting whose fault it is; `nil` when it is no setting's alone.
    package let setting: ClusterSettings.Key?
    /// What is wrong, without the setting.
    package let sentence: String

    package init(_ code: Code, _ sentence: String) {
        self.code = code
        setting = nil
        self.sentence = sentence
    }

    package init(_ code: Code, _ setting: ClusterSettings.Key, _ sentence: String) {
        self.code = code
        self.setting = setting
        self.sentence = sentence
    }

    package var description: String { setting.map { "\($0): \(sentence)" } ?? sentence }
}
