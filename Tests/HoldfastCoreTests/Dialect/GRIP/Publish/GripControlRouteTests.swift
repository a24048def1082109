// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore
import Testing

struct GripControlRouteTests {
    private func route(_ method: String, _ path: String, query: String = "", accept: String? = nil) -> GripControlRoute {
        .of(ControlRequest(method: method, path: path, query: query, accept: accept, body: ByteBuffer()))
    }

    @Test(
        "Method and path make the route",
        arguments: [
            ("POST", "/publish", .publish(.text)), ("POST", "/publish/", .publish(.text)), ("POST", "/recover", .recover(.text)),
            ("POST", "/recover/", .recover(.text)), ("GET", "/", .answer(GripPublishReply.root)), ("HEAD", "/", .answer(GripPublishReply.root)),
            ("GET", "", .answer(GripPublishReply.root)), ("POST", "", .notOurs), ("POST", "/", .notOurs),
            ("GET", "/publish/", .answer(GripPublishReply.methodNotAllowed("GET"))),
            ("PUT", "/publish", .answer(GripPublishReply.methodNotAllowed("PUT"))),
            ("HEAD", "/recover", .answer(GripPublishReply.methodNotAllowed("HEAD"))),
            ("post", "/publish", .answer(GripPublishReply.methodNotAllowed("post"))),
            ("POST", "/publish//", .notOurs), ("POST", "//publish", .notOurs), ("POST", "/Publish", .notOurs), ("POST", "/publish/x", .notOurs),
            ("POST", "/refresh/", .notOurs), ("POST", "publish", .notOurs), ("GET", "/nope", .notOurs), ("POST", "/v1/actions", .notOurs),
        ] as [(String, String, GripControlRoute)])
    func routes(_ method: String, _ path: String, _ route: GripControlRoute) {
        #expect(self.route(method, path) == route)
        #expect(self.route(method, path, query: "a=b") == .notOurs)
    }

    @Test("An answer that nobody wants is not made, not even to a wrong method")
    func unacceptable() {
        for (method, path) in [("POST", "/publish"), ("GET", "/publish/"), ("POST", "/recover/"), ("GET", "/")] {
            #expect(route(method, path, accept: "text/html") == .answer(GripPublishReply.notAcceptable))
        }
        #expect(route("POST", "/nope", accept: "text/html") == .notOurs)
    }

    @Test("The format goes with the route")
    func format() {
        #expect(route("POST", "/publish", accept: "application/json") == .publish(.json))
        #expect(route("POST", "/recover", accept: "application/json") == .recover(.json))
        #expect(route("GET", "/", accept: "application/json") == .answer(GripPublishReply.root))
    }
}
