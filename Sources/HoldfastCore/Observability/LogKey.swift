// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// The metadata keys of log entries: one prefix, one place. `docs/operations.md` tells what they mean.
package enum LogKey {
    package static let address = "hf.address"
    package static let attempt = "hf.attempt"
    package static let broker = "hf.broker"
    package static let code = "hf.code"
    package static let connection = "hf.connection"
    package static let count = "hf.count"
    package static let delay = "hf.delay"
    package static let error = "hf.error"
    package static let events = "hf.events"
    package static let expires = "hf.expires"
    package static let failed = "hf.failed"
    package static let listener = "hf.listener"
    package static let loop = "hf.loop"
    package static let maxPayload = "hf.max_payload"
    package static let node = "hf.node"
    package static let queued = "hf.queued"
    package static let reason = "hf.reason"
    package static let remote = "hf.remote"
    package static let route = "hf.route"
    package static let server = "hf.server"
    package static let subject = "hf.subject"
    package static let subjects = "hf.subjects"
    /// How many lines of the kind were held back before this one.
    package static let suppressed = "hf.suppressed"
    package static let target = "hf.target"
    package static let tooLarge = "hf.too_large"
}
