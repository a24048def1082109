// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import HoldfastCore
import Hummingbird

/// Who may use the control API: whoever brings the control token. Without a configured token everybody who is no web page: the port is then on
/// loopback.
struct ControlGate: Sendable {
    /// `nil` without a configured token.
    let authorization: ControlAuthorization?
    /// Host names by which the configuration itself sends programs here.
    var knownHosts: Set<String> = []

    /// Why a request may not pass; `nil` where it may.
    func refusal(of request: Request) -> Problem? {
        guard let authorization else { return refusalOfWebPages(request) }
        guard case .refused(let detail) = authorization.judge(request.headers[.authorization], at: Int(WallClock.seconds)) else { return nil }
        return Problem(status: .unauthorized, detail: detail, headers: [.wwwAuthenticate: "Bearer"])
    }

    /// A page that somebody visits can make their browser send requests to loopback; two marks give it away: the Origin header that a browser
    /// adds, and a host name that was made to point here (DNS rebinding). Programs send neither.
    private func refusalOfWebPages(_ request: Request) -> Problem? {
        let host = HostPort(request.head.authority ?? "", defaultPort: 80)?.host ?? ""
        let isProgram = request.headers[.origin] == nil && (host == "localhost" || HostPort.isAddress(host) || knownHosts.contains(host))
        return isProgram
            ? nil
            : Problem(
                status: .forbidden,
                detail: "without a token this port answers no web pages, and no host names but localhost; set control.token (--control-token)")
    }
}

/// Lets requests through that may pass the gate.
struct TokenMiddleware<Context: RequestContext>: RouterMiddleware {
    let gate: ControlGate

    func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws -> Response {
        if let refusal = gate.refusal(of: request) { throw refusal }
        return try await next(request, context)
    }
}
