// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// What a request to the control port is in GRIP's control API.
package enum GripControlRoute: Equatable, Sendable {
    /// Its body holds items.
    case publish(GripReplyFormat)
    /// Every held request is to look for what it may have missed.
    case recover(GripReplyFormat)
    /// Answered without a look at its body.
    case answer(ControlReply)
    /// Not of this API: 404, unless others know it.
    case notOurs

    /// The API has no parameters: a request with a query is none of its own, as in Pushpin.
    package static func of(_ request: ControlRequest) -> GripControlRoute {
        guard request.query.isEmpty else { return .notOurs }
        switch request.path {
        case "", "/":
            // Pushpin answers any method there; other conventions are asked there by POST.
            guard request.method == "GET" || request.method == "HEAD" else { return .notOurs }
            return GripReplyFormat.choose(accept: request.accept) == nil ? .answer(GripPublishReply.notAcceptable) : .answer(GripPublishReply.root)
        case "/publish", "/publish/": return post(request) { .publish($0) }
        case "/recover", "/recover/": return post(request) { .recover($0) }
        default: return .notOurs
        }
    }

    private static func post(_ request: ControlRequest, _ route: (GripReplyFormat) -> GripControlRoute) -> GripControlRoute {
        guard let format = GripReplyFormat.choose(accept: request.accept) else { return .answer(GripPublishReply.notAcceptable) }
        return request.method == "POST" ? route(format) : .answer(GripPublishReply.methodNotAllowed(request.method))
    }
}
