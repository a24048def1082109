// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// The metadata keys of log entries: one prefix, one place.
enum LogKey {
    static let connection = "hf.connection"
    static let route = "hf.route"
    static let error = "hf.error"
    static let code = "hf.code"
    static let reason = "hf.reason"
    static let attempt = "hf.attempt"
    static let events = "hf.events"
    static let target = "hf.target"
    static let remote = "hf.remote"
    static let delay = "hf.delay"
    static let address = "hf.address"
    static let count = "hf.count"
    static let node = "hf.node"
    static let loop = "hf.loop"
    static let failed = "hf.failed"
    static let listener = "hf.listener"
    static let expires = "hf.expires"
}
