// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import Hummingbird

/// `POST /v1/actions`: the same actions as in an app's answer, at any time.
struct ActionRoutes {
    let hub: Hub

    func add(to router: some RouterMethods<BasicRequestContext>) {
        router.post("/v1/actions") { request, _ in
            guard request.mediaType == "application/json" else {
                throw Problem(status: .unsupportedMediaType, detail: "expected content-type: application/json")
            }
            let body = try await request.wholeBody(limit: hub.configuration.maxActionBytes)
            let actions: [Action]
            do throws(DialectError) {
                actions = try JSONActionReader.read(body, from: .control)
            } catch {
                throw Problem.badRequest(error.description)
            }
            return Self.answer(await hub.perform(actions), to: actions, nodes: hub.watch.reach).response
        }
    }

    /// What the caller is told of each action.
    ///
    /// - Parameter nodes: how many hear of a publication; `nil` where there is but this one.
    static func answer(_ results: [ActionResult], to actions: [Action], nodes: Int?) -> ControlAnswer {
        .json(.ok, capacity: 64 + 32 * results.count) { json in
            json.key("results")
            json.beginArray()
            for (result, action) in zip(results, actions) { write(result, nodes: action.isForChannel ? nodes : nil, into: &json) }
            json.endArray()
        }
    }

    private static func write(_ result: ActionResult, nodes: Int?, into json: inout JSONWriter) {
        json.beginObject()
        json.key("status")
        switch result {
        case .done(let delivered):
            json.string("ok")
            json.key("delivered")
            json.integer(delivered)
            if let nodes {
                json.key("nodes")
                json.integer(nodes)
            }
        case .dialling(let id):
            json.string("ok")
            json.key("connection")
            json.string(id.description)
        case .duplicate:
            json.string("duplicate")
            json.key("delivered")
            json.integer(0)
        case .notFound: json.string("notFound")
        case .full: json.string("full")
        case .refused(let why):
            json.string("refused")
            json.key("detail")
            json.string(why)
        case .unreachable: json.string("unreachable")
        }
        json.endObject()
    }
}

extension Action {
    /// Whether it concerns all who are on a channel.
    fileprivate var isForChannel: Bool {
        switch self {
        case .publish, .closeChannel: true
        default: false
        }
    }
}
