// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import HoldfastCore
import HoldfastWire
import Hummingbird
import NIOCore

/// An error of the control API as a problem document (RFC 9457), whose `detail` a person can act on.
struct Problem: Error {
    let status: HTTPResponse.Status
    let detail: String
    var headers: HTTPFields = [:]

    static func badRequest(_ detail: String) -> Problem { Problem(status: .badRequest, detail: detail) }
    static func noConnection(_ id: String) -> Problem { Problem(status: .notFound, detail: "no node has an open connection of the id \(id)") }

    static var silentNode: Problem { Problem(status: .serviceUnavailable, detail: "the node that holds this connection does not answer") }
    /// A request for what a node that is about to join cannot give.
    static var starting: Problem {
        Problem(status: .serviceUnavailable, detail: "this node has not joined its cluster yet; GET /ready says why", headers: [.retryAfter: "1"])
    }

    /// What became of an action that was to concern one connection; `nil` when it was done.
    init?(_ result: ActionResult?, on id: ConnectionID) {
        switch result {
        case .done, .dialling, .duplicate: return nil
        case .notFound, nil: self = .noConnection(id.description)
        case .full: self.init(status: .tooManyRequests, detail: "the client reads too slowly and its queue is full; the message was dropped")
        case .refused(let why): self.init(status: .conflict, detail: why)
        case .unreachable: self = .silentNode
        }
    }

    init(status: HTTPResponse.Status, detail: String, headers: HTTPFields = [:]) {
        self.status = status
        self.detail = detail
        self.headers = headers
    }

    var response: Response { answer.response }

    var answer: ControlAnswer {
        var headers = headers
        headers[.contentType] = "application/problem+json"
        return .json(ControlAnswer.Head(status, headers)) { json in
            json.key("type")
            json.string("about:blank")
            json.key("title")
            json.string(status.reasonPhrase)
            json.key("status")
            json.integer(status.code)
            json.key("detail")
            json.string(detail)
        }
    }
}

/// Turns every error on the way out into a problem document.
struct ProblemMiddleware<Context: RequestContext>: RouterMiddleware {
    func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let problem as Problem {
            return problem.response
        } catch is NIOTooManyBytesError {
            return Problem(status: .contentTooLarge, detail: "the body is larger than this endpoint takes").response
        } catch let error as any Hummingbird.HTTPResponseError {
            let detail =
                error.status == .notFound
                ? "no such endpoint: \(request.method) \(request.uri.path); GET /openapi.yaml lists them" : error.status.reasonPhrase
            return Problem(status: error.status, detail: detail).response
        }
    }
}
