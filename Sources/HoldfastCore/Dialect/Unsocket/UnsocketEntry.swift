// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire

/// One entry of an app's list: of its answer, or of what it posts to `/message`.
struct UnsocketEntry: Equatable, Sendable {
    enum Content: Equatable, Sendable {
        /// To be dialled; name and filters are still missing.
        case connect(DialRequest)
        case message(Payload)
        /// Messages from the remote in which this is found are not passed on.
        case exclude(String)
        case close(CloseCode, String)
        /// Words that mean nothing coming from an app, such as `open`.
        case nothing
    }

    let content: Content
    /// The connection that it names.
    let connection: String?
    /// Its type as it was written, for error messages.
    let type: String
    /// By which error messages name it: `messages[2]`.
    let path: String

    /// A fault of this entry.
    func fault(_ why: String) -> DialectError { .notUnderstood(path.isEmpty ? why : "\(path): \(why)") }
}
