// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

extension DialectName {
    /// Whether its apps can have remotes dialled.
    package var dials: Bool { self == .json || self == .unsocket }

    /// Whether the app is asked what to dial, when the gateway starts and whenever a connection is lost.
    package var asksWhatToDial: Bool { self == .unsocket }
}
