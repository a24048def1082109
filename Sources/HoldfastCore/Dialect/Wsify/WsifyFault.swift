// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Why a client's frame is no command: it is not brought before the app.
struct WsifyFault: Error, Equatable {
    /// One word, for programs.
    let word: String
    /// What is wrong and what is accepted, for people.
    let detail: String
    /// The command that the frame names, as far as it could be read.
    let command: String?

    static func malformed(_ detail: String) -> WsifyFault { WsifyFault(word: "malformed", detail: detail, command: nil) }
}
