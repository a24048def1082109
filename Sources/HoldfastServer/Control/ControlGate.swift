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
        refusal(
            authorization: request.headers[.authorization], host: request.head.authority, hasOrigin: request.headers[.origin] != nil,
            at: Int(WallClock.seconds))
    }

    /// Why a request of these fields may not pass; `nil` where it may.
    ///
    /// - Parameter seconds: the time now, in seconds since 1970.
    func refusal(authorization header: String?, host: String?, hasOrigin: Bool, at seconds: @autoclosure () -> Int) -> Problem? {
        guard let authorization else { return refusalOfWebPages(host: host, hasOrigin: hasOrigin) }
        guard case .refused(let detail) = authorization.judge(header, at: seconds()) else { return nil }
        return Problem(status: .unauthorized, detail: detail, headers: [.wwwAuthenticate: "Bearer"])
    }

    /// A page that somebody visits can make their browser send requests to loopback; two marks give it away: the Origin header that a browser
    /// adds, and a host name that was made to point here (DNS rebinding). Programs send neither.
    private func refusalOfWebPages(host: String?, hasOrigin: Bool) -> Problem? {
        let host = HostPort(host ?? "", defaultPort: 80)?.host ?? ""
        let isProgram = !hasOrigin && (host == "localhost" || HostPort.isAddress(host) || knownHosts.contains(host))
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
