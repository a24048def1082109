// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// A request to the control port, as a dialect sees it.
package struct ControlRequest: Sendable {
    package let method: String
    /// With its leading slash, percent-decoded.
    package let path: String
    /// Without its question mark; empty where there is none.
    package let query: String
    package let contentType: String?
    /// What the client takes as an answer (the `Accept` header).
    package let accept: String?
    /// The `Authorization` header.
    package let authorization: String?
    /// When it came, in nanoseconds since 1970; `nil` where that is not known.
    package let time: Int64?
    package var body: ByteBuffer

    package init(
        method: String, path: String, query: String = "", contentType: String? = nil, accept: String? = nil, authorization: String? = nil,
        time: Int64? = nil, body: ByteBuffer
    ) {
        self.time = time
        self.authorization = authorization
        self.method = method
        self.path = path
        self.query = query
        self.accept = accept
        self.contentType = contentType
        self.body = body
    }
}

/// How such a request is answered.
package struct ControlReply: Equatable, Sendable {
    package let status: Int
    package let contentType: String
    /// Beyond the content type, with names in lower case.
    package let headers: [OpeningRequest.Field]
    package let body: String

    package init(status: Int, contentType: String = "application/json", headers: [OpeningRequest.Field] = [], body: String) {
        self.status = status
        self.headers = headers
        self.contentType = contentType
        self.body = body
    }
}

/// What such a request asks for, and how to answer once it is done.
package struct ControlCommand: Sendable {
    /// Who may ask.
    package let access: ControlAccess
    /// Done one after the other.
    package let steps: [ControlStep]
    private let answer: @Sendable ([ActionResult], Int) -> ControlReply

    package init(access: ControlAccess = .controlToken, actions: [Action], reply: @escaping @Sendable ([ActionResult]) -> ControlReply) {
        self.init(access: access, steps: actions.map { .action($0) }, reply: reply)
    }

    package init(access: ControlAccess = .controlToken, steps: [ControlStep], reply: @escaping @Sendable ([ActionResult]) -> ControlReply) {
        self.access = access
        self.steps = steps
        answer = { results, _ in reply(results) }
    }

    /// A command whose answer depends on how many nodes its publications were carried to: what other nodes delivered is not known.
    package init(access: ControlAccess = .controlToken, actions: [Action], replyOfCluster: @escaping @Sendable ([ActionResult], Int) -> ControlReply)
    {
        self.access = access
        steps = actions.map { .action($0) }
        answer = replyOfCluster
    }

    /// Makes the answer from the results, one per step, in order.
    ///
    /// - Parameter nodes: how many nodes publications were carried to, this one included.
    package func reply(_ results: [ActionResult], nodes: Int = 1) -> ControlReply { answer(results, nodes) }

    /// The steps that do something.
    package var actions: [Action] {
        steps.compactMap { if case .action(let action) = $0 { action } else { nil } }
    }
}
