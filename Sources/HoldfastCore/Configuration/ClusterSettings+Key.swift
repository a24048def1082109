// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

extension ClusterSettings {
    /// A setting that whoever makes brokers may find at fault.
    package enum Key: Equatable, Sendable, CustomStringConvertible {
        /// The list of URLs as a whole.
        case broker
        /// One of its URLs, counted from 0.
        case url(Int)
        case credentialsFile
        case caFile
        case certificateFile
        case keyFile

        /// As in a file.
        package var description: String {
            switch self {
            case .broker: "broker"
            case .url(let index): "broker[\(index)]"
            default: "cluster.\(name)"
            }
        }

        /// Without the section.
        var name: String {
            switch self {
            case .broker, .url: "broker"
            case .credentialsFile: "credentialsFile"
            case .caFile: "caFile"
            case .certificateFile: "certificateFile"
            case .keyFile: "keyFile"
            }
        }
    }
}
