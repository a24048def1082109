// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Why an attempt to deliver a webhook came to nothing.
package enum DeliveryFailure: Equatable, Sendable {
    /// No connection to the app could be made: the app has certainly not seen the request.
    case unreachable(String)
    /// The app did not answer in time.
    case timeout(Duration)
    /// The connection ended, or the answer was unusable, before a whole answer came: the app may have acted on the request.
    case interrupted(String)
    /// A kept-alive connection was closed as the request went out on it. Not the app's fault: repeated at once, on a new connection.
    case stale
    /// The app answered with a status that means failure.
    case status(Int)
    /// The app's answer is not understood; asking again would not help.
    case notUnderstood(String)

    /// Whether a further attempt may succeed.
    package var isTransient: Bool {
        switch self {
        case .unreachable, .timeout, .interrupted, .stale: true
        case .status(let status): status == 408 || status == 425 || status == 429 || status >= 500
        case .notUnderstood: false
        }
    }

    /// Whether the app was not there to judge the request, as far as can be told: it may take it once it is back.
    package var isAbsence: Bool {
        switch self {
        case .unreachable, .timeout, .interrupted, .stale: true
        case .status(let status): [408, 425, 429, 502, 503, 504].contains(status)
        case .notUnderstood: false
        }
    }

    /// Whether the app can have acted on the request.
    package var mayHaveBeenProcessed: Bool {
        switch self {
        case .unreachable: false
        case .timeout, .interrupted, .stale, .status, .notUnderstood: true
        }
    }

    /// Whether the app can believe that it has let a client in: its answer to the opening event was late, lost or wrong, but may have been a yes.
    package var mayHaveBeenAccepted: Bool {
        switch self {
        case .timeout, .interrupted, .notUnderstood: true
        case .unreachable, .stale, .status: false
        }
    }

    /// The `outcome` label of `holdfast_webhook_requests_total`.
    package var label: String {
        switch self {
        case .unreachable: "unreachable"
        case .timeout: "timeout"
        case .interrupted, .stale: "interrupted"
        case .status: "status"
        case .notUnderstood: "invalid"
        }
    }

    /// How the handshake is answered when the opening event failed for good (DESIGN: 502, 504, 503).
    package var refusal: Refusal {
        switch self {
        case .unreachable: Refusal(status: 502, body: "the app behind this gateway cannot be reached\n")
        case .timeout: Refusal(status: 504, body: "the app behind this gateway did not answer in time\n")
        case .interrupted, .stale: Refusal(status: 502, body: "the app behind this gateway broke off its answer\n")
        case .status: Refusal(status: 503, body: "the app behind this gateway failed\n")
        case .notUnderstood: Refusal(status: 502, body: "the app behind this gateway gave an answer that is not understood\n")
        }
    }

    /// In words, for logs.
    package var message: String {
        switch self {
        case .unreachable(let why): "the app cannot be reached: \(why)"
        case .timeout(let limit): "no answer within \(limit.inSeconds) s"
        case .interrupted(let why): why
        case .stale: "the kept-alive connection was closed"
        case .status(let status): "the app answered \(status)"
        case .notUnderstood(let why): why
        }
    }
}
